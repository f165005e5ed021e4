package command

import "github.com/rapt-bridge/rapt-bridge/bridge/device"

func isOff(asked, _ device.Value) bool {
	on, ok := asked.Flag()
	return ok && !on
}

func isZero(asked, _ device.Value) bool {
	n, ok := asked.Number()
	return ok && n == 0
}

func isLower(asked, shown device.Value) bool {
	n, ok := asked.Number()
	was, known := shown.Number()
	return ok && known && n < was
}

// compare sets whether the command switches something off, shown being the device as it is published.
func (c *Command) compare(f *device.Family, shown device.Reading) {
	r, ok := find(f, c.Key)
	// A lower target makes a kettle heat less; it makes a controller or a chamber cool.
	if !ok || r.off == nil || c.Key == "target_temperature" && !f.Sets("heating_enabled") {
		return
	}
	value, _ := shown.Value(c.Key)
	c.Off = r.off(c.Asked.Value, value)
}

// MakeRoom takes the youngest command out that doesn't switch anything off, and returns it; nil for none.
func (q *Queue) MakeRoom() *Command {
	for i := len(*q) - 1; i >= 0; i-- {
		if c := (*q)[i]; !c.Off {
			q.remove(c)
			return c
		}
	}
	return nil
}

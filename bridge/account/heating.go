package account

import (
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
)

// earlierRun is what an earlier run knew of the kettles that no list has shown yet.
type earlierRun struct {
	devices map[device.Ref]device.Saved
	unseen  bool      // one that heats was silent
	ended   time.Time // steady time at which this run took over
}

// RestoreHeating takes over the kettles that an earlier run switched on, and whether one of them had fallen silent. devices
// is what it knew of all devices. now is steady, wall the same moment.
func (a *Account) RestoreHeating(on []string, unseen bool, devices map[device.Ref]device.Saved, now, wall time.Time) {
	a.earlier = earlierRun{devices: devices, unseen: unseen, ended: now}
	a.Heating.Restore(on, now, wall)
}

// Taken takes a command that the API took, or did not answer. now is steady, wall the same moment.
func (a *Account) Taken(c *command.Command, answered bool, now, wall time.Time) {
	var shown device.Reading
	if d := a.Find(c.Ref.Ref); d != nil {
		shown = d.Reading
	}
	a.Heating.Taken(c, answered, shown, now, wall)
}

// HeatingUnseen are the names of the kettles that were switched on through the bridge and have fallen silent.
func (a *Account) HeatingUnseen(now time.Time) []string {
	names := []string{}
	for _, ref := range a.Heating.Unseen(now, a.lastSeen) {
		if d := a.Find(ref); d != nil {
			names = append(names, d.Name())
		} else {
			names = append(names, a.earlier.name(ref))
		}
	}
	return names
}

// lastSeen is when a device reported last. One that no list has shown yet may have reported while no bridge ran, unless it
// was silent before.
func (a *Account) lastSeen(ref device.Ref) time.Time {
	if d := a.Find(ref); d != nil {
		return a.Steady(d.Reading.Activity())
	}
	if saved := a.earlier.devices[ref]; a.earlier.unseen && !saved.LastActivity.IsZero() {
		return a.Steady(saved.LastActivity)
	}
	return a.earlier.ended
}

func (e *earlierRun) name(ref device.Ref) string {
	if name := e.devices[ref].Name; name != "" {
		return name
	}
	return NameOf(device.Reading{}, ref)
}

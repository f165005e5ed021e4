package backfill

import (
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/history"
	"github.com/rapt-bridge/rapt-bridge/bridge/statistics"
)

const (
	hoursEvery = time.Minute // rows are made into hours,
	hoursOf    = 20          // of so many devices at a time, so that the caller goes on
)

// Hours makes hours of rows for Home Assistant's statistics. Without a writer it does nothing.
type Hours struct {
	writer  *statistics.Writer
	hours   *history.Hours
	changed map[device.Ref]bool // devices with rows whose hours may be complete
	at      time.Time           // when to look
}

func newHours(writer *statistics.Writer) *Hours {
	return &Hours{writer: writer, hours: history.NewHours(), changed: map[device.Ref]bool{}}
}

// device tells the writer of a device.
func (h *Hours) device(ref device.Ref) {
	if h.writer != nil {
		h.writer.Device(ref)
	}
}

func (h *Hours) remove(ref device.Ref) {
	h.hours.Remove(ref)
	delete(h.changed, ref)
	if h.writer != nil {
		h.writer.Remove(ref)
	}
}

// count takes rows.
func (h *Hours) count(ref device.Ref, rows ...device.Telemetry) {
	if h.writer == nil {
		return
	}
	for _, row := range rows {
		h.hours.Add(ref, row)
		h.changed[ref] = true
	}
}

// Make hands the hours on that have become complete, once a minute.
func (h *Hours) Make(now time.Time, rows *history.History) {
	if h.writer == nil || h.at.After(now) {
		return
	}
	h.at = now.Add(hoursEvery)
	n := 0
	for ref := range h.changed {
		if n++; n > hoursOf {
			h.at = now.Add(time.Second)
			return
		}
		delete(h.changed, ref)
		open := func(from, to time.Time) bool { return rows.Open(ref, from, to) }
		h.writer.Add(h.hours.Made(ref, rows.Interval(ref), open))
	}
}

// Due is when to call Make again; zero for never.
func (h *Hours) Due() time.Time {
	if h.writer == nil {
		return time.Time{}
	}
	return h.at
}

// Missing are spans of which Home Assistant lacks the hours; nil for none ever.
func (h *Hours) Missing() <-chan statistics.Missing {
	if h.writer == nil {
		return nil
	}
	return h.writer.Missing()
}

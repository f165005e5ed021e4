// Package mirror decides what has to be published of the devices, and when: their announcements to Home Assistant, their
// states and whether they are online. It knows what was published last, and keeps the distances that Home Assistant needs.
// It is pure: the time is an argument, and publishing is the caller's.
package mirror

import (
	"bytes"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

const (
	configsApart    = 5 * time.Second        // Home Assistant drops part of a config that follows another too closely
	configsTogether = 100 * time.Millisecond // announcements that wait are published in groups

	// stateAfterConfig is how long Home Assistant gets to set up what an announcement has changed.
	stateAfterConfig = 4 * time.Second
)

// Availability is what was published of whether a device is there.
type Availability int

// The availabilities.
const (
	Unpublished Availability = iota
	Online
	Offline
)

// Payload is what is published.
func (a Availability) Payload() []byte {
	if a == Online {
		return []byte("online")
	}
	return []byte("offline")
}

// Source is a device as it is now.
type Source interface {
	// Describe is the device as its announcement tells of it.
	Describe() discovery.Device
	// AppendState writes the state document.
	AppendState(b []byte) []byte
}

// Device is what was published of a device last.
type Device struct {
	device.Ref
	Online Availability

	source Source
	// What tells devices of the same name or address apart in Home Assistant: see Distinguish.
	suffix    string
	sharesMAC bool

	document  []byte
	configAt  time.Time        // zero for not announced
	announced discovery.Device // what the config is made of
}

// NewDevice is one of which nothing was published yet.
func NewDevice(ref device.Ref, source Source) *Device { return &Device{Ref: ref, source: source} }

// AdoptAnnouncement makes the announcement of another device, which has the same id in another family, this one's.
func (d *Device) AdoptAnnouncement(other *Device) {
	d.configAt, d.announced = other.configAt, other.announced
}

// Announced reports whether the device was announced.
func (d *Device) Announced() bool { return !d.configAt.IsZero() }

// Describe is the device as its announcement tells of it now.
func (d *Device) Describe() discovery.Device {
	out := d.source.Describe()
	out.Suffix = d.suffix
	if d.sharesMAC {
		out.MAC = ""
	}
	return out
}

// Mirror publishes what has changed. It is for one goroutine. Its times are steady time.
type Mirror struct {
	options   discovery.Options
	announces bool // devices are announced to Home Assistant
	retain    func(topic string, payload []byte)
	// retainMade is for announcements, which are long: one that waits for its turn is not made yet.
	retainMade func(topic string, payload func() []byte)

	// waiting are the devices whose announcement waits, with its time.
	waiting map[*Device]time.Time
	// again are the devices whose state is published once more, with its time: Home Assistant doesn't read the retained state
	// again when an announcement has changed (seen), and what is new in it would be unknown until the next reading.
	again  map[*Device]time.Time
	ownAt  time.Time // of the bridge's own announcement,
	ownDue time.Time // and when it is due again, where it waits
	buffer []byte
}

// New is a mirror that has published nothing. retain publishes a retained message, and retainMade one that is made when its
// turn comes, as what was known when it was queued. Without announces no device is announced.
func New(o discovery.Options, announces bool, retain func(topic string, payload []byte), retainMade func(topic string, payload func() []byte)) *Mirror {
	return &Mirror{options: o, announces: announces, retain: retain, retainMade: retainMade, waiting: map[*Device]time.Time{}, again: map[*Device]time.Time{}}
}

// Bridge announces the bridge's own device. Like a device's announcement it may have to wait.
func (m *Mirror) Bridge(now time.Time) {
	if !m.announces {
		return
	}
	m.ownDue = time.Time{}
	if !m.ownAt.IsZero() && now.Sub(m.ownAt) < configsApart {
		m.ownDue = m.ownAt.Add(configsApart)
		return
	}
	m.ownAt = now
	m.retain(m.options.Topics.BridgeConfig(), discovery.BridgeConfig(m.options))
}

// Publish publishes what has changed about a device's announcement and state, or all of it, and reports whether its state
// has changed.
func (m *Mirror) Publish(d *Device, now time.Time, all bool) (changed bool) {
	m.announce(d, now, all)
	if changed = m.render(d); changed || all {
		m.retain(m.options.Topics.State(d.Family, d.ID), d.document)
	}
	return changed
}

// render makes the device's document anew, and reports whether it has changed.
func (m *Mirror) render(d *Device) (changed bool) {
	m.buffer = d.source.AppendState(m.buffer[:0])
	if changed = !bytes.Equal(m.buffer, d.document); changed {
		d.document = bytes.Clone(m.buffer)
	}
	return changed
}

// Again publishes a device's state although it hasn't changed, so that a dashboard's slider returns to it.
func (m *Mirror) Again(d *Device) {
	if d.document == nil {
		return
	}
	m.render(d)
	m.retain(m.options.Topics.State(d.Family, d.ID), d.document)
}

// announce announces the device when what Home Assistant should know of it has changed. One that follows another too closely
// waits: see Deferred.
func (m *Mirror) announce(d *Device, now time.Time, again bool) {
	if !m.announces {
		return
	}
	described, known := d.Describe(), d.Announced()
	if !again && known && described == d.announced {
		return
	}
	if known && now.Sub(d.configAt) < configsApart {
		// Together, so that many devices don't wake the caller one by one.
		m.waiting[d] = d.configAt.Add(configsApart + configsTogether).Truncate(configsTogether)
		return
	}
	changed := known && described != d.announced && !bytes.Equal(discovery.Config(m.options, described), discovery.Config(m.options, d.announced))
	d.announced = described
	if known && !changed && !again {
		return
	}
	if changed {
		m.again[d] = now.Add(stateAfterConfig)
	}
	d.configAt = now
	m.retainMade(m.options.Topics.Config(d.ID), func() []byte { return discovery.Config(m.options, described) })
}

// Deferred publishes what had to wait until now, and returns the devices whose states it has published once more.
func (m *Mirror) Deferred(now time.Time) (again []device.Ref) {
	if !m.ownDue.IsZero() && !m.ownDue.After(now) {
		m.Bridge(now)
	}
	for d, at := range m.waiting {
		if !at.After(now) {
			delete(m.waiting, d)
			m.announce(d, now, true)
		}
	}
	for d, at := range m.again {
		if !at.After(now) {
			delete(m.again, d)
			m.Again(d)
			again = append(again, d.Ref)
		}
	}
	return again
}

// Due is when something that waits is to be published; zero for nothing.
func (m *Mirror) Due() time.Time {
	next := m.ownDue
	for _, waiting := range []map[*Device]time.Time{m.waiting, m.again} {
		for _, at := range waiting {
			next = times.Soonest(next, at)
		}
	}
	return next
}

// Available publishes whether a device is there, where that has changed. It reports whether the device was known to be
// otherwise.
func (m *Mirror) Available(d *Device, is Availability) (turned bool) {
	if is == d.Online {
		return false
	}
	turned = d.Online != Unpublished
	d.Online = is
	m.retain(m.options.Topics.Availability(d.Family, d.ID), is.Payload())
	return turned
}

// Forget drops what waits for a device.
func (m *Mirror) Forget(d *Device) {
	delete(m.waiting, d)
	delete(m.again, d)
}

// Distinguish tells apart the devices that Home Assistant would take for one: those of the same name get entity ids of
// their own, and a MAC address that several share is left out. Devices that this changes are announced anew.
func (m *Mirror) Distinguish(devices []*Device, now time.Time) {
	described := make([]discovery.Device, len(devices))
	for i, d := range devices {
		described[i] = d.source.Describe()
	}
	for i, distinct := range discovery.Distinct(described) {
		d, shares := devices[i], distinct.MAC == "" && described[i].MAC != ""
		changed := d.suffix != distinct.Suffix || d.sharesMAC != shares
		d.suffix, d.sharesMAC = distinct.Suffix, shares
		if changed && d.Announced() {
			m.announce(d, now, false)
		}
	}
}

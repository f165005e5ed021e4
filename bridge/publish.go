package bridge

import (
	"bytes"
	"log/slog"
	"time"

	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// supportURL is where Home Assistant sends people who look for help.
const supportURL = "https://github.com/rapt-bridge/rapt-bridge"

func (b *bridge) discoveryOptions() discovery.Options {
	return discovery.Options{Topics: b.topics, Version: b.options.Version, ReadOnly: b.options.ReadOnly, SupportURL: supportURL, Language: b.options.Language}
}

// republish publishes everything: discovery first, then states and availability. It runs on every connection and after
// Home Assistant's start, because the broker and Home Assistant may each have forgotten.
func (b *bridge) republish() {
	b.republishAt = time.Time{}
	now := b.now()
	b.publishBridgeConfig(now)
	b.put(publication{topic: b.topics.BridgeAvailability(), payload: []byte("online"), retain: true})
	b.state = nil
	b.publishState()
	for _, f := range b.families {
		for _, d := range f.order {
			d.online = unpublished
			b.publishDevice(d, now, true)
		}
	}
}

// publishBridgeConfig announces the bridge's own device. Like a device's announcement it may have to wait.
func (b *bridge) publishBridgeConfig(now time.Time) {
	if !b.options.Discovery {
		return
	}
	b.ownLate = time.Time{}
	if !b.ownConfigAt.IsZero() && now.Sub(b.ownConfigAt) < configApart {
		b.ownLate = b.ownConfigAt.Add(configApart)
		return
	}
	b.ownConfigAt = now
	b.put(publication{topic: b.topics.BridgeConfig(), payload: discovery.BridgeConfig(b.discoveryOptions()), retain: true})
}

// publishDevice publishes what has changed about a device, or all of it.
func (b *bridge) publishDevice(d *device, now time.Time, all bool) {
	b.publishConfig(d, now, all)
	var changed bool
	b.buffer, changed = d.render(b.buffer)
	if changed {
		d.document = bytes.Clone(b.buffer)
	}
	if changed || all {
		b.put(publication{topic: b.topics.State(d.family.name, d.id), payload: d.document, retain: true})
	}
	b.publishAvailability(d, now)
}

// publishConfig announces the device when what Home Assistant should know of it has changed. One that follows another
// too closely waits: see lateConfigs.
func (b *bridge) publishConfig(d *device, now time.Time, again bool) {
	if !b.options.Discovery {
		return
	}
	described := d.described()
	if !again && d.config != nil && described == d.announced {
		return
	}
	if d.config != nil && now.Sub(d.configAt) < configApart {
		b.late[d] = d.configAt.Add(configApart)
		return
	}
	config := discovery.Config(b.discoveryOptions(), described)
	if !again && bytes.Equal(config, d.config) {
		d.announced = described
		return
	}
	d.config, d.announced, d.configAt = config, described, now
	b.put(publication{topic: b.topics.Config(d.id), payload: config, retain: true})
}

// lateConfigs announces the devices whose announcement had to wait.
func (b *bridge) lateConfigs(now time.Time) {
	if !b.ownLate.IsZero() && !b.ownLate.After(now) {
		b.publishBridgeConfig(now)
	}
	for d, at := range b.late {
		if !at.After(now) {
			delete(b.late, d)
			b.publishConfig(d, now, true)
		}
	}
}

func (b *bridge) nextLateConfig() time.Time {
	next := b.ownLate
	for _, at := range b.late {
		next = soonest(next, at)
	}
	return next
}

func (b *bridge) publishAvailability(d *device, now time.Time) {
	is := offline
	if d.available(now) {
		is = online
	}
	if is == d.online {
		return
	}
	if d.online != unpublished {
		b.log.Info("a device is "+string(is.payload()), slog.String("family", string(d.family.name)), slog.String("device", d.name()))
	}
	d.online = is
	b.put(publication{topic: b.topics.Availability(d.family.name, d.id), payload: is.payload(), retain: true})
}

// clear takes a device out of Home Assistant and off the broker. The config goes first: an entity must not read an
// empty state.
func (b *bridge) clear(f discovery.Family, id string) {
	for d := range b.late {
		if d.id == id {
			delete(b.late, d)
		}
	}
	for _, topic := range []string{b.topics.Config(id), b.topics.State(f, id), b.topics.Availability(f, id)} {
		b.put(publication{topic: topic, retain: true})
	}
}

// nameApart tells apart the devices that Home Assistant would take for one: those of the same name get entity ids of
// their own, and a MAC address that several share is left out.
func (b *bridge) nameApart() {
	var (
		devices   []*device
		described []discovery.Device
	)
	for _, f := range b.families {
		for _, d := range f.order {
			if d.reading.device != nil {
				d.suffix, d.sharesMAC = "", false
				devices, described = append(devices, d), append(described, d.described())
			}
		}
	}
	for i, told := range discovery.Distinct(described) {
		devices[i].suffix = told.Suffix
		devices[i].sharesMAC = told.MAC == "" && described[i].MAC != ""
	}
}

package bridge

import (
	"bytes"
	"log/slog"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// stateAfterConfig is how long Home Assistant gets to set up what an announcement has changed.
const stateAfterConfig = 4 * time.Second

// supportURL is where Home Assistant sends people who look for help.
const supportURL = "https://github.com/rapt-bridge/rapt-bridge"

func (b *bridge) discoveryOptions() discovery.Options {
	return discovery.Options{Topics: b.mqtt.topics, Version: b.options.Version, ReadOnly: b.options.ReadOnly, SupportURL: supportURL, Language: b.options.Language}
}

// republish publishes everything: discovery first, then states and availability. It runs on every connection and after
// Home Assistant's start, because the broker and Home Assistant may each have forgotten.
func (b *bridge) republish() {
	m, now := &b.mqtt, b.clock.Now()
	m.republishAt = time.Time{}
	b.publishBridgeConfig(now)
	m.retain(m.topics.BridgeAvailability(), online.payload())
	m.state = nil
	b.publishState()
	for d := range b.account.each {
		d.online = unpublished
		b.publishDevice(d, now, true)
	}
	for ref := range b.backfill.History.Positions {
		b.publishPosition(ref)
	}
}

// publishBridgeConfig announces the bridge's own device. Like a device's announcement it may have to wait.
func (b *bridge) publishBridgeConfig(now time.Time) {
	m := &b.mqtt
	if !b.options.Discovery {
		return
	}
	m.ownConfigDue = time.Time{}
	if !m.ownConfigAt.IsZero() && now.Sub(m.ownConfigAt) < configsApart {
		m.ownConfigDue = m.ownConfigAt.Add(configsApart)
		return
	}
	m.ownConfigAt = now
	m.retain(m.topics.BridgeConfig(), discovery.BridgeConfig(b.discoveryOptions()))
}

// publishDevice publishes what has changed about a device, or all of it, and reports whether its state has changed.
func (b *bridge) publishDevice(d *deviceState, now time.Time, all bool) (changed bool) {
	b.publishConfig(d, now, all)
	if changed = b.render(d); changed || all {
		b.mqtt.retain(b.mqtt.topics.State(d.Family, d.ID), d.document)
	}
	b.publishAvailability(d, now)
	return changed
}

// render makes the device's document anew, and reports whether it has changed.
func (b *bridge) render(d *deviceState) (changed bool) {
	if b.mqtt.buffer, changed = d.render(b.mqtt.buffer); changed {
		d.document = bytes.Clone(b.mqtt.buffer)
	}
	return changed
}

// publishConfig announces the device when what Home Assistant should know of it has changed. One that follows another
// too closely waits: see publishDeferred.
func (b *bridge) publishConfig(d *deviceState, now time.Time, again bool) {
	if !b.options.Discovery {
		return
	}
	described := d.describe()
	if !again && d.config != nil && described == d.announced {
		return
	}
	if d.config != nil && now.Sub(d.configAt) < configsApart {
		// Together, so that many devices don't wake the loop one by one.
		b.mqtt.deferredConfigs[d] = d.configAt.Add(configsApart + configsTogether).Truncate(configsTogether)
		return
	}
	config := discovery.Config(b.discoveryOptions(), described)
	d.announced = described
	if !again && bytes.Equal(config, d.config) {
		return
	}
	if d.config != nil && !bytes.Equal(config, d.config) {
		b.mqtt.statesAgain[d] = now.Add(stateAfterConfig)
	}
	d.config, d.configAt = config, now
	b.mqtt.retain(b.mqtt.topics.Config(d.ID), config)
}

// publishDeferred announces the devices whose announcement had to wait.
func (b *bridge) publishDeferred(now time.Time) {
	if due := b.mqtt.ownConfigDue; !due.IsZero() && !due.After(now) {
		b.publishBridgeConfig(now)
	}
	for d, at := range b.mqtt.deferredConfigs {
		if !at.After(now) {
			delete(b.mqtt.deferredConfigs, d)
			b.publishConfig(d, now, true)
		}
	}
	for d, at := range b.mqtt.statesAgain {
		if !at.After(now) {
			delete(b.mqtt.statesAgain, d)
			b.showAgain(d)
		}
	}
}

func (b *bridge) publishAvailability(d *deviceState, now time.Time) {
	is := offline
	if d.available(now) && !b.account.absent.Unproven(d.Ref) {
		is = online
	}
	if is == d.online {
		return
	}
	if d.online != unpublished {
		b.log.Info("a device is "+string(is.payload()), slog.String("family", string(d.Family)), d.log())
	}
	d.online = is
	b.mqtt.retain(b.mqtt.topics.Availability(d.Family, d.ID), is.payload())
}

// clearDevice takes a device out of Home Assistant and off the broker. The config goes first: an entity must not read an
// empty state. config is the topic of the announcement, empty for none that is the bridge's own. An announcement belongs
// to the id: it stays where another family has the device now.
func (b *bridge) clearDevice(ref device.Ref, config string) {
	if config != "" && b.account.byID[ref.ID] == nil {
		b.mqtt.clear(config)
	}
	b.clearStates(ref)
}

// clearStates takes a device's state, availability and position in one family off the broker.
func (b *bridge) clearStates(ref device.Ref) {
	b.mqtt.clear(b.mqtt.topics.State(ref.Family, ref.ID))
	b.mqtt.clear(b.mqtt.topics.Availability(ref.Family, ref.ID))
	b.mqtt.clear(b.mqtt.topics.History(ref.Family, ref.ID)) // an earlier run may have kept one, whatever this one does
}

// distinguish tells apart the devices that Home Assistant would take for one: those of the same name get entity ids of
// their own, and a MAC address that several share is left out. Devices that this changes are announced anew.
func (b *bridge) distinguish(now time.Time) {
	var (
		devices   []*deviceState
		described []discovery.Device
	)
	for d := range b.account.each {
		if d.reading.Known() {
			devices, described = append(devices, d), append(described, d.reading.Describe())
		}
	}
	for i, distinct := range discovery.Distinct(described) {
		d, shares := devices[i], distinct.MAC == "" && described[i].MAC != ""
		changed := d.suffix != distinct.Suffix || d.sharesMAC != shares
		d.suffix, d.sharesMAC = distinct.Suffix, shares
		if changed && d.config != nil {
			b.publishConfig(d, now, false)
		}
	}
}

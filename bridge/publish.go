package bridge

import (
	"log/slog"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/account"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/mirror"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

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
	b.mirror.Bridge(now)
	m.retain(m.topics.BridgeAvailability(), mirror.Online.Payload())
	m.state = nil
	b.publishState()
	for d := range b.account.Each {
		d.Published.Online = mirror.Unpublished
		b.publishDevice(d, now, true)
	}
	for ref := range b.backfill.History.Positions {
		b.publishPosition(ref)
	}
	for out := range b.batches.beers.All {
		b.publishBatch(out)
	}
}

// publishDevice publishes what has changed about a device, or all of it, and reports whether its state has changed.
func (b *bridge) publishDevice(d *account.Device, now time.Time, all bool) (changed bool) {
	changed = b.mirror.Publish(d.Published, now, all)
	b.publishAvailability(d, now)
	return changed
}

func (b *bridge) publishAvailability(d *account.Device, now time.Time) {
	is := mirror.Offline
	if b.account.Online(d, now) {
		is = mirror.Online
	}
	if b.mirror.Available(d.Published, is) {
		b.log.Info("a device is "+string(is.Payload()), slog.String("family", string(d.Family)), named(d))
	}
}

// clearDevice takes a device out of Home Assistant and off the broker. The config goes first: an entity must not read an
// empty state. config is the topic of the announcement, empty for none that is the bridge's own. An announcement belongs
// to the id: it stays where another family has the device now.
func (b *bridge) clearDevice(ref device.Ref, config string) {
	if config != "" && b.account.Device(ref.ID) == nil {
		b.mqtt.clear(config)
	}
	b.clearStates(ref)
}

// clearStates takes a device's state, availability, position and batches in one family off the broker.
func (b *bridge) clearStates(ref device.Ref) {
	b.mqtt.clear(b.mqtt.topics.State(ref.Family, ref.ID))
	b.mqtt.clear(b.mqtt.topics.Availability(ref.Family, ref.ID))
	b.mqtt.clear(b.mqtt.topics.History(ref.Family, ref.ID)) // an earlier run may have kept one, whatever this one does
	b.clearBatches(ref)
}

// distinguish tells apart the devices that Home Assistant would take for one.
func (b *bridge) distinguish(now time.Time) {
	var devices []*mirror.Device
	for d := range b.account.Each {
		if d.Reading.Known() {
			devices = append(devices, d.Published)
		}
	}
	b.mirror.Distinguish(devices, now)
}

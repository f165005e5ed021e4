package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// handPill is a Pill that is announced as the bridge does it, under a prefix of its own, with a batch whose stage the test sets.
type handPill struct {
	topics discovery.Topics
	device discovery.Device
}

// announcePill has Home Assistant know a Pill that the cloud doesn't, in no batch yet. It goes at the end of the test.
func (b blueprints) announcePill(t *testing.T, id, name string) handPill {
	t.Helper()
	p := b.announceStageless(t, id, name)
	p.batch(t, b, map[string]any{"stage": "none"})
	b.assistant.waitForState(t, patience, p.entity("sensor", "stage"), state("none"))
	return p
}

// announceStageless is the same of a Pill of whose batches nothing is known.
func (b blueprints) announceStageless(t *testing.T, id, name string) handPill {
	t.Helper()
	p := handPill{topics: discovery.Topics{Prefix: "hand"}, device: discovery.Device{Family: discovery.Hydrometer, ID: id, Name: name}}
	// A bridge takes it for another program's, so that none removes it.
	config := strings.ReplaceAll(string(discovery.Config(discovery.Options{Topics: p.topics}, p.device)), `"name":"rapt-bridge"`, `"name":"test"`)
	require.Contains(t, config, `"name":"test"`)
	topics := map[string]string{
		p.topics.BridgeAvailability(): "online", p.topics.Availability(p.device.Family, id): "online",
		p.topics.State(p.device.Family, id): pillState(1.0312),
		p.topics.Config(id):                 config,
	}
	for topic, payload := range topics {
		b.watcher.publish(t, topic, payload, true)
	}
	t.Cleanup(func() {
		for topic := range topics {
			b.watcher.publish(t, topic, "", true)
		}
		b.watcher.publish(t, p.topics.Batch(p.device.Family, id), "", true)
	})
	b.assistant.waitForState(t, patience, p.entity("sensor", "gravity"), isNumber)
	return p
}

// entity is the id of one of its entities.
func (p handPill) entity(platform, key string) string {
	return platform + "." + strings.ReplaceAll(strings.ToLower(p.device.Name), " ", "_") + "_" + key
}

// pillState is the document of a Pill's newest reading.
func pillState(gravity float64) string {
	return fmt.Sprintf(`{"gravity":%v,"last_activity":%q}`, gravity, time.Now().UTC().Format(time.RFC3339))
}

// gravity publishes a reading, and waits until Home Assistant shows it.
func (p handPill) gravity(t testing.TB, b blueprints, gravity float64) {
	t.Helper()
	b.watcher.publish(t, p.topics.State(p.device.Family, p.device.ID), pillState(gravity), true)
	b.assistant.waitForState(t, patience, p.entity("sensor", "gravity"), func(s entityState) bool { return strings.HasPrefix(s.State, fmt.Sprint(gravity)) })
}

// batch publishes what the bridge would of the batch.
func (p handPill) batch(t testing.TB, b blueprints, document map[string]any) {
	t.Helper()
	for key, v := range map[string]any{"stuck": false, "disturbed": false, "id": "2026-11-20T10:00:00Z", "began": nil} {
		if _, there := document[key]; !there {
			document[key] = v
		}
	}
	raw, err := json.Marshal(document)
	require.NoError(t, err)
	b.watcher.publish(t, p.topics.Batch(p.device.Family, p.device.ID), string(raw), true)
}

// event publishes an event of the batch, as the bridge does, once.
func (p handPill) event(t testing.TB, b blueprints, kind string) {
	t.Helper()
	raw, err := json.Marshal(map[string]any{
		"event_type": kind, "at": time.Now().UTC().Format(time.RFC3339), "batch": "2026-11-20T10:00:00Z", "number": 1, "batch_name": nil, "text": kind,
	})
	require.NoError(t, err)
	b.watcher.publish(t, p.topics.BatchEvent(p.device.Family, p.device.ID), string(raw), false)
}

// batchBlueprints are tests of the blueprints that go by what the beer does.
func batchBlueprints(t *testing.T, b blueprints) []blueprintTest {
	second := map[string]int{"seconds": 1}
	began := time.Now().Add(-6 * 24 * time.Hour).UTC().Format(time.RFC3339)
	working, finished := b.announcePill(t, "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0bf0", "Working Pill"), b.announcePill(t, "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0bf1", "Finished Pill")
	pills := []string{b.registeredAs(t, "rapt_"+working.device.ID), b.registeredAs(t, "rapt_"+finished.device.ID)}
	comes := func(p handPill, stage string) func(*testing.T) {
		return func(t *testing.T) { p.batch(t, b, map[string]any{"stage": stage, "began": began}) }
	}
	is := func(p handPill, stage string) func(*testing.T) {
		return func(t *testing.T) {
			comes(p, stage)(t)
			b.assistant.waitForState(t, patience, p.entity("sensor", "stage"), state(stage))
		}
	}
	cold := b.announcePill(t, "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0bf2", "Cold Pill")
	bench := b.announcePill(t, "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0bf3", "Bench Pill")
	for i, name := range []string{"Byre Cooler", "Barrel Cooler"} {
		cooler := raptsim.DeviceSpec{
			Family: raptsim.TemperatureController, ID: fmt.Sprintf("c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0be%d", i), Name: name, ReportEvery: time.Minute,
			Values: map[string]any{"targetTemperature": 12.0, "temperature": 12.0},
		}
		b.cloud.add(t, cooler)
		t.Cleanup(func() { b.cloud.remove(t, cooler.ID) })
	}
	b.watcher.publish(t, discovery.Topics{}.BridgeCommand("refresh"), "PRESS", false)
	// The Pills of the cloud have batches of their own.
	var others []string
	for _, device := range b.cloud.devices(t) {
		if f := discovery.Family(device.Family); f == discovery.Hydrometer || f == discovery.ExternalDevice {
			others = append(others, b.registeredAs(t, "rapt_"+device.ID))
		}
	}
	return []blueprintTest{
		{
			name: "a batch that is complete already", blueprint: "batch-news", title: "Finished Pill: the fermentation is complete", says: "has finished at 1.0312",
			input:  map[string]any{"prefix": "hand", "exceptions": append([]string{pills[0]}, others...)},
			before: is(finished, "complete"),
			done: func(t *testing.T) {
				now := time.Now().UTC().Format(time.RFC3339Nano) // it was told of the other less than a second ago
				finished.batch(t, b, map[string]any{"stage": "complete", "began": began, "disturbed": true, "happened": map[string]string{"complete": began, "disturbed": now}})
				within(t, look, "what happened without an event, as while Home Assistant is down", func() error {
					return b.assistant.notifiedOf(t, "Finished Pill: the gravity was disturbed", "another reason than fermentation")
				})
			},
		},
		{
			blueprint: "batch-news", title: "Working Pill: the fermentation is stuck", says: "stands still at 1.0312, well above",
			input:   map[string]any{"prefix": "hand", "exceptions": append([]string{pills[1]}, others...)},
			before:  is(working, "active"),
			provoke: func(t *testing.T) { working.event(t, b, "stuck") },
			done: func(t *testing.T) {
				working.event(t, b, "disturbed")
				within(t, look, "the second event", func() error {
					return b.assistant.notifiedOf(t, "Working Pill: the gravity was disturbed", "another reason than fermentation")
				})
			},
		},
		{
			name: "news that nobody wants", blueprint: "batch-news", never: true,
			input: map[string]any{"prefix": "hand", "news": []string{"stuck"}, "exceptions": append([]string{pills[0]}, others...)},
		},
		{
			blueprint: "dry-hop", title: "Working Pill: time to dry-hop", says: "The fermentation slows down, at 1.0312",
			input:   map[string]any{"hydrometer": pills[0], "begin": "slowing", "hold": second},
			provoke: comes(working, "finishing"), // which is later than slowing
		},
		{
			name: "a dry hop at a gravity that is not reached", blueprint: "dry-hop", never: true,
			input: map[string]any{"hydrometer": pills[0], "begin": "gravity", "gravity": 1.02, "hold": second},
		},
		{
			name: "a dry hop at the gravity of a helper on the same device", blueprint: "dry-hop", never: true,
			input:   map[string]any{"hydrometer": pills[1], "begin": "gravity", "gravity": 1.02, "hold": second},
			provoke: func(t *testing.T) { b.assistant.helper(t, "Lowest gravity", "0.998", "SG", pills[1]) },
		},
		{
			name: "a dry hop at a gravity while the beer is cooled", blueprint: "dry-hop", never: true,
			input:   map[string]any{"hydrometer": b.registeredAs(t, "rapt_"+cold.device.ID), "begin": "gravity", "gravity": 1.02, "hold": second},
			before:  is(cold, "cold_crash"),
			provoke: func(t *testing.T) { cold.gravity(t, b, 1.0102) },
		},
		{
			name: "a dry hop while the Pill lies in water", blueprint: "dry-hop", never: true,
			input:   map[string]any{"hydrometer": b.registeredAs(t, "rapt_"+bench.device.ID), "begin": "gravity", "gravity": 1.02, "hold": second},
			provoke: func(t *testing.T) { bench.gravity(t, b, 1.0002) },
		},
		{
			name: "a diacetyl rest while the Pill lies in water", blueprint: "diacetyl-rest", never: true,
			input: map[string]any{
				"hydrometer": b.registeredAs(t, "rapt_"+bench.device.ID), "controller": b.registered(t, "Byre Cooler"), "temperature": 25, "hold": second,
			},
		},
		{
			name: "a cold crash while the Pill lies in water", blueprint: "cold-crash", never: true,
			input: map[string]any{
				"hydrometer": b.registeredAs(t, "rapt_"+bench.device.ID), "controller": b.registered(t, "Barrel Cooler"), "temperature": 1, "hold": second,
			},
		},
		{
			name: "a diacetyl rest at a stage", blueprint: "diacetyl-rest", title: "Working Pill: diacetyl rest",
			says: b.either("The fermentation is finishing, so the RAPT Cloud has set Byre Cooler to 19.5 °C",
				"The fermentation is finishing, so the RAPT Cloud has set Byre Cooler to 67.1 °F"),
			input: map[string]any{
				"hydrometer": pills[0], "controller": b.registered(t, "Byre Cooler"), "begin": "finishing", "temperature": 19.5, "hold": second,
			},
			done: b.target(t, "Byre Cooler", 19.5),
		},
		{
			name: "a cold crash at the end", blueprint: "cold-crash", title: "Barrel Cooler: cold crash",
			says: b.either("The fermentation is complete, so the RAPT Cloud has set Barrel Cooler to 1.5 °C", "so the RAPT Cloud has set Barrel Cooler to 34.7 °F"),
			input: map[string]any{
				"hydrometer": pills[0], "controller": b.registered(t, "Barrel Cooler"), "begin": "complete", "temperature": 1.5, "hold": second,
			},
			provoke: comes(working, "complete"),
			done:    b.target(t, "Barrel Cooler", 1.5),
		},
	}
}

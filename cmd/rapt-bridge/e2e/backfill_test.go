package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

const day = 24 * time.Hour

// monthOld is a brewery that has been running for a month.
func monthOld() raptsim.Options {
	return raptsim.Options{
		CommandDelay: -1, ReportLagMax: -1, Telemetry: raptsim.Telemetry{Past: 32 * day},
		Devices: []raptsim.DeviceSpec{
			{Family: raptsim.Hydrometer, Name: "Pill", ReportEvery: 15 * time.Minute, Jitter: 0.01, Miss: 0.02, OriginalGravity: 1060, FinalGravity: 1012},
			{Family: raptsim.TemperatureController, Name: "Fridge", ReportEvery: 15 * time.Minute, Jitter: 0.01},
			{Family: raptsim.BrewZilla, Name: "Kettle", ReportEvery: 15 * time.Minute, Jitter: 0.01},
		},
	}
}

// withStatistics are the settings that let the bridge into Home Assistant.
func (h *home) withStatistics() settings {
	return h.settings().with(settings{"HOMEASSISTANT_URL": h.assistant.base, "HOMEASSISTANT_TOKEN": h.assistant.tokens.Access})
}

// hour is an hour of Home Assistant's statistics.
type hour struct {
	Start int64   `json:"start"` // milliseconds
	Mean  float64 `json:"mean"`
	Min   float64 `json:"min"`
	Max   float64 `json:"max"`
}

// statistics are the hours of an entity, in the unit that Home Assistant shows, and as they came.
func (h *homeAssistant) statistics(t testing.TB, id string) ([]hour, map[int64]string) {
	t.Helper()
	var rows map[string][]json.RawMessage
	h.command(t, "recorder/statistics_during_period", map[string]any{
		"start_time": time.Now().Add(-40 * day).UTC().Format(time.RFC3339), "statistic_ids": []string{id}, "period": "hour", "types": []string{"mean", "min", "max"},
	}, &rows)
	var hours []hour
	raw := map[int64]string{}
	for _, row := range rows[id] {
		var x hour
		require.NoError(t, json.Unmarshal(row, &x))
		hours = append(hours, x)
		raw[x.Start/1000] = string(row)
	}
	return hours, raw
}

// measuredEntities are the entity ids of a device that Home Assistant keeps a mean of and of which the cloud's rows have a
// value, by key.
func (h *homeAssistant) measuredEntities(t testing.TB, d announced) map[string]string {
	t.Helper()
	registry := h.entities(t)
	out := map[string]string{}
	var keys []string
	for _, f := range device.Families() {
		if f.Name == d.family {
			keys = f.TelemetryKeys()
		}
	}
	for _, e := range d.entities() {
		row, there := registry[d.uniqueID(e.Key)]
		if there && row.DisabledBy == nil && slices.Contains(keys, e.Key) && e.Platform == discovery.Sensor && e.StateClass == discovery.Measurement {
			out[e.Key] = row.EntityID
		}
	}
	return out
}

// streamOf are the values of a key in a device's stream, by the time of the row.
func streamOf(t testing.TB, watcher *mqttClient, d announced, key string) (times []time.Time, values []float64) {
	t.Helper()
	for _, m := range watcher.all() {
		if m.topic != (discovery.Topics{}).Telemetry(d.family, d.id) {
			continue
		}
		var row map[string]any
		require.NoError(t, json.Unmarshal([]byte(m.payload), &row))
		if v, ok := row[key].(float64); ok {
			at, err := time.Parse(time.RFC3339Nano, row["at"].(string))
			require.NoError(t, err)
			times, values = append(times, at), append(values, v)
		}
	}
	return times, values
}

// meanOf is the mean of an hour by seconds, each with the value of the newest row before it.
func meanOf(times []time.Time, values []float64, start time.Time) float64 {
	sum := 0.0
	for s := range 3600 {
		at, newest, value := start.Add(time.Duration(s)*time.Second+500*time.Millisecond), time.Time{}, 0.0
		for i := range times {
			if !times[i].After(at) && times[i].After(newest) {
				newest, value = times[i], values[i]
			}
		}
		sum += value
	}
	return sum / 3600
}

// A new installation has the month before in Home Assistant's statistics, in a metric home and in one with °F, for entities
// that the user renamed too, and Home Assistant has no complaint.
func TestAMonthOfReadingsAppearsInHomeAssistantsStatistics(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{"°C", "°F"} {
		t.Run(unit, func(t *testing.T) {
			t.Parallel()
			o := homeAssistantOptions{}
			if unit == "°F" {
				o.files = map[string]string{"configuration.yaml": strings.Replace(baseConfiguration, "unit_system: metric", "unit_system: us_customary", 1)}
			}
			h := startHome(t, t, o)
			watcher := h.watch(t)
			mark := h.assistant.mark(t)
			b := &brewery{home: h, cloud: startCloud(t, t, monthOld())}
			b.bridge = startBridge(t, t, b.cloud.account().with(h.withStatistics()))
			renamed := h.assistant.entityID(t, "rapt_"+b.cloud.device(t, raptsim.Hydrometer).ID+"_temperature")
			h.assistant.command(t, "config/entity_registry/update", map[string]any{"entity_id": renamed, "new_entity_id": "sensor.my_beer"}, nil)

			within(t, 5*time.Minute, "a month of statistics", func() error {
				for _, d := range b.devices(t)[1:] {
					entities := h.assistant.measuredEntities(t, d)
					if len(entities) == 0 {
						return fmt.Errorf("%s has no entities yet", d)
					}
					for key, id := range entities {
						if key == "control_device_temperature" {
							continue // nothing is bound
						}
						if hours, _ := h.assistant.statistics(t, id); len(hours) < 29*24 {
							return fmt.Errorf("%s of %s has %d hours", id, d, len(hours))
						}
					}
				}
				return nil
			})
			pill := b.devices(t)[1]
			for key, convert := range map[string]func(float64) float64{
				"gravity": func(v float64) float64 { return v },
				"temperature": func(v float64) float64 {
					if unit == "°F" {
						return v*9/5 + 32
					}
					return v
				},
			} {
				times, values := streamOf(t, watcher, pill, key)
				hours, _ := h.assistant.statistics(t, h.assistant.measuredEntities(t, pill)[key])
				for i := 5; i < len(hours)-5; i += 100 {
					assert.InDelta(t, convert(meanOf(times, values, time.UnixMilli(hours[i].Start))), hours[i].Mean, 0.002, key)
					assert.LessOrEqual(t, hours[i].Min, hours[i].Mean)
					assert.GreaterOrEqual(t, hours[i].Max, hours[i].Mean)
				}
			}
			assert.Equal(t, "sensor.my_beer", h.assistant.measuredEntities(t, pill)["temperature"])
			var problems map[string]any
			h.assistant.command(t, "recorder/validate_statistics", nil, &problems)
			assert.Empty(t, problems)
			assert.Empty(t, h.assistant.complaints(t, mark))
			assert.NotContains(t, b.bridge.log(), "level=WARN")
			assert.NotContains(t, b.bridge.log(), h.assistant.tokens.Access)
		})
	}
}

// A hole of twelve hours that is found after the rows have gone by is closed from the cloud's history, and the hours that
// Home Assistant has are byte for byte as before.
func TestAHoleInHomeAssistantsStatisticsIsClosed(t *testing.T) {
	t.Parallel()
	h := startHome(t, t, homeAssistantOptions{})
	mark := h.assistant.mark(t)
	b := &brewery{home: h, cloud: startCloud(t, t, monthOld())}
	b.bridge = startBridge(t, t, b.cloud.account().with(h.settings()))
	watcher := h.watch(t)
	pill := b.devices(t)[1]
	position := discovery.Topics{}.History(pill.family, pill.id)
	within(t, 2*time.Minute, "the stream is complete", func() error {
		m, ok := watcher.get(position)
		if !ok || strings.Contains(m.payload, `"first":true`) {
			return errors.New("it isn't: " + m.payload)
		}
		return nil
	})
	b.bridge.stop(t)

	entities := h.assistant.measuredEntities(t, pill)
	hole := time.Now().UTC().Truncate(time.Hour).Add(-5 * day)
	kept := map[string]map[int64]string{}
	for key, id := range entities {
		var unit any
		for _, e := range pill.entities() {
			if e.Key == key && e.Unit != "" {
				unit = e.Unit
			}
		}
		var stats []map[string]any
		for start := hole.Add(-26 * day); start.Before(time.Now().Add(-2 * time.Hour)); start = start.Add(time.Hour) {
			if since := start.Sub(hole); since < 0 || since >= 12*time.Hour {
				stats = append(stats, map[string]any{"start": start.Format(time.RFC3339), "mean": 7.25, "min": 7, "max": 7.5})
			}
		}
		var known []struct {
			ID    string  `json:"statistic_id"`
			Class *string `json:"unit_class"`
		}
		h.assistant.command(t, "recorder/list_statistic_ids", map[string]any{"statistic_type": "mean"}, &known)
		var class *string
		for _, k := range known {
			if k.ID == id {
				class = k.Class
			}
		}
		h.assistant.command(t, "recorder/import_statistics", map[string]any{
			"metadata": map[string]any{"has_sum": false, "mean_type": 1, "name": nil, "source": "recorder", "statistic_id": id, "unit_of_measurement": unit, "unit_class": class},
			"stats":    stats,
		}, nil)
		within(t, patience, "the import", func() error {
			if _, kept[id] = h.assistant.statistics(t, id); len(kept[id]) < len(stats) {
				return fmt.Errorf("%d of %d", len(kept[id]), len(stats))
			}
			return nil
		})
	}

	b.bridge = startBridge(t, t, b.cloud.account().with(h.withStatistics()))
	for key, id := range entities {
		within(t, 4*time.Minute, "the hole is closed in "+id, func() error {
			_, hours := h.assistant.statistics(t, id)
			for i := range 12 {
				if hours[hole.Add(time.Duration(i)*time.Hour).Unix()] == "" {
					return fmt.Errorf("%d hours, without %s", len(hours), hole.Add(time.Duration(i)*time.Hour))
				}
			}
			return nil
		})
		hours, raw := h.assistant.statistics(t, id)
		for start, row := range kept[id] {
			assert.Equal(t, row, raw[start], "an hour that Home Assistant had")
		}
		for _, x := range hours {
			if at := time.UnixMilli(x.Start).UTC(); !at.Before(hole) && at.Before(hole.Add(12*time.Hour)) && key == "gravity" {
				assert.InDelta(t, 1.03, x.Mean, 0.05, "a gravity of the cloud's")
			}
		}
	}
	var problems map[string]any
	h.assistant.command(t, "recorder/validate_statistics", nil, &problems)
	assert.Empty(t, problems)
	assert.Empty(t, h.assistant.complaints(t, mark))
	assert.NotContains(t, b.bridge.log(), "level=WARN")
}

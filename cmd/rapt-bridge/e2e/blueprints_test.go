package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// A blueprint of the examples, made into an automation in the shared home.
type blueprintTest struct {
	blueprint string
	input     map[string]any
	before    func(*testing.T) // brings about that the trigger does not hold yet
	provoke   func(*testing.T)
	told      string           // the title of the notification that it makes by default; empty: none
	done      func(*testing.T) // waits for what else it does
}

func TestBlueprintsDoWhatTheyPromise(t *testing.T) {
	t.Parallel()
	b := sharedBrewery(t)
	withinOneHour(t)
	watcher := b.watch(t)
	silent := raptsim.DeviceSpec{Family: raptsim.BondedDevice, ID: "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0aff", Name: "Attic Thermometer", ReportEvery: time.Minute}
	b.cloud.add(t, silent)
	t.Cleanup(func() { b.cloud.remove(t, silent.ID) })
	mirrored(t, watcher, "rapt", len(b.cloud.devices(t)))
	mark := b.assistant.mark(t)

	device := func(name string) raptsim.Info { return deviceNamed(t, b.cloud, name) }
	registered := func(name string) string {
		var id string
		within(t, patience, name+" in Home Assistant", func() error {
			if id = b.assistant.devices(t)["rapt_"+device(name).ID].ID; id == "" {
				return errors.New("it is not there")
			}
			return nil
		})
		return id
	}
	// set changes a value in the cloud, and puts the old one back at the end.
	set := func(name, field string, v any) {
		id := device(name).ID
		old := b.cloud.value(t, id, field)
		t.Cleanup(func() { b.cloud.set(t, id, field, old) })
		b.cloud.set(t, id, field, v)
	}
	shows := func(entity string, accept func(entityState) bool) {
		b.assistant.waitForState(t, patience, entity, accept)
	}
	target := func(name string, celsius float64) func(*testing.T) {
		id := device(name).ID
		old := b.cloud.value(t, id, "targetTemperature")
		t.Cleanup(func() { b.cloud.set(t, id, "targetTemperature", old) })
		return func(t *testing.T) {
			within(t, 2*patience, "the target of "+name, func() error {
				if got := b.cloud.actual(t, id, "targetTemperature"); got != celsius {
					return fmt.Errorf("it is %v", got)
				}
				return nil
			})
		}
	}
	localTime := func(format string, seconds int) string { return b.assistant.localTime(t, format, seconds) }

	tests := []blueprintTest{
		{
			blueprint: "battery-low", told: "Stout Pill: battery is low",
			input:   map[string]any{"powered": registered("Stout Pill")},
			before:  func(t *testing.T) { shows("sensor.stout_pill_battery", isNumber) },
			provoke: func(t *testing.T) { set("Stout Pill", "battery", 12.0) },
		},
		{
			blueprint: "device-silent", told: "Attic Thermometer has gone silent",
			input:  map[string]any{"watched": registered("Attic Thermometer"), "hold": map[string]int{"seconds": 1}},
			before: func(t *testing.T) { shows("sensor.attic_thermometer_temperature", isNumber) },
			provoke: func(t *testing.T) {
				b.cloud.set(t, silent.ID, "lastActivityTime", time.Now().Add(-5*time.Hour).UTC().Format(time.RFC3339))
			},
		},
		{
			blueprint: "temperature-out-of-range", told: "Cellar Thermometer is too warm",
			input:   map[string]any{"thermometer": registered("Cellar Thermometer"), "hold": map[string]int{"seconds": 1}, "lowest": 4, "highest": 28},
			before:  func(t *testing.T) { shows("sensor.cellar_thermometer_temperature", isNumber) },
			provoke: func(t *testing.T) { set("Cellar Thermometer", "temperature", 35.0) },
		},
		{
			blueprint: "mash-step-reached", told: "Sparge Water has reached 78.0°",
			input: map[string]any{"kettle": registered("Sparge Water")},
			before: func(t *testing.T) {
				set("Sparge Water", "temperature", 60.0)
				shows("climate.sparge_water", func(s entityState) bool { return s.State == "heat" && near(s.Attributes["current_temperature"], 60) })
			},
			provoke: func(t *testing.T) { b.cloud.set(t, device("Sparge Water").ID, "temperature", 77.9) },
		},
		{
			blueprint: "command-failed", told: "BrewZilla: target temperature was not changed",
			input: map[string]any{"commanded": []string{registered("BrewZilla")}},
			provoke: func(t *testing.T) {
				watcher.publish(t, discovery.Topics{}.Command(discovery.BrewZilla, device("BrewZilla").ID, "target_temperature"), "500", false)
			},
		},
		{
			blueprint: "diacetyl-rest", told: "Pale Ale Pill: diacetyl rest",
			input: map[string]any{
				"hydrometer": registered("Pale Ale Pill"), "controller": registered("Fermentation Fridge"),
				"gravity": 1.016, "temperature": 20.5, "hold": map[string]int{"seconds": 1},
			},
			before:  func(t *testing.T) { shows("sensor.pale_ale_pill_gravity", isNumber) },
			provoke: func(t *testing.T) { set("Pale Ale Pill", "gravity", 1014.0) },
			done:    target("Fermentation Fridge", 20.5),
		},
		{
			blueprint: "cold-crash", told: "Stout Heat Belt: cold crash",
			input: map[string]any{
				"hydrometer": registered("Pale Ale Pill"), "controller": registered("Stout Heat Belt"),
				"gravity": 1.015, "temperature": 2, "hold": map[string]int{"seconds": 1},
			}, // the gravity falls with that of the diacetyl rest
			done: target("Stout Heat Belt", 2),
		},
		{
			blueprint: "cold-crash", told: "Kegerator: cold crash",
			input: map[string]any{
				"controller": registered("Kegerator"), "temperature": 1.5,
				"date": localTime("%Y-%m-%d %H:%M:%S", 15),
			},
			done: target("Kegerator", 1.5),
		},
		{
			blueprint: "gravity-stable", told: "Stout Pill: fermentation has finished",
			input: map[string]any{
				"hydrometer": registered("Stout Pill"),
				"at":         localTime("%H:%M:%S", 25),
			},
			before: func(t *testing.T) {
				set("Stout Pill", "gravity", 1018.0)
				b.assistant.importGravity(t, "sensor.stout_pill_gravity", 4*24+10, 3*24+2, 1.018)
				shows("sensor.stout_pill_gravity", func(s entityState) bool { return strings.HasPrefix(s.State, "1.018") })
			},
		},
		{
			blueprint: "submit-readings",
			input: map[string]any{
				"external": registered("Cider iSpindel"), "gravity": "sensor.tilt_gravity", "temperature": "sensor.tilt_temperature",
			},
			before: func(t *testing.T) {
				b.assistant.setState(t, "sensor.tilt_gravity", "1050", nil)
				b.assistant.setState(t, "sensor.tilt_temperature", "68", map[string]any{"unit_of_measurement": "°F"})
			},
			provoke: func(t *testing.T) { b.assistant.setState(t, "sensor.tilt_gravity", "1047", nil) },
			done: func(t *testing.T) {
				within(t, patience, "the submission", func() error {
					for _, r := range b.cloud.requests(t) {
						if r.Method == http.MethodPost && strings.Contains(r.Path, "ExternalDevices/") {
							return nil
						}
					}
					return errors.New("none came")
				})
				within(t, patience, "the readings in the cloud", func() error {
					g := b.cloud.value(t, device("Cider iSpindel").ID, "gravity")
					c := b.cloud.value(t, device("Cider iSpindel").ID, "temperature")
					if !near(g, 1047) || !near(c, 20) {
						return fmt.Errorf("gravity %v, temperature %v", g, c)
					}
					return nil
				})
			},
		},
	}

	files, err := filepath.Glob("../../../examples/blueprints/automation/*.yaml")
	require.NoError(t, err)
	tested := map[string]bool{}
	for _, test := range tests {
		tested[test.blueprint+".yaml"] = true
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		require.True(t, tested[filepath.Base(file)], "no test of "+file)
		require.NoError(t, b.assistant.CopyToContainer(t.Context(), content, "/config/blueprints/automation/rapt/"+filepath.Base(file), 0o644))
	}
	require.Len(t, files, 9)

	// All of them first, and then all that they wait for: that takes as long as the slowest.
	for i, test := range tests {
		if test.before != nil {
			test.before(t)
		}
		id := fmt.Sprintf("blueprint_%d", i)
		b.assistant.must(t, http.MethodPost, "/api/config/automation/config/"+id, map[string]any{
			"alias": fmt.Sprintf("Test %d of %s", i, test.blueprint), "description": "",
			"use_blueprint": map[string]any{"path": "rapt/" + test.blueprint + ".yaml", "input": test.input},
		}, nil)
		t.Cleanup(func() { b.assistant.must(t, http.MethodDelete, "/api/config/automation/config/"+id, nil, nil) })
		entity := fmt.Sprintf("automation.test_%d_of_%s", i, strings.ReplaceAll(test.blueprint, "-", "_"))
		b.assistant.waitForState(t, patience, entity, func(s entityState) bool { return s.State == "on" })
	}
	for _, test := range tests {
		if test.provoke != nil {
			test.provoke(t)
		}
	}
	for _, test := range tests {
		t.Run(test.blueprint, func(t *testing.T) {
			if test.done != nil {
				test.done(t)
			}
			if test.told != "" {
				within(t, 2*patience, "the notification", func() error { return b.assistant.notifiedOf(t, test.told) })
			}
		})
	}
	assert.Empty(t, b.assistant.complaints(t, mark), "warnings and errors in Home Assistant's log")
}

func isNumber(s entityState) bool {
	var f float64
	_, err := fmt.Sscan(s.State, &f)
	return err == nil
}

func near(got any, want float64) bool {
	v, ok := got.(float64)
	return ok && v > want-0.6 && v < want+0.6
}

// notifiedOf says why there is no notification with a title.
func (h *homeAssistant) notifiedOf(t testing.TB, title string) error {
	t.Helper()
	var all []struct{ Title, Message string }
	h.command(t, "persistent_notification/get", nil, &all)
	for _, n := range all {
		if n.Title == title {
			t.Logf("%s — %s", n.Title, n.Message)
			return nil
		}
	}
	return fmt.Errorf("no %q, but: %+v", title, all)
}

// localTime is the time in so many seconds where Home Assistant is.
func (h *homeAssistant) localTime(t testing.TB, format string, seconds int) string {
	t.Helper()
	body, err := json.Marshal(map[string]string{
		"template": fmt.Sprintf("{{ (now() + timedelta(seconds=%d)).strftime('%s') | to_json }}", seconds, format),
	})
	require.NoError(t, err)
	var out string
	h.must(t, http.MethodPost, "/api/template", json.RawMessage(body), &out)
	return out
}

// setState makes a state as an integration would.
func (h *homeAssistant) setState(t testing.TB, entity, state string, attributes map[string]any) {
	t.Helper()
	h.must(t, http.MethodPost, "/api/states/"+entity, map[string]any{"state": state, "attributes": attributes}, nil)
}

// importGravity gives the hourly statistics of a gravity: so many hours, of which the last level ones stand still.
func (h *homeAssistant) importGravity(t testing.TB, entity string, hours, level int, final float64) {
	t.Helper()
	var stats []map[string]any
	last := time.Now().UTC().Truncate(time.Hour)
	for ago := hours; ago > 0; ago-- {
		gravity := final + 0.0001*float64(ago%3-1)
		if ago > level {
			gravity += 0.0012 * float64(ago-level)
		}
		stats = append(stats, map[string]any{
			"start": last.Add(-time.Duration(ago) * time.Hour).Format(time.RFC3339), "mean": gravity, "min": gravity, "max": gravity,
		})
	}
	h.importStatistics(t, entity, "SG", stats)
}

// withinOneHour waits for the next hour where this one ends too soon: Home Assistant then makes statistics of the hour's
// true readings, which would stand among those that the test has put there.
func withinOneHour(t testing.TB) {
	t.Helper()
	const needed = 4 * time.Minute
	left := time.Until(time.Now().Truncate(time.Hour).Add(time.Hour))
	if left > needed {
		return
	}
	t.Logf("waiting %s for the next hour", left)
	next := time.Now().Add(left + 30*time.Second)
	within(t, needed+time.Minute, "the next hour", func() error {
		if time.Now().Before(next) {
			return errors.New("not yet")
		}
		return nil
	})
}

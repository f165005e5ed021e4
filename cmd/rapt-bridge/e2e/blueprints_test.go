package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// blueprintTest is a blueprint of the examples that is made into an automation.
type blueprintTest struct {
	name      string // of what it shows; empty: the blueprint's
	blueprint string
	input     map[string]any
	soon      map[string]string // more input: a time shortly after the automation was made, by its format
	before    func(*testing.T)  // brings about that the trigger does not hold yet, or already does
	provoke   func(*testing.T)
	title     string           // the title of the notification that it makes by default; empty: none
	says      string           // words of its message
	done      func(*testing.T) // waits for what else it does
	never     bool             // it must not run at all
}

// look is how long a blueprint may take that looks every two minutes.
const look = 4 * time.Minute

// dateTime is the form of a date that is typed into a blueprint.
const dateTime = "%Y-%m-%d %H:%M:%S"

// blueprints are those of the examples in one home.
type blueprints struct {
	*brewery
	watcher    *mqttClient
	fahrenheit bool
}

// degrees is a temperature as the home shows it.
func (b blueprints) degrees(celsius float64) float64 {
	if b.fahrenheit {
		return celsius*1.8 + 32
	}
	return celsius
}

// either is what a metric or the other home says.
func (b blueprints) either(metric, other string) string {
	if b.fahrenheit {
		return other
	}
	return metric
}

func (b blueprints) device(t testing.TB, name string) raptsim.Info {
	t.Helper()
	return deviceNamed(t, b.cloud, name)
}

// registered is the id of a device in Home Assistant.
func (b blueprints) registered(t testing.TB, name string) string {
	t.Helper()
	return b.registeredAs(t, "rapt_"+b.device(t, name).ID)
}

func (b blueprints) registeredAs(t testing.TB, identifier string) string {
	t.Helper()
	var id string
	within(t, patience, identifier+" in Home Assistant", func() error {
		if id = b.assistant.devices(t)[identifier].ID; id == "" {
			return errors.New("it is not there")
		}
		return nil
	})
	return id
}

// set changes a value in the cloud, and puts the old one back at the end of the test.
func (b blueprints) set(t testing.TB, name, field string, v any) {
	t.Helper()
	id := b.device(t, name).ID
	old := b.cloud.value(t, id, field)
	t.Cleanup(func() { b.cloud.set(t, id, field, old) })
	b.cloud.set(t, id, field, v)
}

// target waits until the cloud's device has a target in °C. The old one is put back at the end of the test t.
func (b blueprints) target(t testing.TB, name string, celsius float64) func(*testing.T) {
	t.Helper()
	id := b.device(t, name).ID
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

// silence has a device of the cloud report no more since five hours ago.
func (b blueprints) silence(t testing.TB, id string) {
	t.Helper()
	b.cloud.set(t, id, "lastActivityTime", time.Now().Add(-5*time.Hour).UTC().Format(time.RFC3339))
}

// install copies all blueprints of the examples into Home Assistant, and returns their names.
func (b blueprints) install(t testing.TB) (names []string) {
	t.Helper()
	files, err := filepath.Glob("../../../examples/blueprints/automation/*.yaml")
	require.NoError(t, err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, b.assistant.CopyToContainer(t.Context(), content, "/config/blueprints/automation/rapt/"+filepath.Base(file), 0o644))
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".yaml"))
	}
	return names
}

// automate makes the automations of tests, which go at the end of the test t, and returns their entity ids.
func (b blueprints) automate(t *testing.T, tests []blueprintTest) (entities []string) {
	t.Helper()
	for i, test := range tests {
		if test.before != nil {
			test.before(t)
		}
		input := maps.Clone(test.input)
		for key, format := range test.soon {
			input[key] = b.assistant.localTime(t, format, 60)
		}
		// An id of its own, because Home Assistant gives an id that comes back the entity that it was before.
		id := fmt.Sprintf("test_%d_of_%s", i, strings.ReplaceAll(test.blueprint, "-", "_"))
		b.assistant.must(t, http.MethodPost, "/api/config/automation/config/"+id, map[string]any{
			"alias": fmt.Sprintf("Test %d of %s", i, test.blueprint), "description": "",
			"use_blueprint": map[string]any{"path": "rapt/" + test.blueprint + ".yaml", "input": input},
		}, nil)
		t.Cleanup(func() { b.assistant.must(t, http.MethodDelete, "/api/config/automation/config/"+id, nil, nil) })
		entity := "automation." + id
		b.assistant.waitForState(t, patience, entity, func(s entityState) bool { return s.State == "on" })
		entities = append(entities, entity)
	}
	return entities
}

// run makes all automations first, and then all that they wait for: that takes as long as the slowest.
func (b blueprints) run(t *testing.T, tests []blueprintTest) {
	entities := b.automate(t, tests)
	for _, test := range tests {
		if test.provoke != nil {
			test.provoke(t)
		}
	}
	for _, test := range tests {
		name := test.name
		if name == "" {
			name = test.blueprint
		}
		t.Run(name, func(t *testing.T) {
			if test.title != "" {
				within(t, look, "the notification", func() error { return b.assistant.notifiedOf(t, test.title, test.says) })
			}
			if test.done != nil {
				test.done(t)
			}
		})
	}
	for i, test := range tests {
		if test.never {
			assert.Nil(t, b.assistant.states(t)[entities[i]].Attributes["last_triggered"], "%s must not run", entities[i])
		}
	}
}

func TestBlueprintsDoWhatTheyPromise(t *testing.T) {
	t.Parallel()
	b := blueprints{brewery: sharedBrewery(t)}
	b.watcher = b.watch(t)
	attic := raptsim.DeviceSpec{Family: raptsim.BondedDevice, ID: "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0aff", Name: "Attic Thermometer", ReportEvery: time.Minute}
	loft := raptsim.DeviceSpec{Family: raptsim.BondedDevice, ID: "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0afe", Name: "Loft Thermometer", ReportEvery: time.Minute}
	for _, added := range []raptsim.DeviceSpec{attic, loft} {
		b.cloud.add(t, added)
		t.Cleanup(func() { b.cloud.remove(t, added.ID) })
	}
	mirrored(t, b.watcher, "rapt", len(b.cloud.devices(t)))
	names := b.install(t)
	mark := b.assistant.mark(t)

	tests := append(quietBlueprints(t, b, attic, loft), temperatureBlueprints(t, b)...) // what takes longest first
	tests = append(tests, batchBlueprints(t, b)...)
	tests = append(tests, blueprintTest{
		blueprint: "gravity-stable", title: "Stout Pill: fermentation has finished",
		input: map[string]any{"hydrometer": b.registered(t, "Stout Pill")},
		soon:  map[string]string{"at": "%H:%M:%S"},
		before: func(t *testing.T) {
			withinOneHour(t)
			b.set(t, "Stout Pill", "gravity", 1018.0)
			b.assistant.importGravity(t, "sensor.stout_pill_gravity", 4*24+10, 3*24+2, 1.018)
			b.assistant.waitForState(t, patience, "sensor.stout_pill_gravity", func(s entityState) bool { return strings.HasPrefix(s.State, "1.018") })
		},
	}, blueprintTest{
		name: "a cold crash with another topic prefix", blueprint: "cold-crash",
		title: "Fermentation Fridge: no cold crash", says: "topic prefix",
		input: map[string]any{
			"controller": b.registered(t, "Fermentation Fridge"), "temperature": 3, "prefix": "elsewhere",
		},
		soon: map[string]string{"date": dateTime},
	})
	tested := map[string]bool{}
	for _, test := range tests {
		tested[test.blueprint] = true
	}
	for _, name := range names {
		require.True(t, tested[name] || name == "webhook", "no test of "+name) // which has a test of its own
	}
	require.Len(t, names, 13)
	b.run(t, tests)
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

// notifiedOf says why there is no notification with a title whose message has some words.
func (h *homeAssistant) notifiedOf(t testing.TB, title, words string) error {
	t.Helper()
	var all []struct{ Title, Message string }
	h.command(t, "persistent_notification/get", nil, &all)
	for _, n := range all {
		if n.Title == title && strings.Contains(n.Message, words) {
			t.Logf("%s — %s", n.Title, n.Message)
			return nil
		}
	}
	return fmt.Errorf("no %q with %q, but: %+v", title, words, all)
}

// notifications is how many there are with a title.
func (h *homeAssistant) notifications(t testing.TB, title string) (count int) {
	t.Helper()
	var all []struct{ Title string }
	h.command(t, "persistent_notification/get", nil, &all)
	for _, n := range all {
		if n.Title == title {
			count++
		}
	}
	return count
}

// helper makes a sensor of Home Assistant's own on a device. It goes at the end of the test.
func (h *homeAssistant) helper(t testing.TB, name, value, unit, device string) {
	t.Helper()
	var step struct {
		ID     string `json:"flow_id"`
		Type   string `json:"type"`
		Result struct {
			ID string `json:"entry_id"`
		} `json:"result"`
	}
	const flows = "/api/config/config_entries/flow"
	h.must(t, http.MethodPost, flows, map[string]any{"handler": "template"}, &step)
	h.must(t, http.MethodPost, flows+"/"+step.ID, map[string]any{"next_step_id": "sensor"}, &step)
	h.must(t, http.MethodPost, flows+"/"+step.ID, map[string]any{
		"name": name, "state": "{{ " + value + " }}", "unit_of_measurement": unit, "state_class": "measurement", "device_id": device,
	}, &step)
	require.Equal(t, "create_entry", step.Type)
	t.Cleanup(func() { h.must(t, http.MethodDelete, "/api/config/config_entries/entry/"+step.Result.ID, nil, nil) })
	within(t, patience, name, func() error {
		for id, s := range h.states(t) {
			if strings.HasSuffix(id, strings.ReplaceAll(strings.ToLower(name), " ", "_")) && s.State == value {
				return nil
			}
		}
		return errors.New("it has no state")
	})
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

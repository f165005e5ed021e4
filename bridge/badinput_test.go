package bridge

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// warnings are the lines of the log that a person should read.
func (w *world) warnings() []string { return append(w.lines("level=WARN"), w.lines("level=ERROR")...) }

// announced is the discovery payload of a device.
func (w *world) announced(t testing.TB, id string) map[string]any {
	t.Helper()
	return w.broker.document(t, "homeassistant/device/rapt_"+id+"/config")
}

// TestWhatADeviceMayLookLike sets one field of one device to something strange. The bridge says what it saw once, shows
// the rest, and the other devices.
func TestWhatADeviceMayLookLike(t *testing.T) {
	long := strings.Repeat("Imperial Stout ", 20)
	for _, c := range []struct {
		is     string
		family string
		field  string
		value  any
		key    string
		want   any
		warns  string // once within the hour; empty for not at all
	}{
		{"blank name", raptsim.Hydrometer, "name", "  \t", "name", nil, ""},
		{"no name", raptsim.Hydrometer, "name", nil, "name", nil, ""},
		{"name of 300 characters", raptsim.Hydrometer, "name", long, "name", string([]rune(long)[:254]) + "…", ""},
		{"name in another script", raptsim.Still, "name", "発酵タンク №1 🍺 бродилка", "name", "発酵タンク №1 🍺 бродилка", ""},
		{"name that is a number", raptsim.Still, "name", 7, "name", nil, "name"},
		{"name with control characters", raptsim.Still, "name", "a\x00b\nc", "name", "a b c", ""},
		{"number as a string", raptsim.Hydrometer, "temperature", "19.5", "temperature", nil, "temperature"},
		{"NaN as a string", raptsim.Hydrometer, "gravity", "NaN", "gravity", nil, "gravity"},
		{"number too large for a float", raptsim.Hydrometer, "temperature", json.RawMessage(`1e999`), "temperature", nil, "temperature"},
		{"no number", raptsim.Hydrometer, "battery", raptsim.Absent{}, "battery", nil, ""},
		{"boolean as a number", raptsim.BrewZilla, "pumpEnabled", 1, "pump_enabled", nil, "pumpEnabled"},
		{"object where a number belongs", raptsim.Still, "power", map[string]any{"watts": 5}, "power", nil, "power"},
		{"date of year 1", raptsim.TemperatureController, "lastActivityTime", "0001-01-01T00:00:00", "last_activity", nil, ""},
		{"no date", raptsim.TemperatureController, "lastActivityTime", "yesterday", "last_activity", nil, "lastActivityTime"},
		{"gravity out of the beer", raptsim.Hydrometer, "gravity", 1500.0, "gravity", nil, ""},
		{"gravity below anything that ferments", raptsim.Hydrometer, "gravity", 0.0, "plato", nil, ""},
		{"temperature of a broken sensor", raptsim.TemperatureController, "temperature", -127.0, "temperature", nil, ""},
		{"battery of 3000 %", raptsim.Hydrometer, "battery", 3000.0, "battery", nil, ""},
		{"signal above 0 dBm", raptsim.Hydrometer, "rssi", 31.0, "rssi", nil, ""},
		{"sensor temperature without a sensor", raptsim.TemperatureController, "controlDeviceTemperature", 0.0, "control_device_temperature", nil, ""},
		{"a run time that runs backwards", raptsim.TemperatureController, "totalRunTime", -5.0, "total_run_time", nil, ""},
		{"a field that nobody knows", raptsim.Hydrometer, "hopAroma", 11, "hopAroma", nil, "hopAroma"},
		{"a light that nobody knows", raptsim.FermentationChamber, "lightEnabled", "Disco", "light_enabled", "Disco", "Disco"},
		{"a device type that nobody knows", raptsim.BrewZilla, "deviceType", "BrewZilla9", "device_type", "BrewZilla9", "BrewZilla9"},
		{"profile that is a string", raptsim.Hydrometer, "activeProfileSession", "none", "active_profile", nil, "activeProfileSession"},
	} {
		t.Run(c.is, func(t *testing.T) {
			inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
				id, topic := w.deviceOf(c.family)
				w.cloud.Set(id, c.field, c.value)
				pass(ready)
				doc := w.broker.document(t, topic+"/state")
				assert.Equal(t, c.want, doc[c.key])
				pass(time.Hour)
				for _, d := range w.cloud.Devices() {
					w.broker.document(t, "rapt/"+d.Family+"/"+d.ID+"/state")
				}
				for _, f := range device.Families() {
					if string(f.Name) == c.family {
						assert.Len(t, doc, len(f.Rows), "every key, and no other")
					}
				}
				assert.NotEmpty(t, w.announced(t, id)["components"])
				assert.Equal(t, "ok", w.broker.document(t, "rapt/bridge/state")["api_status"])
				if c.warns == "" {
					assert.Empty(t, w.warnings())
				} else {
					require.Len(t, w.warnings(), 1)
					assert.Contains(t, w.warnings()[0], c.warns)
				}
			})
		})
	}
}

func TestNamesInHomeAssistant(t *testing.T) {
	for is, name := range map[string]string{"blank": " ", "300 characters": strings.Repeat("IPA ", 75), "other scripts": "発酵 бродилка 🍺", "line feeds": "a\nb"} {
		t.Run(is, func(t *testing.T) {
			inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
				id, _ := w.deviceOf(raptsim.Hydrometer)
				w.cloud.Set(id, "name", name)
				pass(ready)
				shown := w.announced(t, id)["device"].(map[string]any)["name"].(string)
				assert.NotEmpty(t, strings.TrimSpace(shown))
				assert.LessOrEqual(t, utf8.RuneCountInString(shown), 100)
				assert.NotContains(t, shown, "\n")
			})
		})
	}
}

func TestDevicesOfTheSameNameAreToldApart(t *testing.T) {
	devices := []raptsim.DeviceSpec{
		{Family: raptsim.Hydrometer, Name: "Pill", ID: "00000000-0000-4000-8000-00000000000a"},
		{Family: raptsim.Hydrometer, Name: "Pill", ID: "00000000-0000-4000-8000-00000000000b"},
		{Family: raptsim.TemperatureController, Name: "Pill", ID: "00000000-0000-4000-8000-00000000000c"},
	}
	inVirtualTime(t, raptsim.Options{Devices: devices}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		var configs [][]byte
		for _, d := range devices {
			configs = append(configs, []byte(w.broker.last("homeassistant/device/rapt_"+d.ID+"/config")))
		}
		unique, entities := discovery.AnnouncedEntityIDs(configs...), map[string]string{}
		require.NotEmpty(t, unique)
		for uniqueID, entity := range unique {
			assert.Empty(t, entities[entity], "%s and %s are %s", uniqueID, entities[entity], entity)
			entities[entity] = uniqueID
		}
	})
}

func TestUpperCaseIDsAreTheSameDevice(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		id, topic := w.deviceOf(raptsim.BrewZilla)
		w.cloud.Set(id, "id", strings.ToUpper(id))
		w.cloud.Set(id, "targetTemperature", 47.0)
		w.cloud.ReportNow(id)
		pass(20 * time.Minute)
		assert.EqualValues(t, 47, w.broker.document(t, topic+"/state")["target_temperature"])
		assert.Len(t, w.broker.topics("homeassistant/device/"), 13)
		w.broker.deliver(message(strings.Replace(topic, id, strings.ToUpper(id), 1)+"/pump_utilisation/set", "44"))
		pass(5 * time.Second)
		assert.Equal(t, "applied", outcomes(w.results(t, topic+"/result"))[0])
	})
}

// TestWhatTheCloudMayAnswer spoils every answer for an hour. Nothing changes for the devices, the log says it in a line
// or two, and afterwards all is well.
func TestWhatTheCloudMayAnswer(t *testing.T) {
	for _, c := range []struct {
		is       string
		fault    raptsim.Fault
		status   string
		warnings int
		says     string
	}{
		{"a captive portal", raptsim.Fault{HTML: true}, "unreachable", 1, "captive portal"},
		{"a captive portal with a redirect", raptsim.Fault{Status: 302, HTML: true, Header: http.Header{"Location": {"http://portal.invalid/"}}}, "unreachable", 1, "captive portal"},
		{"a cut body", raptsim.Fault{CutBody: true}, "unreachable", 1, "cut off"},
		{"an empty body", raptsim.Fault{Body: " "}, "unreachable", 1, "empty"},
		{"no JSON", raptsim.Fault{Body: "busy"}, "unreachable", 1, "not JSON"},
		{"NaN in the JSON", raptsim.Fault{Path: "/api/", Body: `[{"id":"00000000-0000-4000-8000-0000000000aa","gravity":NaN}]`}, "unreachable", 1, "not JSON"},
		{"an object instead of a list", raptsim.Fault{Path: "/api/", Body: `{"value":[]}`}, "unreachable", 1, "an object instead of"},
		{"null instead of a list", raptsim.Fault{Path: "/api/", Body: `null`}, "unreachable", 1, "null instead of"},
		{"server errors", raptsim.Fault{Status: 500}, "unreachable", 1, "500"},
		{"broken connections", raptsim.Fault{Reset: true}, "unreachable", 1, "check the internet connection"},
		{"no answer in time", raptsim.Fault{Delay: 5 * time.Minute}, "unreachable", 1, "check the internet connection"},
		{"429", raptsim.Fault{LimitRate: true}, "rate_limited", 1, "fewer requests"},
		{"403", raptsim.Fault{Status: 403}, "rejected", 2, "revoked"},
		{"401 for every token", raptsim.Fault{Path: "/api/", Status: 401}, "signed_out", 2, "token"},
		{"a sign-in that fails", raptsim.Fault{Path: "/connect/token", Status: 500}, "unreachable", 1, "the sign-in at the RAPT Cloud fails"},
	} {
		t.Run(c.is, func(t *testing.T) {
			inVirtualTime(t, raptsim.Options{TokenLifetime: 24 * time.Hour}, nil, func(t *testing.T, w *world) {
				pass(time.Hour + ready)
				require.Empty(t, w.warnings())
				before := map[string]string{}
				for _, topic := range w.broker.topics("rapt/") {
					if strings.HasSuffix(topic, "/state") && !strings.Contains(topic, "/bridge/") {
						before[topic] = w.broker.last(topic)
					}
				}
				require.Len(t, before, 12)
				remove := w.cloud.Inject(c.fault)
				w.cloud.RevokeTokens() // a token that lives for a day would hide what the sign-in answers
				w.broker.forget()
				pass(time.Hour)
				remove()
				assert.Equal(t, c.status, w.broker.document(t, "rapt/bridge/state")["api_status"])
				for topic, state := range before {
					assert.Equal(t, state, w.broker.last(topic))
					assert.Empty(t, w.broker.on(topic), "nothing new was heard")
				}
				warned := 0
				for _, line := range w.warnings() {
					if !strings.Contains(line, "a family's list can't be read") {
						warned++
					}
				}
				assert.LessOrEqual(t, warned, max(1, c.warnings), strings.Join(w.warnings(), "\n"))
				assert.Contains(t, strings.Join(w.warnings(), "\n"), c.says)
				pass(2 * time.Hour)
				obeys(t, w, 240)
				recovered(t, w)
			})
		})
	}
}

func TestAFamilyThatCannotBeReadIsSaidOnceWhileOthersCan(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(time.Hour)
		remove := w.cloud.Inject(raptsim.Fault{Path: "/api/Stills", Status: 500})
		pass(6 * time.Hour)
		warned := w.lines("a family's list can't be read")
		require.Len(t, warned, 1)
		assert.Contains(t, warned[0], "family=still")
		remove()
		pass(time.Hour)
		assert.Len(t, w.lines("a family's list can be read again"), 1)
		assert.Empty(t, w.lines("can't be used as usual"), "the API as such is well")
	})
}

func TestWrongTypesEverywhereAreToldOnceEach(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		remove := w.cloud.Inject(raptsim.Fault{Path: "/api/", WrongTypes: true})
		pass(time.Hour)
		seen := map[string]bool{}
		for _, line := range w.warnings() {
			_, msg, _ := strings.Cut(line, "msg=")
			assert.False(t, seen[msg], msg)
			seen[msg] = true
		}
		warned := len(w.warnings())
		assert.Less(t, warned, 100, "hundreds of fields are told in some lines for each family")
		assert.NotEmpty(t, w.lines("so it is with"))
		pass(3 * time.Hour)
		assert.Len(t, w.warnings(), warned)
		remove()
		pass(time.Hour)
		for _, d := range w.cloud.Devices() {
			assert.NotNil(t, w.broker.document(t, "rapt/"+d.Family+"/"+d.ID+"/state")["last_activity"])
		}
	})
}

func TestAWrongSecretIsSaidOnceWithWhatToDo(t *testing.T) {
	inVirtualTime(t, raptsim.Options{APISecret: "the real one"}, nil, func(t *testing.T, w *world) {
		pass(time.Hour)
		doc := w.broker.document(t, "rapt/bridge/state")
		assert.Equal(t, "rejected", doc["api_status"])
		assert.Contains(t, doc["last_error"], "My Account, Api Secrets")
		require.Len(t, w.warnings(), 1)
		assert.Contains(t, w.warnings()[0], "level=ERROR")
		assert.LessOrEqual(t, len(w.cloud.Requests()), 4)
	})
}

// unreachable is a network without the cloud.
type unreachable struct{}

func (unreachable) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("dial tcp: lookup cloud.invalid: no such host")
}

func TestAHostThatCannotBeReachedIsSaidOnce(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, func(o *Options) { o.RAPT.Transport = unreachable{} }, func(t *testing.T, w *world) {
		pass(3 * time.Hour)
		doc := w.broker.document(t, "rapt/bridge/state")
		assert.Equal(t, "unreachable", doc["api_status"])
		assert.Contains(t, doc["last_error"], "check the")
		assert.Equal(t, "online", w.broker.last("rapt/bridge/availability"))
		assert.Len(t, w.warnings(), 1, strings.Join(w.warnings(), "\n"))
	})
}

package command

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// fuzzID is the id of every device below, one of each family.
const fuzzID = "00000000-0000-4000-8000-0000000000aa"

// recorder answers every request, and remembers the last write.
type recorder struct {
	list  string // the answer, where it isn't true
	path  string
	query url.Values
	body  []byte
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	body := `{"access_token":"t","expires_in":3600}`
	if req.URL.Path != "/connect/token" {
		r.path, r.query = strings.TrimPrefix(req.URL.Path, "/api/"), req.URL.Query()
		if req.Body != nil {
			r.body, _ = io.ReadAll(req.Body)
		}
		body = cmp.Or(r.list, "true")
	}
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
}

// fuzzDevices has one device of every family, which says its limits and its gains where its family has them, and a client
// whose requests go to a recorder.
func fuzzDevices(t testing.TB) (map[discovery.Family]device.Reading, *recorder, *raptclient.Client) {
	t.Helper()
	sent := &recorder{}
	client, err := raptclient.New(raptclient.Options{APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "u", APISecret: "s", Transport: sent})
	require.NoError(t, err)
	devices := map[discovery.Family]device.Reading{}
	for _, f := range device.Families() {
		sent.list = `[{"id":"` + fuzzID + `"}]`
		if f.Sets("target_temperature") {
			sent.list = `[{"id":"` + fuzzID + `","minTargetTemperature":2,"maxTargetTemperature":30,"pidProportional":1,"pidIntegral":2,"pidDerivative":3}]`
		}
		list, err := f.List(t.Context(), client)
		require.NoError(t, err)
		devices[f.Name] = list.Readings[0]
	}
	sent.path, sent.query, sent.list = "", nil, ""
	return devices, sent, client
}

// allowed are the greatest and the least value of each parameter that may reach the API, whatever anybody publishes.
var allowed = map[string][2]float64{
	"target": {2, 30}, "utilisation": {0, 100}, "p": {0, math.MaxFloat64}, "i": {0, math.MaxFloat64}, "d": {0, math.MaxFloat64},
}

// allowedReadings are those of the readings that an external device submits.
var allowedReadings = map[string][2]float64{
	"temperature": {-50, 150}, "gravity": {900, 1200}, "pressure": {-1000, 1e6}, "battery": {0, 100}, "rssi": {-200, 0},
}

// FuzzCommand takes any message from topic and payload to the request that it becomes. None that is refused becomes one,
// none panics, and no value outside the limits gets into a request.
func FuzzCommand(f *testing.F) {
	for _, family := range []string{"hydrometer", "temperature_controller", "fermentation_chamber", "brewzilla", "still", "external_device", "bridge", "nonsense"} {
		for _, key := range []string{"target_temperature", "heating_enabled", "pump_utilisation", "pid_integral", "telemetry", "gravity"} {
			for _, payload := range []string{"18.5", "ON", "heat", "-1", "1e309", "0x12", "NaN", `{"gravity":1.05}`, `{"gravity":1050}`, "", "\xff"} {
				f.Add("rapt/"+family+"/"+fuzzID+"/"+key+"/set", []byte(payload), false, false)
			}
		}
	}
	f.Add("rapt/brewzilla/"+strings.ToUpper(fuzzID)+"/pump_enabled/set", []byte(" ON\n"), true, false)
	f.Add("rapt/brewzilla/"+fuzzID+"/pump_enabled/set", []byte("ON"), false, true)
	f.Add("rapt/brewzilla//pump_enabled/set", []byte("ON"), false, false)
	f.Add("homeassistant/status", []byte("online"), false, false)
	f.Fuzz(func(t *testing.T, topic string, payload []byte, retained, readOnly bool) {
		devices, sent, client := fuzzDevices(t)
		topics := discovery.Topics{Prefix: "rapt", DiscoveryPrefix: "homeassistant"}
		family, id, key, ok := topics.ParseCommand(topic)
		if !ok || family == discovery.Bridge {
			return
		}
		id = strings.ToLower(id)
		v := Validator{ReadOnly: readOnly, Families: device.Families()}
		reading, found := devices[family]
		found = found && id == fuzzID
		c, err := v.Parse(Request{Ref: Ref{Ref: device.Ref{Family: family, ID: id}, Key: key}, Payload: payload, Retained: retained})
		if err == nil {
			err = v.Check(c, reading, reading.Describe(), found)
		}
		if err != nil {
			require.NotEmpty(t, err.Error())
			require.Less(t, len(err.Error()), 1000)
			require.True(t, utf8.ValidString(err.Error()))
			return
		}
		require.False(t, retained || readOnly || len(payload) > maxPayload || !utf8.Valid(payload))
		require.Equal(t, fuzzID, id)
		require.True(t, json.Valid([]byte(c.Asked.String())), c.Asked.String())

		if c.Submits() {
			err = v.family(family).Submit(t.Context(), client, id, *c.Asked.Telemetry)
		} else {
			values, unknown := Arguments([]*Command{c}, reading)
			require.NoError(t, unknown)
			_, err = c.Setter.Call(t.Context(), client, id, values)
		}
		if err != nil {
			var problem *raptclient.ArgumentError
			require.ErrorAs(t, err, &problem, "only the client may still refuse it")
			require.Empty(t, sent.path)
			return
		}
		require.NotEmpty(t, sent.path)
		for name, values := range sent.query {
			limits, bounded := allowed[name]
			require.Len(t, values, 1)
			if !bounded {
				require.Contains(t, []string{fuzzID, "true", "false"}, values[0], name)
				continue
			}
			n, err := strconv.ParseFloat(values[0], 64)
			require.NoError(t, err)
			require.True(t, n >= limits[0] && n <= limits[1], "%s=%s", name, values[0])
		}
		if len(bytes.TrimSpace(sent.body)) > 0 {
			var readings map[string]any
			require.NoError(t, json.Unmarshal(sent.body, &readings), string(sent.body))
			for name, v := range readings {
				n, isNumber := v.(float64)
				limits, known := allowedReadings[name]
				require.True(t, isNumber && known || name == "id" || v == nil, "%s=%v", name, v)
				require.True(t, !known || n >= limits[0]-1e-9 && n <= limits[1]+1e-9, "%s=%v", name, v)
			}
		}
	})
}

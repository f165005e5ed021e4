package bridge

import (
	"bytes"
	"context"
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

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// fuzzID is the id of every device of the desk below, one of each family.
const fuzzID = "00000000-0000-4000-8000-0000000000aa"

// recorder answers every request, and remembers the last write.
type recorder struct {
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
		body = "true"
	}
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
}

// fuzzDesk has one device of every family, and a client whose requests go to a recorder.
func fuzzDesk(t testing.TB, readOnly bool) (*desk, *recorder, *raptclient.Client) {
	t.Helper()
	sent := &recorder{}
	client, err := raptclient.New(raptclient.Options{APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "u", APISecret: "s", Transport: sent})
	require.NoError(t, err)
	d := &desk{readOnly: readOnly, topics: discovery.Topics{Prefix: "rapt", DiscoveryPrefix: "homeassistant"}, rows: commandRows(), families: map[discovery.Family]*family{}}
	devices := map[discovery.Family]*device{}
	for _, f := range families() {
		d.families[f.name] = f
		devices[f.name] = &device{family: f, id: fuzzID, holds: map[string]*hold{}, reading: fuzzReading(f.name)}
	}
	d.device = func(f discovery.Family, id string) *device {
		if id != fuzzID {
			return nil
		}
		return devices[f]
	}
	return d, sent, client
}

// fuzzReading is a device that says its limits and its gains, where its family controls something.
func fuzzReading(f discovery.Family) reading {
	base := raptclient.Device{ID: fuzzID}
	n := raptclient.Some[float64]
	c := raptclient.Control{
		Target: raptclient.Target{MinTargetTemperature: n(2), MaxTargetTemperature: n(30)},
		PID:    raptclient.PID{PIDProportional: n(1), PIDIntegral: n(2), PIDDerivative: n(3)},
	}
	switch f {
	case discovery.TemperatureController:
		v := &raptclient.TemperatureController{Device: base, Control: c}
		return reading{&v.Device, &v.Control, v}
	case discovery.FermentationChamber:
		v := &raptclient.FermentationChamber{Device: base, Control: c}
		return reading{&v.Device, &v.Control, v}
	case discovery.BrewZilla:
		v := &raptclient.BrewZilla{Device: base, Control: c}
		return reading{&v.Device, &v.Control, v}
	case discovery.Still:
		v := &raptclient.Still{Device: base, Control: c}
		return reading{&v.Device, &v.Control, v}
	case discovery.ExternalDevice:
		v := &raptclient.ExternalDevice{Device: base}
		return reading{device: &v.Device, value: v}
	}
	return reading{device: &base}
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
		d, sent, client := fuzzDesk(t, readOnly)
		a, c, err, ok := d.decide(message{topic: topic, payload: payload, retained: retained})
		if !ok || err != nil {
			require.Nil(t, c.row, "a refused message is no command")
			require.Nil(t, c.device)
			if err != nil {
				require.NotEmpty(t, err.Error())
				require.Less(t, len(err.Error()), 1000)
				require.True(t, utf8.ValidString(shortened(err.Error())))
			}
			return
		}
		require.False(t, retained || readOnly || len(payload) > maxPayload || !utf8.Valid(payload))
		require.Equal(t, fuzzID, a.id)
		require.True(t, json.Valid([]byte(c.value.String())), c.value.String())

		to := target{client: client, family: c.device.family, id: c.device.id}
		to.gains, _ = c.device.gains()
		if c.row.gain > 0 {
			to.gains[c.row.gain-1] = c.value.number.V
		}
		if _, err := c.row.call(context.Background(), to, c.value); err != nil {
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

package raptsim_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	. "github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// setterRow is one of the contract's 20 setters with a good change and bad parameters.
type setterRow struct {
	path, idParam, id string
	query             []string
	field             string
	want              any
	bad               [][]string
}

func setterRows() []setterRow {
	var rows []setterRow
	notABool := [][]string{{"state", "on"}, {"state", ""}, {"state", "1"}}
	percent := [][]string{{"utilisation", "101"}, {"utilisation", "-1"}, {"utilisation", "NaN"}, {"utilisation", "fifty"}, {"utilisation", "5,5"}}
	for _, f := range []struct {
		segment, idParam, id string
		target               string
		wantTarget           float64
		kettle               bool
	}{
		{"TemperatureControllers", "temperatureControllerId", kegerator, "5.5", 5.5, false},
		{"FermentationChambers", "fermentationChamberId", fridge, "16.25", 16.25, false},
		{"BrewZillas", "brewZillaId", sparge, "81", 81, true},
		{"Stills", "stillId", still, "9.2e1", 92, true},
	} {
		add := func(op, field string, want any, bad [][]string, query ...string) {
			rows = append(rows, setterRow{f.segment + "/" + op, f.idParam, f.id, query, field, want, bad})
		}
		add("SetTargetTemperature", "targetTemperature", f.wantTarget, [][]string{{"target", "900"}, {"target", "-60"}, {"target", "Infinity"}, {"target", "18,5"}, {"state", "true"}}, "target", f.target)
		add("SetPIDEnabled", "pidEnabled", true, notABool, "state", "true")
		add("SetPID", "pidIntegral", 0.75, [][]string{{"p", "1", "i", "2"}, {"p", "1", "i", "-2", "d", "1"}}, "p", "4", "i", "0.75", "d", "1.5")
		if f.kettle {
			add("SetHeatingEnabled", "heatingEnabled", false, notABool, "state", "false")
			add("SetHeatingUtilisation", "heatingUtilisation", 35.0, percent, "utilisation", "35")
			add("SetPumpEnabled", "pumpEnabled", f.id == sparge, notABool, "state", map[bool]string{true: "true", false: "false"}[f.id == sparge])
			add("SetPumpUtilisation", "pumpUtilisation", 85.0, percent, "utilisation", "85")
		}
	}
	return rows
}

func TestSettersChangeTheDeviceAtOnceAndTheCloudAfterItsDelay(t *testing.T) {
	rows := setterRows()
	require.Len(t, rows, 20)
	for _, row := range rows {
		t.Run(row.path, func(t *testing.T) {
			clock := newHand()
			c := New(Options{Now: clock.now, StillReportsPump: true})
			a := newCaller(t, c)
			old := c.Value(row.id, row.field)
			require.NotEqual(t, row.want, old)
			query := append([]string{row.idParam, row.id}, row.query...)

			for _, bad := range row.bad {
				status, body := a.post(row.path, append([]string{row.idParam, row.id}, bad...)...)
				assert.Equal(t, 400, status, "%v: %s", bad, body)
			}
			status, _ := a.post(row.path, append([]string{row.idParam, lone}, row.query...)...)
			assert.Equal(t, 404, status, "unknown device")
			status, _ = a.post(row.path, append([]string{row.idParam, "x"}, row.query...)...)
			assert.Equal(t, 400, status, "not an id")
			status, _ = a.get(row.path, query...)
			assert.Equal(t, 405, status)
			assert.Equal(t, old, c.Actual(row.id, row.field), "nothing has happened so far")

			r := a.request(http.MethodPost, row.path)
			r.Body = io.NopCloser(strings.NewReader(`{"` + row.idParam + `":"` + row.id + `"}`))
			r.Header.Set("Content-Type", "application/json")
			got, body := a.send(r)
			assert.Equal(t, 200, got, "a JSON body is answered as though all were well")
			assert.Equal(t, "false", string(body))
			assert.Equal(t, old, c.Actual(row.id, row.field))

			status, reply := a.post(row.path, query...)
			assert.Equal(t, 200, status)
			assert.Equal(t, "true", reply)
			assert.Equal(t, row.want, c.Actual(row.id, row.field))
			assert.Equal(t, old, c.Value(row.id, row.field))
			clock.add(11 * time.Second)
			assert.Equal(t, old, c.Value(row.id, row.field), "reports in between do not show it either")
			clock.add(1001 * time.Millisecond)
			assert.Equal(t, row.want, c.Value(row.id, row.field))

			_, reply = a.post(row.path, query...)
			assert.Equal(t, "false", reply, "already there")
			clock.add(5 * time.Minute)
			assert.Equal(t, row.want, c.Value(row.id, row.field))
		})
	}
}

func TestCommandDelayPerFamilyOutlastsReports(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now, CommandDelayByFamily: map[string]time.Duration{BrewZilla: 3 * time.Minute, TemperatureController: -1}})
	a := newCaller(t, c)
	a.post("BrewZillas/SetTargetTemperature", "brewZillaId", sparge, "target", "60")
	a.post("BrewZillas/SetTargetTemperature", "brewZillaId", sparge, "target", "61")
	a.post("TemperatureControllers/SetTargetTemperature", "temperatureControllerId", kegerator, "target", "6")
	assert.Equal(t, 6.0, c.Value(kegerator, "targetTemperature"), "at once")
	before := c.Value(sparge, "lastActivityTime")
	for range 17 {
		clock.add(10 * time.Second)
		assert.Equal(t, 78.0, c.Value(sparge, "targetTemperature"))
	}
	assert.NotEqual(t, before, c.Value(sparge, "lastActivityTime"))
	clock.add(11 * time.Second)
	assert.Equal(t, 61.0, c.Value(sparge, "targetTemperature"))
}

func TestWhatTheContractLacksIsNotFound(t *testing.T) {
	a := newCaller(t, New(Options{}))
	for _, path := range []string{
		"TemperatureControllers/SetHeatingEnabled", "FermentationChambers/SetCoolingHysteresis", "Hydrometers/SetTargetTemperature",
		"Profiles/Start", "Nothing", "",
	} {
		status, _ := a.post(path, "temperatureControllerId", kegerator, "state", "true")
		assert.Equal(t, 404, status, path)
	}
}

func TestCommandsWaitForASilentDevice(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now})
	a := newCaller(t, c)
	c.Silence(kegerator, true)
	_, reply := a.post("TemperatureControllers/SetTargetTemperature", "temperatureControllerId", kegerator, "target", "7")
	assert.Equal(t, "true", reply)
	_, reply = a.post("TemperatureControllers/SetTargetTemperature", "temperatureControllerId", kegerator, "target", "7")
	assert.Equal(t, "false", reply)
	clock.add(time.Hour)
	assert.Equal(t, 4.0, c.Actual(kegerator, "targetTemperature"))
	c.Silence(kegerator, false)
	assert.Equal(t, 7.0, c.Actual(kegerator, "targetTemperature"))
}

func TestATargetSetByHandLastsUntilTheNextStepOrIsReset(t *testing.T) {
	for _, resets := range []bool{false, true} {
		clock := newHand()
		c := New(Options{Now: clock.now, ProfileResetsTarget: resets})
		a := newCaller(t, c)
		a.post("FermentationChambers/SetTargetTemperature", "fermentationChamberId", fridge, "target", "17")
		assert.Equal(t, 17.0, c.Actual(fridge, "targetTemperature"))
		clock.add(5 * time.Minute)
		want := 17.0
		if resets {
			want = 18.5
		}
		assert.Equal(t, want, c.Actual(fridge, "targetTemperature"))
		clock.add(3*24*time.Hour + time.Hour)
		assert.Equal(t, 21.0, c.Actual(fridge, "targetTemperature"), "the next step has its own")
	}
}

func TestHeaterAndPumpDoWhatTheyAreTold(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now, TokenLifetime: 24 * time.Hour})
	a := newCaller(t, c)
	a.post("BrewZillas/SetTargetTemperature", "brewZillaId", sparge, "target", "90")
	a.post("BrewZillas/SetPumpEnabled", "brewZillaId", sparge, "state", "true")
	pump := number(t, c.Actual(sparge, "auxillaryRunTime"))
	clock.add(time.Hour)
	hot := number(t, c.Actual(sparge, "temperature"))
	assert.InDelta(t, 89.5, hot, 1)
	assert.InDelta(t, 3600, number(t, c.Actual(sparge, "auxillaryRunTime"))-pump, 10)
	a.post("BrewZillas/SetHeatingEnabled", "brewZillaId", sparge, "state", "false")
	ran := c.Actual(sparge, "heatingRunTime")
	clock.add(time.Hour)
	assert.Less(t, number(t, c.Actual(sparge, "temperature")), hot-5)
	assert.Equal(t, ran, c.Actual(sparge, "heatingRunTime"))
}

func submission(a *caller, id, body string) *http.Request {
	r := a.request(http.MethodPost, "ExternalDevices/Telemetry", "deviceId", id)
	r.Body = io.NopCloser(strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func TestASubmittedReadingIsShownExactlyAfterTheLag(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now, Devices: alone(ExternalDevice, -1, 0, 0)})
	a := newCaller(t, c)
	clock.add(time.Hour)
	a.token = a.signIn("demo-secret")
	rows := len(a.array("ExternalDevices/GetTelemetry", "deviceId", lone))
	assert.Equal(t, 1, rows, "it does not report by itself")
	status, body := a.send(submission(a, lone, `{"temperature":19.5,"gravity":1044.5,"pressure":12.25,"battery":88,"rssi":-60}`))
	assert.Equal(t, 200, status)
	assert.Empty(t, body)
	clock.add(5 * time.Second)
	for field, want := range map[string]float64{"temperature": 19.5, "gravity": 1044.5, "pressure": 12.25, "battery": 88, "rssi": -60} {
		assert.Equal(t, want, c.Value(lone, field))
	}
	assert.Equal(t, clock.now().Add(-5*time.Second), c.Value(lone, "lastActivityTime"))
	assert.Len(t, a.array("ExternalDevices/GetTelemetry", "deviceId", lone), 2)
	for _, bad := range []string{`{}`, `[]`, `{"temperature":"warm"}`, `nonsense`, `{"color":"red"}`} {
		status, _ := a.send(submission(a, lone, bad))
		assert.Equal(t, 400, status, bad)
	}
	status, _ = a.send(submission(a, palePill, `{"temperature":1}`))
	assert.Equal(t, 404, status)
}

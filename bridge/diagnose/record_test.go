package diagnose

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func pill(i int) device.Ref {
	return device.Ref{Family: discovery.Hydrometer, ID: fmt.Sprintf("c2a9d3f4-0b1e-4f57-8a63-%012d", i)}
}

func rows(seconds ...float64) []device.Telemetry {
	var out []device.Telemetry
	for _, s := range seconds {
		at := noon.Add(time.Duration(s * float64(time.Second)))
		out = append(out, device.Telemetry{At: at, Row: at.UTC().Format(time.RFC3339Nano)})
	}
	return out
}

func parsed(t testing.TB, r *Record) document {
	t.Helper()
	var d document
	require.NoError(t, json.Unmarshal(r.JSON(), &d))
	return d
}

func TestIntervalsAreThoseBetweenReports(t *testing.T) {
	r := New("1.0.0", "command")
	r.Rows(pill(1), rows(0, 905.93, 1811.87, 1811.87))
	r.Rows(pill(2), rows(10))
	d := parsed(t, r)
	require.Len(t, d.Devices, 2)
	first := d.Devices[0]
	assert.Equal(t, []any{"hydrometer", 1, 4, 1, 4}, []any{first.Family, first.Number, first.Reports, first.Repeated, first.Keyless})
	assert.Equal(t, "905.9 905.9", first.Intervals)
	assert.Equal(t, &Spread{2, 905.9, 905.9, 905.9, 905.9, 905.9, 905.9, 0}, first.Spread)
	assert.Equal(t, 2, d.Devices[1].Number)
	assert.Nil(t, d.Devices[1].Spread)
}

func TestAnswersAreCountedByEndpointAndStatus(t *testing.T) {
	r := New("1.0.0", "command")
	exchange := func(status int, took time.Duration, err error) raptclient.Exchange {
		return raptclient.Exchange{Request: raptclient.Request{Endpoint: "Stills/GetStills"}, Status: status, Took: took, Err: err, Date: raptclient.Some(noon.Add(2 * time.Second)),
			RateLimit: raptclient.RateLimit{Remaining: raptclient.Some(100 - status/100), Reset: raptclient.Some(noon.Add(62 * time.Second))}}
	}
	r.Answer(exchange(200, time.Second, nil), noon)
	r.Answer(exchange(200, 3*time.Second, nil), noon)
	r.Answer(exchange(429, time.Second, nil), noon)
	r.Answer(exchange(200, time.Second, &raptclient.BodyError{Problem: raptclient.BodyHTML, Excerpt: "<html>Ottilie"}), noon)
	r.Answer(exchange(0, time.Second, &url.Error{URL: "http://192.168.77.13", Err: assert.AnError}), noon)
	d := parsed(t, r)
	var got []string
	for _, a := range d.Answers {
		got = append(got, fmt.Sprint(a.Endpoint, " ", a.Status, " ", a.Problem, " ", a.Count, " ", a.Took.Mean))
	}
	assert.Equal(t, []string{
		"Stills/GetStills 0 another error 1 1", "Stills/GetStills 200  2 2", "Stills/GetStills 200 the answer is a web page instead of data 1 1", "Stills/GetStills 429  1 1",
	}, got)
	assert.Equal(t, [2]int{96, 100}, [2]int{d.RateLimit.Least, d.RateLimit.Most})
	assert.InDelta(t, 60, d.RateLimit.ResetIn.Median, 0)
	assert.InDelta(t, 2, d.Clock.Median, 0)
	assert.NotContains(t, string(r.JSON()), "Ottilie")
	assert.NotContains(t, string(r.JSON()), "192.168")
}

// Whatever an answer holds, only names of fields and kinds of values come out.
func TestNothingOfAnAnswerComesOutButNamesAndKinds(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want map[string]string
	}{
		"kinds": {`[{"gravity":1016.3,"rssi":-60,"name":"Ottilie","id":"c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a01","at":"2026-09-08T18:08:00.7034888Z","on":true,"none":null,"blank":""}]`, map[string]string{
			"(the answer)": "list: 1", "gravity": "number: 1", "rssi": "whole number: 1", "name": "text: 1", "id": "uuid: 1",
			"at": "time with 7 digits, Z: 1", "on": "true or false: 1", "none": "null: 1", "blank": "empty text: 1",
		}},
		"times": {`{"a":"2026-09-19T20:39:12+00:00","b":"2026-09-19T20:39:12.5+02:00"}`, map[string]string{
			"(the answer)": "object: 1", "a": "time with 0 digits, +00:00: 1", "b": "time with 1 digits, an offset: 1",
		}},
		"names of things as keys": {`{"c2a9d3f4-0b1e":1,"Ottilie":{"gravity":1},"o@example.com":2,"pill 7":3}`, map[string]string{
			"(the answer)": "object: 1", "(another name)": "object: 1, whole number: 3", "(another name).gravity": "whole number: 1",
		}},
		"words of the API":        {`{"connectionState":"Connected","deviceType":"Ottilie's"}`, map[string]string{"(the answer)": "object: 1", "connectionState": "text Connected: 1", "deviceType": "text: 1"}},
		"lists of what is no row": {`[1,"Ottilie",[2]]`, map[string]string{"(the answer)": "list: 1", "[]": "(another): 2, list: 1", "[][]": "(another): 1"}},
		"no JSON":                 {`<html>Ottilie</html>`, map[string]string{}},
		"cut":                     {`{"gravity":10`, map[string]string{"(the answer)": "object: 1", "gravity": "whole number: 1"}},
		"an empty list":           {`[]`, map[string]string{"(the answer)": "empty list: 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := New("1.0.0", "command")
			r.Body("Hydrometers/GetHydrometers", []byte(c.body))
			d := parsed(t, r)
			require.Len(t, d.Endpoints, 1)
			assert.Equal(t, c.want, d.Endpoints[0].Fields)
			assert.NotContains(t, string(r.JSON()), "Ottilie")
		})
	}
}

func TestTheOrderOfRowsIsTold(t *testing.T) {
	r := New("1.0.0", "command")
	r.Body("a", []byte(`[{"createdOn":"2026-09-08T18:00:00Z"},{"createdOn":"2026-09-08T19:00:00Z"}]`))
	r.Body("b", []byte(`[{"telemetry":[{"createdOn":"2026-09-08T19:00:00Z"},{"createdOn":"2026-09-08T18:00:00Z"}]}]`))
	d := parsed(t, r)
	assert.Equal(t, map[string]int{"(the answer) oldest first": 1}, d.Endpoints[0].Order)
	assert.Equal(t, map[string]int{"telemetry newest first": 1}, d.Endpoints[1].Order)
}

func TestWhatTheContractLacksIsToldWithoutItsText(t *testing.T) {
	r := New("1.0.0", "bridge")
	r.Notice(raptclient.Notice{Kind: raptclient.UnknownField, Resource: "Hydrometers", Field: "activeProfileSession.beerName", Detail: "a string"})
	r.Notice(raptclient.Notice{Kind: raptclient.UnknownField, Resource: "Hydrometers", Field: "Ottilie", Detail: "a string"})
	r.Notice(raptclient.Notice{Kind: raptclient.UnknownValue, Resource: "Hydrometers", Field: "deviceType", Detail: `"Ottilie"`})
	assert.Equal(t, map[string]string{
		"activeProfileSession.beerName": "unknown_field, a string: 1", "(another name)": "unknown_field, a string: 1", "deviceType": "unknown_value: 1",
	}, parsed(t, r).Endpoints[0].Fields)
}

// A record that is fed for ever stays small.
func TestARecordIsBounded(t *testing.T) {
	r := New("1.0.0", "bridge")
	for i := range 300 {
		r.Rows(pill(i), rows(float64(i), float64(i)+60))
		r.Answer(raptclient.Exchange{Request: raptclient.Request{Endpoint: fmt.Sprint("x", i)}, Status: i}, noon)
		r.Body(fmt.Sprint("x", i), []byte(`{"a":1}`))
	}
	var many strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&many, `,"%s":1`, strings.Repeat(string(rune('a'+i%26)), 1+i/26))
	}
	r.Body("x1", []byte(`{"a":1`+many.String()+`}`))
	r.Body("x2", []byte(strings.Repeat("[", 100_000)+strings.Repeat(`{"a":`, 100_000)))
	for i := range 20_000 {
		r.Rows(pill(1), rows(float64(i*60)))
	}
	d := parsed(t, r)
	assert.Len(t, d.Devices, maxDevices)
	assert.LessOrEqual(t, len(d.Endpoints), maxEndpoints)
	assert.LessOrEqual(t, len(d.Answers), maxEndpoints*4)
	assert.InDelta(t, maxReports*7/8, d.Devices[1].Spread.Count, maxReports/8)
	assert.Less(t, len(r.JSON()), 1<<20)
}

func TestTheSameFactsGiveTheSameFile(t *testing.T) {
	made := func() string {
		r := New("1.0.0", "command")
		for i := range 20 {
			r.Rows(pill(i), rows(0, 900))
			r.Answer(raptclient.Exchange{Request: raptclient.Request{Endpoint: fmt.Sprint("x", i%7)}, Status: 200 + i}, noon)
			r.Body(fmt.Sprint("x", i%7), []byte(`{"a":1,"b":2,"c":"x"}`))
		}
		return string(r.JSON())
	}
	assert.Equal(t, made(), made())
}

func FuzzBody(f *testing.F) {
	f.Add([]byte(`[{"createdOn":"2026-09-08T18:00:00Z","telemetry":[[{}]]}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := New("1.0.0", "command")
		r.Body("x", body)
		require.True(t, json.Valid(r.JSON()))
	})
}

package raptsim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	. "github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func contract(t *testing.T) (*openapi3.T, routers.Router) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../testdata/openapi.yaml")
	require.NoError(t, err)
	require.NoError(t, doc.Validate(context.Background()))
	router, err := gorillamux.NewRouter(doc)
	require.NoError(t, err)
	return doc, router
}

// parameters of every endpoint that has any, by the contract's names.
func parameters() map[string]string {
	return map[string]string{
		"hydrometerId": palePill, "temperatureControllerId": kegerator, "fermentationChamberId": fridge, "brewZillaId": kettle,
		"stillId": still, "canFillerId": canFiller, "bondedDeviceId": mashTherm, "deviceId": iSpindel,
		"profileId": "5b0c6a3e-7d1f-4c8e-9a52-1f0e6d4b7a01",
		"state":     "true", "target": "21.5", "utilisation": "70", "p": "3", "i": "0.25", "d": "1",
		"startDate": "2026-11-20T00:00:00Z",
	}
}

// endpoints calls every endpoint of the contract and hands the reply on.
func endpoints(t *testing.T, doc *openapi3.T, a *caller, each func(op *openapi3.Operation, r *http.Request, resp *http.Response, body []byte)) int {
	t.Helper()
	types := a.array("ProfileTypes/GetAll")
	n := 0
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			values := parameters()
			values["id"] = types[0]["id"].(string)
			var query []string
			for _, p := range op.Parameters {
				if v, ok := values[p.Value.Name]; ok {
					query = append(query, p.Value.Name, v)
				}
			}
			r := a.request(method, strings.TrimPrefix(path, "/api/"), query...)
			if op.RequestBody != nil {
				r.Body = io.NopCloser(strings.NewReader(`{"temperature":19.5,"gravity":1031.5,"battery":77}`))
				r.Header.Set("Content-Type", "application/json")
			}
			resp, err := a.via.RoundTrip(r)
			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			if op.RequestBody != nil {
				r.Body = io.NopCloser(strings.NewReader(`{"temperature":19.5}`))
			}
			each(op, r, resp, body)
			n++
		}
	}
	return n
}

// known checks that every property sent is in the schema; kin-openapi lets others pass.
func known(t *testing.T, s *openapi3.Schema, v any, where string, except ...string) {
	t.Helper()
	switch x := v.(type) {
	case []any:
		for _, y := range x {
			known(t, s.Items.Value, y, where+"[]", except...)
		}
	case map[string]any:
	names:
		for name, y := range x {
			for _, e := range except {
				if e == name {
					continue names
				}
			}
			p := s.Properties[name]
			if assert.NotNil(t, p, "%s.%s is not in the contract", where, name) {
				known(t, p.Value, y, where+"."+name, except...)
			}
		}
	}
}

func TestEveryReplyFollowsTheContract(t *testing.T) {
	doc, router := contract(t)
	variants := map[string]struct {
		Options
		except []string
		object bool // "telemetry" is an object, which the contract doesn't allow
	}{
		"default":           {},
		"telemetry array":   {Options: Options{TelemetryShape: TelemetryArray}},
		"telemetry object":  {Options: Options{TelemetryShape: TelemetryObject}, object: true},
		"refused with 401":  {Options: Options{BadCredentialsStatus: 401}},
		"rate limit":        {Options: Options{RateLimitPerHour: 10000}},
		"rate limit shown":  {Options: Options{RateLimitHeaders: true}},
		"profile seconds":   {Options: Options{ProfileTimeUnit: time.Second, SessionGravityAsSG: true}},
		"profile resets":    {Options: Options{ProfileResetsTarget: true}},
		"frequency seconds": {Options: Options{TelemetryFrequencyUnit: time.Second}},
		"still's pump":      {Options: Options{StillReportsPump: true}, except: []string{"pumpEnabled", "pumpUtilisation"}},
		"clock ahead":       {Options: Options{ClockOffset: 90 * time.Second, CommandDelay: -1}},
		"one batch, fast":   {Options: Options{OneBatch: true, Speed: 5}},
		"slow BrewZilla":    {Options: Options{CommandDelayByFamily: map[string]time.Duration{BrewZilla: 3 * time.Minute}}},
		"no lag":            {Options: Options{ReportLagMax: -1, Seed: 7}},
		"a past":            {Options: Options{Telemetry: Telemetry{Past: 3 * 24 * time.Hour, Order: NewestFirst}}},
		"rows late, mixed":  {Options: Options{Telemetry: Telemetry{Order: Shuffled, LateBy: time.Hour, LateEvery: 3, MissingKeyEvery: 4}}},
		"no rows":           {Options: Options{Telemetry: Telemetry{Empty: true}}},
	}
	for name, variant := range variants {
		t.Run(name, func(t *testing.T) {
			clock := newHand()
			variant.Now = clock.now
			variant.Telemetry.RowsPerReply = 50 // checking thousands of them takes long
			c := New(variant.Options)
			all := []time.Duration{0, 50 * time.Minute, 40 * time.Hour, 11 * 24 * time.Hour}
			if name != "default" && name != "one batch, fast" {
				all = all[:3]
			}
			for _, later := range all {
				clock.add(later)
				a := newCaller(t, c)
				n := endpoints(t, doc, a, func(op *openapi3.Operation, r *http.Request, resp *http.Response, body []byte) {
					where := fmt.Sprintf("%s after %v", r.URL.Path, later)
					require.Equal(t, 200, resp.StatusCode, "%s: %s", where, body)
					content := op.Responses.Value("200").Value.Content
					if content == nil {
						assert.Empty(t, body)
						return
					}
					var v any
					require.NoError(t, json.Unmarshal(body, &v), where)
					if variant.object {
						body = objectsAsArrays(t, v)
					}
					validate(t, router, r, resp, body, where)
					known(t, content.Get("application/json").Schema.Value, v, where, variant.except...)
				})
				assert.Equal(t, 49, n)
			}
		})
	}
}

// objectsAsArrays puts every "telemetry" that is an object into an array.
func objectsAsArrays(t *testing.T, v any) []byte {
	t.Helper()
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, x := range list {
		if m, ok := x.(map[string]any); ok && m["telemetry"] != nil {
			assert.IsType(t, map[string]any{}, m["telemetry"])
			m["telemetry"] = []any{m["telemetry"]}
		}
	}
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return b
}

func validate(t *testing.T, router routers.Router, r *http.Request, resp *http.Response, body []byte, where string) {
	t.Helper()
	route, params, err := router.FindRoute(r)
	require.NoError(t, err, where)
	in := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	require.NoError(t, openapi3filter.ValidateRequest(context.Background(), in), where)
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header,
		Body: io.NopCloser(bytes.NewReader(body)), Options: in.Options,
	}
	require.NoError(t, openapi3filter.ValidateResponse(context.Background(), out), where)
}

package raptclient

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	someID      = "0d2a6f1c-9b7e-4c55-8a43-1f2e3d4c5b6a"
	someSession = "7b1c2d3e-4f50-4a6b-9c8d-0e1f2a3b4c5d"
)

// strict is a cloud that holds every request against the contract and answers with a sample of its schema.
type strict struct {
	t       *testing.T
	doc     *openapi3.T
	covered map[string]bool
	// got are the requests to the API, as "METHOD endpoint?query body".
	got []string
}

func (s *strict) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	if req.URL.Path == "/connect/token" {
		fmt.Fprint(w, `{"access_token":"token-1","token_type":"Bearer","expires_in":3600}`)
		return
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	router, err := gorillamux.NewRouter(s.doc)
	if !assert.NoError(s.t, err) {
		return
	}
	req.URL.Scheme, req.URL.Host = "http", req.Host
	route, params, err := router.FindRoute(req)
	if !assert.NoError(s.t, err, req.URL.Path) {
		return
	}
	assert.NoError(s.t, openapi3filter.ValidateRequest(req.Context(), &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: func(_ context.Context, in *openapi3filter.AuthenticationInput) error {
			if got := in.RequestValidationInput.Request.Header.Get("Authorization"); got != "Bearer token-1" {
				return fmt.Errorf("Authorization is %q", got)
			}
			return nil
		}},
	}), req.URL.String())
	for name := range req.URL.Query() {
		assert.True(s.t, slices.ContainsFunc(route.Operation.Parameters, func(p *openapi3.ParameterRef) bool { return p.Value.Name == name }),
			"%s has no parameter %s", route.Path, name)
	}
	if route.Operation.RequestBody == nil {
		assert.Empty(s.t, body)
	}
	assert.Equal(s.t, "rapt-bridge/test", req.UserAgent())
	s.covered[req.Method+" "+route.Path] = true
	s.got = append(s.got, fmt.Sprintf("%s %s?%s %s", req.Method, req.URL.Path, req.URL.RawQuery, body))

	content := route.Operation.Responses.Value("200").Value.Content.Get("application/json")
	if content == nil {
		return
	}
	answer := sample(content.Schema, "", 2, 3)
	if o, ok := answer.(map[string]any); ok {
		for _, id := range req.URL.Query() {
			o["id"] = id[0]
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(marshal(s.t, answer))
}

// newStrict is a strict cloud and a client of it.
func newStrict(t *testing.T) (*strict, *Client) {
	s := &strict{t: t, covered: map[string]bool{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.doc = published(t, server.URL)
	return s, newTestClient(t, server.URL, nil)
}

// newTestClient is a client of the cloud at address; change adjusts its options.
func newTestClient(t testing.TB, address string, change func(*Options)) *Client {
	t.Helper()
	o := Options{APIURL: address, AuthURL: address, Username: "brewer@example.com", APISecret: "s3cret & more", UserAgent: "rapt-bridge/test"}
	if change != nil {
		change(&o)
	}
	c, err := New(o)
	require.NoError(t, err)
	t.Cleanup(c.CloseIdleConnections)
	return c
}

func TestEveryEndpointOfTheContractIsAskedAsItSays(t *testing.T) {
	s, c := newStrict(t)
	reads(t, c.Hydrometers, true)
	reads(t, c.TemperatureControllers.Resource, true)
	reads(t, c.FermentationChambers.Resource, true)
	reads(t, c.BrewZillas.Resource, true)
	reads(t, c.Stills.Resource, true)
	reads(t, c.CanFillers, false)
	reads(t, c.BondedDevices, false)
	reads(t, c.ExternalDevices.Resource, false)
	collects(t, c.Profiles)
	collects(t, c.ProfileTypes)
	controls(t, c.TemperatureControllers)
	controls(t, c.FermentationChambers)
	controls(t, c.BrewZillas.ControllerResource)
	controls(t, c.Stills.ControllerResource)
	boils(t, c.BrewZillas)
	boils(t, c.Stills)
	require.NoError(t, c.ExternalDevices.SubmitTelemetry(t.Context(), someID, Telemetry{Temperature: Some(19.1)}))

	all := 0
	for path, item := range s.doc.Paths.Map() {
		for method := range item.Operations() {
			all++
			assert.True(t, s.covered[method+" "+path], "%s %s has no method", method, path)
		}
	}
	assert.Equal(t, 49, all)
}

func reads[D, T any](t *testing.T, r Resource[D, T], sessions bool) {
	list, err := r.List(t.Context())
	require.NoError(t, err)
	assert.Len(t, list.Items, 2)
	assert.Equal(t, Report{}, list.Report)
	item, err := r.Get(t.Context(), someID)
	require.NoError(t, err)
	assert.Equal(t, Report{}, item.Report)
	q := TelemetryQuery{Start: time.Date(2026, 9, 1, 0, 0, 0, 0, time.FixedZone("", 7200)), End: time.Date(2026, 9, 2, 1, 2, 3, 4e6, time.UTC)}
	if sessions {
		q.ProfileSessionID = someSession
	}
	rows, err := r.Telemetry(t.Context(), someID, q)
	require.NoError(t, err)
	assert.Len(t, rows.Items, 2)
}

func collects[L, D any](t *testing.T, r Collection[L, D]) {
	list, err := r.List(t.Context())
	require.NoError(t, err)
	assert.Len(t, list.Items, 2)
	_, err = r.Get(t.Context(), someID)
	require.NoError(t, err)
}

func controls[D, T any](t *testing.T, r ControllerResource[D, T]) {
	changed, err := r.SetTargetTemperature(t.Context(), someID, 18.5)
	require.NoError(t, err)
	assert.True(t, changed)
	_, err = r.SetPIDEnabled(t.Context(), someID, true)
	require.NoError(t, err)
	_, err = r.SetPID(t.Context(), someID, 1, 0.5, 0)
	require.NoError(t, err)
}

func boils[D, T any](t *testing.T, r KettleResource[D, T]) {
	for _, set := range []func(context.Context, string, bool) (bool, error){r.SetHeatingEnabled, r.SetPumpEnabled} {
		_, err := set(t.Context(), someID, false)
		require.NoError(t, err)
	}
	for _, set := range []func(context.Context, string, float64) (bool, error){r.SetHeatingUtilisation, r.SetPumpUtilisation} {
		_, err := set(t.Context(), someID, 62.5)
		require.NoError(t, err)
	}
}

func TestParametersAreWrittenAsTheCloudReadsThem(t *testing.T) {
	tests := map[string]struct {
		send func(context.Context, *Client) error
		want string
	}{
		"a small number has no exponent": {func(ctx context.Context, c *Client) error {
			_, err := c.BrewZillas.SetPID(ctx, someID, 1e-7, 1e21, -0.25)
			return err
		}, "POST /api/BrewZillas/SetPID?brewZillaId=" + someID + "&d=-0.25&i=1000000000000000000000&p=0.0000001 "},
		"a uuid in upper case": {func(ctx context.Context, c *Client) error {
			_, err := c.Stills.SetPumpEnabled(ctx, "0D2A6F1C-9B7E-4C55-8A43-1F2E3D4C5B6A", true)
			return err
		}, "POST /api/Stills/SetPumpEnabled?state=true&stillId=" + someID + " "},
		"dates are UTC with a Z": {func(ctx context.Context, c *Client) error {
			_, err := c.Hydrometers.Telemetry(ctx, someID, TelemetryQuery{Start: time.Date(2026, 9, 1, 2, 0, 0, 5e8, time.FixedZone("", 7200))})
			return err
		}, "GET /api/Hydrometers/GetTelemetry?hydrometerId=" + someID + "&startDate=2026-09-01T00%3A00%3A00.5Z "},
		"telemetry is JSON with gravity times 1000": {func(ctx context.Context, c *Client) error {
			return c.ExternalDevices.SubmitTelemetry(ctx, someID, Telemetry{Temperature: Some(19.1), Gravity: Some(1.0441), Battery: Some(0.0), RSSI: Some(-60.0)})
		}, "POST /api/ExternalDevices/Telemetry?deviceId=" + someID + ` {"battery":0,"gravity":1044.1,"rssi":-60,"temperature":19.1}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, c := newStrict(t)
			require.NoError(t, test.send(t.Context(), c))
			assert.Equal(t, []string{test.want}, s.got)
		})
	}
}

func TestGravityAsSG(t *testing.T) {
	s, c := newStrict(t)
	c.options.GravityAsSG = true
	require.NoError(t, c.ExternalDevices.SubmitTelemetry(t.Context(), someID, Telemetry{Gravity: Some(1.0441)}))
	assert.Equal(t, []string{"POST /api/ExternalDevices/Telemetry?deviceId=" + someID + ` {"gravity":1.0441}`}, s.got)
}

func TestWhatCantBeSentIsRefusedWithoutARequest(t *testing.T) {
	tests := map[string]struct {
		send func(context.Context, *Client) error
		want string
	}{
		"not a uuid": {func(ctx context.Context, c *Client) error {
			_, err := c.Hydrometers.Get(ctx, "x&target=99")
			return err
		}, "Hydrometers: hydrometerId is not a uuid"},
		"a list's telemetry of no device": {func(ctx context.Context, c *Client) error {
			_, err := c.Stills.Telemetry(ctx, "", TelemetryQuery{})
			return err
		}, "Stills: stillId is not a uuid"},
		"not a number": {func(ctx context.Context, c *Client) error {
			_, err := c.Stills.SetTargetTemperature(ctx, someID, math.NaN())
			return err
		}, "Stills/SetTargetTemperature: target is not a finite number"},
		"an infinite gain": {func(ctx context.Context, c *Client) error {
			_, err := c.Stills.SetPID(ctx, someID, 1, math.Inf(1), 1)
			return err
		}, "Stills/SetPID: i is not a finite number"},
		"over 100 percent": {func(ctx context.Context, c *Client) error {
			_, err := c.BrewZillas.SetPumpUtilisation(ctx, someID, 100.1)
			return err
		}, "BrewZillas/SetPumpUtilisation: utilisation is not within 0 to 100 %"},
		"a percentage that is no number": {func(ctx context.Context, c *Client) error {
			_, err := c.BrewZillas.SetPumpUtilisation(ctx, someID, math.NaN())
			return err
		}, "BrewZillas/SetPumpUtilisation: utilisation is not a finite number"},
		"a session where none run": {func(ctx context.Context, c *Client) error {
			_, err := c.CanFillers.Telemetry(ctx, someID, TelemetryQuery{ProfileSessionID: someSession})
			return err
		}, "CanFillers/GetTelemetry: profileSessionId is not taken by this family"},
		"a session that is not a uuid": {func(ctx context.Context, c *Client) error {
			_, err := c.Stills.Telemetry(ctx, someID, TelemetryQuery{ProfileSessionID: "latest"})
			return err
		}, "Stills/GetTelemetry: profileSessionId is not a uuid"},
		"no reading": {func(ctx context.Context, c *Client) error {
			return c.ExternalDevices.SubmitTelemetry(ctx, someID, Telemetry{})
		}, "ExternalDevices/Telemetry: telemetry holds no reading"},
		"an infinite reading": {func(ctx context.Context, c *Client) error {
			return c.ExternalDevices.SubmitTelemetry(ctx, someID, Telemetry{Gravity: Some(math.Inf(-1))})
		}, "ExternalDevices/Telemetry: gravity is not a finite number"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := newTestClient(t, "http://127.0.0.1:1", func(o *Options) {
				o.Permit = func(context.Context, Request) error { t.Error("a request was about to leave"); return nil }
			})
			err := test.send(t.Context(), c)
			require.EqualError(t, err, test.want)
			assert.False(t, Sent(err))
			assert.False(t, Temporary(err))
		})
	}
}

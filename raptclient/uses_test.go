package raptclient

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/contract"
)

// description is the published contract as the API's own description would have it.
func description(t testing.TB) []byte {
	t.Helper()
	out, err := published(t, DefaultAPIURL).MarshalJSON()
	require.NoError(t, err)
	return out
}

func TestWhatTheClientUsesIsThePublishedContract(t *testing.T) {
	uses := Uses()
	assert.Len(t, uses, 49)
	differences, err := contract.Compare(description(t), uses)
	require.NoError(t, err)
	assert.Empty(t, differences)
}

// Every change of the description is told, once and by its place.
func TestWhatADescriptionHasElse(t *testing.T) {
	type object = map[string]any
	properties := func(doc object, schema string) object {
		return doc["components"].(object)["schemas"].(object)[schema].(object)["properties"].(object)
	}
	operation := func(doc object, path, method string) object {
		return doc["paths"].(object)[path].(object)[method].(object)
	}
	for name, c := range map[string]struct {
		change func(doc object)
		want   []string
	}{
		"a field is gone": {func(doc object) { delete(properties(doc, "HydrometerModel"), "gravity") }, []string{
			"gone: Hydrometers/GetHydrometers gravity (number)",
		}},
		"a field of a telemetry row is gone": {func(doc object) { delete(properties(doc, "HydrometerTelemetryModel"), "battery") }, []string{
			"gone: Hydrometers/GetHydrometers telemetry[].battery (number)",
		}},
		"a field is new": {func(doc object) { properties(doc, "StillModel")["flowRate"] = object{"type": "number"} }, []string{
			"new: Stills/GetStills flowRate (number)",
		}},
		"a field that is left unread is gone": {func(doc object) { delete(properties(doc, "HydrometerModel"), "username") }, nil},
		"a field of another type": {func(doc object) { properties(doc, "BrewZillaModel")["temperature"] = object{"type": "string"} }, []string{
			"of another type: BrewZillas/GetBrewZillas temperature (string instead of number)",
		}},
		"a time that is one no more": {func(doc object) { properties(doc, "CanFillerModel")["lastActivityTime"] = object{"type": "string"} }, []string{
			"of another type: CanFillers/GetCanFillers lastActivityTime (any text instead of date-time)",
		}},
		"an endpoint is gone": {func(doc object) { delete(doc["paths"].(object), "/api/BrewZillas/SetPumpEnabled") }, []string{
			"gone: BrewZillas/SetPumpEnabled (POST)",
		}},
		"another method": {func(doc object) {
			item := doc["paths"].(object)["/api/BrewZillas/SetPumpEnabled"].(object)
			item["put"] = item["post"]
			delete(item, "post")
		}, []string{"gone: BrewZillas/SetPumpEnabled (POST)", "new: BrewZillas/SetPumpEnabled (PUT)"}},
		"an endpoint is new": {func(doc object) {
			doc["paths"].(object)["/api/Kettles/GetKettles"] = object{"get": object{"responses": object{}}}
		}, []string{"new: Kettles/GetKettles (GET)"}},
		"a parameter has another name": {func(doc object) {
			for _, p := range operation(doc, "/api/BrewZillas/SetTargetTemperature", "post")["parameters"].([]any) {
				if p := p.(object); p["name"] == "target" {
					p["name"] = "celsius"
				}
			}
		}, []string{"gone: BrewZillas/SetTargetTemperature ?target", "new: BrewZillas/SetTargetTemperature ?celsius"}},
		"a parameter that is required": {func(doc object) {
			op := operation(doc, "/api/Hydrometers/GetHydrometers", "get")
			op["parameters"] = []any{object{"name": "account", "in": "query", "required": true}}
		}, []string{"of another type: Hydrometers/GetHydrometers ?account (a new parameter that is required)"}},
		"a setter's answer": {func(doc object) {
			operation(doc, "/api/BrewZillas/SetPumpEnabled", "post")["responses"].(object)["200"].(object)["content"] = object{"application/json": object{"schema": object{"type": "object"}}}
		}, []string{"of another type: BrewZillas/SetPumpEnabled (object instead of boolean)"}},
		"a value of an enumeration": {func(doc object) {
			s := doc["components"].(object)["schemas"].(object)["ToggleStates"].(object)
			s["enum"] = []any{"AlwaysOn", "AlwaysOff", "Sometimes"}
		}, []string{"gone: FermentationChambers/GetFermentationChambers lightEnabled (the value Automatic)", "new: FermentationChambers/GetFermentationChambers lightEnabled (the value Sometimes)"}},
		"a schema that leads to itself": {func(doc object) {
			doc["components"].(object)["schemas"].(object)["StillModel"] = object{"$ref": "#/components/schemas/StillModel"}
		}, nil},
		"a name with an escape sequence": {func(doc object) { properties(doc, "StillModel")["\x1b[31mred"] = object{"type": "number"} }, []string{
			"new: Stills/GetStills ",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var doc object
			require.NoError(t, json.Unmarshal(description(t), &doc))
			c.change(doc)
			changed, err := json.Marshal(doc)
			require.NoError(t, err)
			differences, err := contract.Compare(changed, Uses())
			require.NoError(t, err)
			require.Len(t, differences, len(c.want), "%v", differences)
			for i, d := range differences {
				assert.True(t, strings.HasPrefix(d.String(), c.want[i]), d.String())
				assert.NotContains(t, d.String(), "\x1b")
			}
		})
	}
}

// Version 2 of OpenAPI keeps the same things in other places.
func TestADescriptionOfVersion2(t *testing.T) {
	const doc = `{"swagger":"2.0","paths":{"/api/Hydrometers/GetHydrometers":{"get":{"responses":{"200":{"schema":{"type":"array","items":{"$ref":"#/definitions/H"}}}}}}},
		"definitions":{"H":{"allOf":[{"$ref":"#/definitions/Base"},{"type":"object","properties":{"gravity":{"type":["null","string"]}}}]},"Base":{"type":"object","properties":{"id":{"type":"string","format":"uuid"},"beer":{"type":"string"}}}}}`
	found, err := contract.Compare([]byte(doc), Uses()[:1])
	require.NoError(t, err)
	var of []string
	for _, d := range found {
		if d.Kind != contract.Gone {
			of = append(of, d.String())
		}
	}
	assert.Equal(t, []string{"new: Hydrometers/GetHydrometers beer (string)", "of another type: Hydrometers/GetHydrometers gravity (string instead of number)"}, of)
}

func TestWhatIsNoDescription(t *testing.T) {
	deep := strings.Repeat(`{"items":`, 20_000) + "{}" + strings.Repeat("}", 20_000)
	nested := strings.Repeat(`{"type":"array","items":`, 3000) + "{}" + strings.Repeat("}", 3000)
	tangled := `{"$ref":"#/definitions/A"}` + strings.Repeat(`,{"$ref":"#/definitions/A"}`, 99)
	for name, c := range map[string]struct {
		document string
		want     error
	}{
		"a web page":     {"<html></html>", contract.ErrNoJSON},
		"nothing":        {"", contract.ErrNoJSON},
		"no paths":       {`{"openapi":"3.0.1"}`, contract.ErrNoJSON},
		"a list":         {"[]", contract.ErrNoJSON},
		"paths in a row": {`{"paths":["/api"]}`, contract.ErrNoJSON},
		"a huge one":     {strings.Repeat(" ", contract.MaxDocument+1), contract.ErrTooLarge},
		"a deep one":     {`{"paths":{"/api/x":{"get":{"responses":{"200":{"schema":` + deep + `}}}}}}`, contract.ErrNoJSON},
		"a deep list":    {`{"paths":{"/api/Hydrometers/GetHydrometers":{"get":{"responses":{"200":{"schema":` + nested + `}}}}}}`, nil},
		"a tangle": {`{"paths":{"/api/Hydrometers/GetHydrometers":{"get":{"responses":{"200":{"schema":{"type":"array","items":{"$ref":"#/definitions/A"}}}}}}},
			"definitions":{"A":{"allOf":[` + tangled + `]}}}`, contract.ErrTangled},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := contract.Compare([]byte(c.document), Uses())
			assert.Equal(t, c.want, err)
		})
	}
}

func TestTheDescriptionIsOneRequest(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		fails  string
	}{
		"there":      {200, `{"openapi":"3.0.1"}`, ""},
		"not there":  {404, "", "answered 404"},
		"refused":    {401, "", "answered 401"},
		"a web page": {200, "<html></html>", "a web page"},
		"huge":       {200, strings.Repeat(" ", MaxBody+1), "longer than 8 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			f, client := newFake(t, nil)
			f.list = func(r *http.Request) (*http.Response, error) {
				assert.Equal(t, "/swagger/v1/swagger.json", r.URL.Path)
				assert.True(t, strings.HasPrefix(r.Header.Get("Authorization"), "Bearer "))
				return answer(c.status, c.body), nil
			}
			body, err := client.Description(t.Context())
			if c.fails == "" {
				require.NoError(t, err)
				assert.Equal(t, c.body, string(body))
			} else {
				require.ErrorContains(t, err, c.fails)
			}
			assert.Equal(t, 1, f.calls)
			assert.Equal(t, 1, f.signIns)
		})
	}
}

// Who wants the bodies gets them whole, although rows are else read as they come.
func TestTheBodyOfALongAnswerIsReceivedWhole(t *testing.T) {
	row := `{"createdOn":"2026-09-08T18:08:00Z","gravity":1016.3}`
	long := "[" + row + strings.Repeat(","+row, 2000) + "]"
	f, c := newFake(t, nil)
	f.list = func(*http.Request) (*http.Response, error) { return answer(200, long), nil }
	var got []string
	c.options.Received = func(endpoint string, body []byte) { got = append(got, endpoint+" "+string(body)) }
	rows, err := c.Hydrometers.Telemetry(t.Context(), someID, TelemetryQuery{})
	require.NoError(t, err)
	assert.Len(t, rows.Items, 2001)
	assert.Equal(t, []string{"Hydrometers/GetTelemetry " + long}, got)

	f.list = func(*http.Request) (*http.Response, error) { return answer(200, long[:40_000]), nil }
	_, err = c.Hydrometers.Telemetry(t.Context(), someID, TelemetryQuery{})
	require.Error(t, err, "it is cut")
	assert.Len(t, got, 1)
}

func FuzzDescription(f *testing.F) {
	f.Add(`{"paths":{"/api/Hydrometers/GetHydrometers":{"get":{"responses":{"200":{"schema":{"$ref":"#/definitions/A"}}}}}},"definitions":{"A":{"allOf":[{"$ref":"#/definitions/A"}]}}}`)
	f.Fuzz(func(t *testing.T, document string) { _, _ = contract.Compare([]byte(document), Uses()) })
}

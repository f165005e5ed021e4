package device

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// telemetryModels are the contract's schemas of telemetry rows, in the order of Families.
var telemetryModels = []string{
	"HydrometerTelemetryModel", "TemperatureControllerTelemetryModel", "FermentationChamberTelemetryModel", "BrewZillaTelemetryModel",
	"StillTelemetryModel", "CanFillerTelemetryModel", "BondedDeviceTelemetryModel", "ExternalDeviceTelemetryModel",
}

// leftOut are the fields of the contract's rows that the stream doesn't have, with the reason.
var leftOut = map[string]string{
	"id":                      "of the row itself; the topic has the device's",
	"rowKey":                  "it is row",
	"createdOn":               "it is at",
	"macAddress":              "it is the same in all rows; Home Assistant has it with the device",
	"controlDeviceMacAddress": "it only tells whether there is a control device, without which its temperature is none",
	"version":                 "the contract doesn't say of what; the document has firmware_version",
	"profileSessionTime":      "its unit is not known; profile_session_start tells",
	"profileStepProgress":     "its unit is not known, and the list has no such value, so that rows that a poll saw would lack it",
	"success":                 "of one can: the list has no such value, so that rows that a poll saw would lack it; the counts tell",
	"fillTime":                "of one can, as success is",
}

// keyOf are the keys of fields whose key is not their name in snake_case.
var keyOf = map[string]string{
	"totalFills": "total_fill_count", "totalFailedFills": "total_failed_count", "profileSessionStartDate": "profile_session_start",
}

// TestEveryFieldOfARowIsInTheStreamOrLeftOutForAReason asks for rows with one field of the contract each.
func TestEveryFieldOfARowIsInTheStreamOrLeftOutForAReason(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("../../raptclient/testdata/openapi.yaml")
	require.NoError(t, err)
	used := map[string]bool{}
	for i, f := range Families() {
		schema := doc.Components.Schemas[telemetryModels[i]].Value
		require.NotEmpty(t, schema.Properties, telemetryModels[i])
		mapped := map[string]bool{"plato": true} // made from gravity
		for name, property := range schema.Properties {
			reason := leftOut[name]
			if f.Name == "can_filler" && name == "temperature" {
				reason = "of one can, as success is"
			}
			used[name] = used[name] || reason != ""
			row := rowWith(t, f, name, property.Value)
			var known []string
			for _, key := range f.TelemetryKeys() {
				if v, ok := row.Value(key); ok && v.Known() && key != "plato" {
					known = append(known, key)
				}
			}
			if reason != "" {
				assert.Empty(t, known, "%s: %s is left out, because %s", f.Name, name, reason)
				continue
			}
			want := keyOf[name]
			if want == "" {
				want = snakeCase(name)
			}
			assert.Contains(t, known, want, "%s: %s", f.Name, name)
			mapped[want] = true
		}
		for _, key := range f.TelemetryKeys() {
			assert.True(t, mapped[key], "%s: %s is of no field", f.Name, key)
		}
	}
	for name := range leftOut {
		assert.True(t, used[name], "the contract has %s no longer", name)
	}
}

// rowWith is a row of a family that has a field with a value, beside its time.
func rowWith(t *testing.T, f *Family, name string, property *openapi3.Schema) Telemetry {
	t.Helper()
	fields := map[string]any{"createdOn": "2026-11-20T12:00:00Z"}
	switch {
	case name == "createdOn":
	case property.Format == "uuid":
		fields[name] = "7d0c8f6e-3c0b-4c55-9d5a-52c1f0a7b9e3"
	case property.Format == "date-time":
		fields[name] = "2026-11-19T12:00:00Z"
	case property.Type.Is("boolean"):
		fields[name] = true
	case property.Type.Is("string"):
		fields[name] = "ABCD"
	case name == "gravity":
		fields[name] = 1050
	case name == "rssi":
		fields[name] = -60
	default:
		fields[name] = 20
	}
	if name == "controlDeviceTemperature" {
		fields["controlDeviceMacAddress"] = "AA:BB:CC:DD:EE:FF"
	}
	body, err := json.Marshal([]any{fields})
	require.NoError(t, err)
	client, err := raptclient.New(raptclient.Options{
		APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "u", APISecret: "s",
		Transport: answers(func(path string) string {
			if strings.HasSuffix(path, raptclient.SignInEndpoint) {
				return `{"access_token":"t","token_type":"Bearer","expires_in":3600}`
			}
			return string(body)
		}),
	})
	require.NoError(t, err)
	list, err := f.Telemetry(t.Context(), client, "7d0c8f6e-3c0b-4c55-9d5a-52c1f0a7b9e3", time.Time{}, time.Time{})
	require.NoError(t, err, "%s %s", f.Name, name)
	require.Len(t, list.Rows, 1)
	return list.Rows[0]
}

// answers is a cloud that answers each path with a body.
type answers func(path string) string

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(a(r.URL.Path))), Request: r}, nil
}

// snakeCase is a name of the API as the document writes it.
func snakeCase(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

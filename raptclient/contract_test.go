package raptclient

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// published is the vendor's published interface, with base as its server.
func published(t testing.TB, base string) *openapi3.T {
	t.Helper()
	data, err := os.ReadFile("testdata/openapi.yaml")
	require.NoError(t, err)
	doc, err := openapi3.NewLoader().LoadFromData(data)
	require.NoError(t, err)
	doc.Servers = openapi3.Servers{{URL: base}}
	return doc
}

// models are the contract's schemas and what they are read into.
var models = map[string]reflect.Type{
	"BondedDeviceModel":                   reflect.TypeFor[BondedDevice](),
	"BondedDeviceTelemetryModel":          reflect.TypeFor[BondedDeviceTelemetry](),
	"BrewZillaModel":                      reflect.TypeFor[BrewZilla](),
	"BrewZillaTelemetryModel":             reflect.TypeFor[BrewZillaTelemetry](),
	"CanFillerModel":                      reflect.TypeFor[CanFiller](),
	"CanFillerTelemetryModel":             reflect.TypeFor[CanFillerTelemetry](),
	"ExternalDeviceModel":                 reflect.TypeFor[ExternalDevice](),
	"ExternalDeviceTelemetryModel":        reflect.TypeFor[ExternalDeviceTelemetry](),
	"FermentationChamberModel":            reflect.TypeFor[FermentationChamber](),
	"FermentationChamberTelemetryModel":   reflect.TypeFor[FermentationChamberTelemetry](),
	"FillPresetModel":                     reflect.TypeFor[FillPreset](),
	"FillSessionModel":                    reflect.TypeFor[FillSession](),
	"HydrometerModel":                     reflect.TypeFor[Hydrometer](),
	"HydrometerTelemetryModel":            reflect.TypeFor[HydrometerTelemetry](),
	"ProfileAlertModel":                   reflect.TypeFor[ProfileAlert](),
	"ProfileModel":                        reflect.TypeFor[Profile](),
	"ProfileSessionStatusModel":           reflect.TypeFor[ProfileSession](),
	"ProfileStepAlertModel":               reflect.TypeFor[ProfileStepAlert](),
	"ProfileStepModel":                    reflect.TypeFor[ProfileStep](),
	"ProfileTypeDeviceTypeModel":          reflect.TypeFor[ProfileTypeDeviceType](),
	"ProfileTypeModel":                    reflect.TypeFor[ProfileType](),
	"StillModel":                          reflect.TypeFor[Still](),
	"StillTelemetryModel":                 reflect.TypeFor[StillTelemetry](),
	"TemperatureControllerModel":          reflect.TypeFor[TemperatureController](),
	"TemperatureControllerTelemetryModel": reflect.TypeFor[TemperatureControllerTelemetry](),
	"YeastModel":                          reflect.TypeFor[Yeast](),
}

// unread are the contract's schemas that only fields which are deliberately ignored hold.
var unread = []string{"ProfileSessionModel"}

// beyond are the fields that we read although the contract's schema lacks them, and why.
var beyond = func() map[string]string {
	out := map[string]string{}
	for name, model := range models {
		for property, why := range beyondContract[model] {
			out[name+"."+property] = why
		}
	}
	return out
}()

func TestEveryPropertyOfTheContractHasAFieldOfItsKind(t *testing.T) {
	doc := published(t, DefaultAPIURL)
	for name, schema := range doc.Components.Schemas {
		if !schema.Value.Type.Is("object") || slices.Contains(unread, name) {
			continue
		}
		model, ok := models[name]
		if !assert.True(t, ok, "%s has no model", name) {
			continue
		}
		fields := newTable(model).fields
		for property, s := range schema.Value.Properties {
			f := fields[property]
			if assert.NotNil(t, f, "%s.%s has no field", name, property) && f.kind != kindIgnored {
				want := contractKind(property, s)
				if property == "id" && f.kind == kindKey {
					want = kindKey // a uuid that tells items apart
				}
				assert.Equal(t, want, f.kind, "%s.%s", name, property)
			}
		}
		for property := range fields {
			path := name + "." + property
			_, known := schema.Value.Properties[property]
			assert.True(t, known || beyond[path] != "", "%s is not in the contract", path)
		}
	}
}

// contractKind is how a property is to be read.
func contractKind(name string, ref *openapi3.SchemaRef) kind {
	s := ref.Value
	if len(s.AllOf) == 1 {
		s = s.AllOf[0].Value
	}
	switch {
	case len(s.Enum) > 0:
		return kindEnum
	case s.Type.Is("array") && name == "telemetry":
		return kindRows
	case s.Type.Is("array"):
		return kindList
	case s.Type.Is("object"):
		return kindObject
	case s.Type.Is("number"):
		return kindFloat
	case s.Type.Is("integer"):
		return kindInt
	case s.Type.Is("boolean"):
		return kindBool
	case s.Format == "date-time":
		return kindTime
	case s.Format == "uuid":
		return kindUUID
	}
	return kindString
}

func TestEveryEnumerationIsTheContracts(t *testing.T) {
	doc := published(t, DefaultAPIURL)
	for name, values := range enums {
		var want []string
		for _, v := range doc.Components.Schemas[name].Value.Enum {
			want = append(want, v.(string))
		}
		assert.Equal(t, want, values, name)
	}
	for name, model := range models {
		for property, f := range newTable(model).fields {
			if f.kind == kindEnum {
				ref := doc.Components.Schemas[name].Value.Properties[property]
				if len(ref.Value.AllOf) == 1 {
					ref = ref.Value.AllOf[0]
				}
				assert.Len(t, f.values, len(ref.Value.Enum), "%s.%s names another enumeration", name, property)
			}
		}
	}
}

// sample is a value that a schema allows: n tells one from the next. Objects deeper than depth are null.
func sample(ref *openapi3.SchemaRef, property string, n, depth int) any {
	s := ref.Value
	if len(s.AllOf) == 1 {
		s = s.AllOf[0].Value
	}
	switch {
	case len(s.Enum) > 0:
		return s.Enum[n%len(s.Enum)]
	case s.Type.Is("array"):
		if depth <= 1 {
			return nil
		}
		return []any{sample(s.Items, "", n, depth-1), sample(s.Items, "", n+1, depth-1)}
	case s.Type.Is("object"):
		if depth == 0 {
			return nil
		}
		o := map[string]any{}
		for name, p := range s.Properties {
			o[name] = sample(p, name, n, depth-1)
		}
		return o
	case s.Type.Is("number"):
		return 17.4999904632568 + float64(n%50)
	case s.Type.Is("integer"):
		return n % 100
	case s.Type.Is("boolean"):
		return n%2 == 0
	case s.Format == "date-time":
		return fmt.Sprintf("2026-09-08T18:%02d:%02d.7034888Z", n/60%60, n%60)
	case s.Format == "uuid":
		return fmt.Sprintf("5e0a2b44-7c1d-4f3e-9a6b-%012x", n+1)
	}
	return fmt.Sprintf("%s %d", strings.ToUpper(property), n)
}

func TestASampleOfEverySchemaIsReadWithoutLoss(t *testing.T) {
	doc := published(t, DefaultAPIURL)
	for name, model := range models {
		t.Run(name, func(t *testing.T) {
			body := marshal(t, sample(doc.Components.Schemas[name], "", 3, 3))
			d := newReader(func(s string) string { return s }).decode(name, body)
			v := reflect.New(model)
			require.NoError(t, d.object(v.Elem(), newTable(model)))
			assert.Equal(t, Report{}, d.report)
			for property, f := range newTable(model).fields {
				if f.kind != kindIgnored && beyond[name+"."+property] == "" {
					assert.False(t, v.Elem().FieldByIndex(f.index).IsZero(), "%s is null", property)
				}
			}
		})
	}
}

package raptclient

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"

	"github.com/rapt-bridge/rapt-bridge/raptclient/contract"
)

// DescriptionEndpoint is where the API may describe itself, below [Options.APIURL], and the endpoint's name in a [Request].
const DescriptionEndpoint = "swagger/v1/swagger.json"

// Description is the API's own description, an OpenAPI document, as far as it publishes one: an [APIError] of 401, 403 or 404
// means that it does not. It is one request, which is not repeated.
func (c *Client) Description(ctx context.Context) ([]byte, error) {
	token, err := c.token(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", DescriptionEndpoint, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.apiURL.JoinPath(DescriptionEndpoint).String(), http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", DescriptionEndpoint, err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	r, err := c.exchange(req, Request{Endpoint: DescriptionEndpoint}, nil)
	switch {
	case err != nil:
		return nil, err
	case !r.ok():
		return nil, c.apiError(r)
	case r.problem != nil:
		return nil, r.problem
	case looksLikeHTML(r.header, r.body):
		return nil, c.bodyError(r, &bodyProblem{problem: BodyHTML})
	}
	return r.body, nil
}

// Uses is what the client uses of the API, by endpoint.
func Uses() []contract.Use {
	var c Client
	c.bindResources()
	return slices.Concat(
		c.Hydrometers.uses(), c.TemperatureControllers.uses(), c.FermentationChambers.uses(), c.BrewZillas.uses(), c.Stills.uses(),
		c.CanFillers.uses(), c.BondedDevices.uses(), c.ExternalDevices.uses(), c.Profiles.uses(), c.ProfileTypes.uses())
}

func (f resourceFacts) use(endpoint, method string, reply *contract.Shape, parameters ...string) contract.Use {
	return contract.Use{Endpoint: f.name + "/" + endpoint, Method: method, Parameters: parameters, Reply: reply}
}

func (r Resource[D, T]) uses() []contract.Use {
	f := r.facts
	telemetry := []string{f.idParam, "startDate", "endDate"}
	if f.sessions {
		telemetry = append(telemetry, "profileSessionId")
	}
	return []contract.Use{
		f.use(f.list, http.MethodGet, listOf[D]()), f.use(f.get, http.MethodGet, shapeOf[D](), f.idParam),
		f.use("GetTelemetry", http.MethodGet, listOf[T](), telemetry...),
	}
}

func (r Collection[L, D]) uses() []contract.Use {
	f := r.facts
	return []contract.Use{f.use(f.list, http.MethodGet, listOf[L]()), f.use(f.get, http.MethodGet, shapeOf[D](), f.idParam)}
}

// setterFacts is a setter and its parameters beside the device's id. A test holds the tables against what the setters send.
type setterFacts struct {
	name       string
	parameters []string
}

var (
	controllerSetters = []setterFacts{
		{"SetTargetTemperature", []string{"target"}}, {"SetPIDEnabled", []string{"state"}}, {"SetPID", []string{"p", "i", "d"}},
	}
	kettleSetters = []setterFacts{
		{"SetHeatingEnabled", []string{"state"}}, {"SetHeatingUtilisation", []string{"utilisation"}},
		{"SetPumpEnabled", []string{"state"}}, {"SetPumpUtilisation", []string{"utilisation"}},
	}
)

func (f resourceFacts) setters(of []setterFacts) (out []contract.Use) {
	for _, s := range of {
		out = append(out, f.use(s.name, http.MethodPost, &contract.Shape{Type: contract.Boolean}, append([]string{f.idParam}, s.parameters...)...))
	}
	return out
}

func (r ControllerResource[D, T]) uses() []contract.Use {
	return append(r.Resource.uses(), r.facts.setters(controllerSetters)...)
}

func (r KettleResource[D, T]) uses() []contract.Use {
	return append(r.ControllerResource.uses(), r.facts.setters(kettleSetters)...)
}

func (r ExternalDeviceResource) uses() []contract.Use {
	return append(r.Resource.uses(), r.facts.use("Telemetry", http.MethodPost, nil, r.facts.idParam))
}

// beyondContract are the fields that are read although the published contract lacks them, and why.
var beyondContract = map[reflect.Type]map[string]string{
	reflect.TypeFor[Still](): {"pumpEnabled": "the contract has its setter", "pumpUtilisation": "the contract has its setter"},
}

func shapeOf[D any]() *contract.Shape {
	t := reflect.TypeFor[D]()
	return newTable(t).shape(t)
}

func listOf[D any]() *contract.Shape {
	return &contract.Shape{Type: contract.List, Items: shapeOf[D]()}
}

// shapes are the kinds of a field as the contract has them.
var shapes = map[kind]contract.Shape{
	kindIgnored: {}, kindString: {Type: contract.Text}, kindEnum: {Type: contract.Text}, kindFloat: {Type: contract.Number},
	kindInt: {Type: contract.Integer}, kindBool: {Type: contract.Boolean}, kindTime: {Type: contract.Text, Format: "date-time"},
	kindKey: {Type: contract.Text, Format: "uuid"}, kindUUID: {Type: contract.Text, Format: "uuid"},
}

// shape is what a table says of the object that is read into a type.
func (tb *table) shape(t reflect.Type) *contract.Shape {
	out := &contract.Shape{Name: t.Name(), Type: contract.Object, Fields: map[string]*contract.Shape{}}
	for name, f := range tb.fields {
		s := shapes[f.kind]
		switch {
		case f.kind == kindObject:
			s = *f.item.shape(t.FieldByIndex(f.index).Type.Elem())
		case f.item != nil:
			s = contract.Shape{Type: contract.List, Items: f.item.shape(t.FieldByIndex(f.index).Type.Elem())}
		}
		for value := range f.values {
			s.Values = append(s.Values, value)
		}
		slices.Sort(s.Values)
		_, s.Beyond = beyondContract[t][name]
		out.Fields[name] = &s
	}
	return out
}

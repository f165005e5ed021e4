package raptclient

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"time"

	"github.com/rapt-bridge/rapt-bridge/internal/text"
)

// resourceFacts is what the contract says of one resource's endpoints.
type resourceFacts struct {
	name, list, get string
	// idParam is the query parameter that names one item.
	idParam string
	// sessions is set where GetTelemetry takes a profileSessionId.
	sessions bool
}

// bindResources has one row for each family and each collection.
func (c *Client) bindResources() {
	c.Hydrometers.bind(c, resourceFacts{"Hydrometers", "GetHydrometers", "GetHydrometer", "hydrometerId", true})
	c.TemperatureControllers.bind(c, resourceFacts{"TemperatureControllers", "GetTemperatureControllers", "GetTemperatureController", "temperatureControllerId", true})
	c.FermentationChambers.bind(c, resourceFacts{"FermentationChambers", "GetFermentationChambers", "GetFermentationChamber", "fermentationChamberId", true})
	c.BrewZillas.bind(c, resourceFacts{"BrewZillas", "GetBrewZillas", "GetBrewZilla", "brewZillaId", true})
	c.Stills.bind(c, resourceFacts{"Stills", "GetStills", "GetStill", "stillId", true})
	c.CanFillers.bind(c, resourceFacts{"CanFillers", "GetCanFillers", "GetCanFiller", "canFillerId", false})
	c.BondedDevices.bind(c, resourceFacts{"BondedDevices", "GetBondedDevices", "GetBondedDevice", "bondedDeviceId", false})
	c.ExternalDevices.bind(c, resourceFacts{"ExternalDevices", "GetAll", "Get", "deviceId", false})
	c.Profiles.bind(c, resourceFacts{"Profiles", "GetProfiles", "GetProfile", "profileId", false})
	c.ProfileTypes.bind(c, resourceFacts{"ProfileTypes", "GetAll", "Get", "id", false})
}

func (r *Resource[D, T]) bind(c *Client, facts resourceFacts)   { r.c, r.facts = c, facts }
func (r *Collection[L, D]) bind(c *Client, facts resourceFacts) { r.c, r.facts = c, facts }

// Resource reads the devices D of one family and their telemetry T.
type Resource[D, T any] struct {
	c     *Client
	facts resourceFacts
}

// Collection reads profiles or profile types: List answers with L, Get with D.
type Collection[L, D any] struct {
	c     *Client
	facts resourceFacts
}

// TelemetryQuery narrows what [Resource.Telemetry] answers with. What is zero is not sent; the contract says nothing of
// the cloud's own limits.
type TelemetryQuery struct {
	Start, End time.Time
	// ProfileSessionID is for the families that can run a profile; the others refuse it without a request.
	ProfileSessionID string
}

// List is the newest reading of every device of the family in one request.
func (r Resource[D, T]) List(ctx context.Context) (List[D], error) {
	return fetchList[D](ctx, r.c, r.facts.name, r.facts.name+"/"+r.facts.list, nil)
}

// Get is the newest reading of the device with this id.
func (r Resource[D, T]) Get(ctx context.Context, id string) (Item[D], error) {
	return fetchItem[D](ctx, r.c, r.facts, id)
}

// Telemetry is the history of the device with this id: every reading that the cloud has of it within the query's times,
// oldest first by createdOn. The cloud may leave out the rest of a long time without a word (open): ask on from where the
// reply stops. A reply over [MaxBody], which a device that reports every minute reaches in some two weeks, is a [BodyError] of
// the problem [BodyTooLarge]: ask for less.
func (r Resource[D, T]) Telemetry(ctx context.Context, id string, q TelemetryQuery) (List[T], error) {
	var items []T
	report, err := r.EachTelemetry(ctx, id, q, func(row *T) { items = append(items, *row) })
	if err != nil {
		return List[T]{}, err
	}
	oldestFirst(reflect.ValueOf(&items).Elem())
	return List[T]{items, report}, nil
}

// EachTelemetry hands the rows of the history on as they come, in the cloud's order, which may be any: a long one takes little
// memory then. A row is take's until take returns. After an error what was taken is not whole.
func (r Resource[D, T]) EachTelemetry(ctx context.Context, id string, q TelemetryQuery, take func(*T)) (Report, error) {
	endpoint := r.facts.name + "/GetTelemetry"
	query, err := r.facts.query(id)
	if err != nil {
		return Report{}, err
	}
	for name, t := range map[string]time.Time{"startDate": q.Start, "endDate": q.End} {
		if !t.IsZero() {
			query.Set(name, formatTime(t))
		}
	}
	if q.ProfileSessionID != "" {
		session, ok := text.UUID(q.ProfileSessionID)
		switch {
		case !r.facts.sessions:
			return Report{}, fmt.Errorf("%s: %w", endpoint, &ArgumentError{"profileSessionId", "is not taken by this family"})
		case !ok:
			return Report{}, fmt.Errorf("%s: %w", endpoint, &ArgumentError{"profileSessionId", "is not a uuid"})
		}
		query.Set("profileSessionId", session)
	}
	var report Report
	_, err = r.c.do(ctx, call{endpoint: endpoint, method: http.MethodGet, query: query, read: func(body io.Reader) (err error) {
		report, err = decodeRows(r.c.reader, r.facts.name, body, take)
		return err
	}})
	if err != nil {
		return Report{}, err
	}
	r.c.reader.addWaiting(&report)
	return report, nil
}

// List is all items of the collection. Of profile types the contract says that their list holds profiles.
func (r Collection[L, D]) List(ctx context.Context) (List[L], error) {
	return fetchList[L](ctx, r.c, r.facts.name, r.facts.name+"/"+r.facts.list, nil)
}

// Get is the item with this id.
func (r Collection[L, D]) Get(ctx context.Context, id string) (Item[D], error) {
	return fetchItem[D](ctx, r.c, r.facts, id)
}

// query is the query string that names one item.
func (f resourceFacts) query(id string) (url.Values, error) {
	uuid, ok := text.UUID(id)
	if !ok {
		return nil, fmt.Errorf("%s: %w", f.name, &ArgumentError{f.idParam, "is not a uuid"})
	}
	return url.Values{f.idParam: {uuid}}, nil
}

// formatTime writes t in UTC with a Z: a "+" in a date would have to be escaped, and not every server unescapes it.
func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999Z07:00") }

func fetchList[D any](ctx context.Context, c *Client, resource, endpoint string, query url.Values) (List[D], error) {
	reply, err := c.do(ctx, call{endpoint: endpoint, method: http.MethodGet, query: query})
	if err != nil {
		return List[D]{}, err
	}
	list, err := decodeList[D](c.reader, resource, reply.body)
	if err != nil {
		return List[D]{}, c.bodyError(reply, err)
	}
	c.reader.addWaiting(&list.Report)
	return list, nil
}

func fetchItem[D any](ctx context.Context, c *Client, facts resourceFacts, id string) (Item[D], error) {
	query, err := facts.query(id)
	if err != nil {
		return Item[D]{}, err
	}
	reply, err := c.do(ctx, call{endpoint: facts.name + "/" + facts.get, method: http.MethodGet, query: query})
	if err != nil {
		return Item[D]{}, err
	}
	item, err := decodeItem[D](c.reader, facts.name, reply.body, query.Get(facts.idParam))
	if err != nil {
		return Item[D]{}, c.bodyError(reply, err)
	}
	c.reader.addWaiting(&item.Report)
	return item, nil
}

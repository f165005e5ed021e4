package raptclient_test

import (
	"context"
	"errors"
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// newSimulated is a cloud at noon with the demo brewery or the given devices, and a client of it.
func newSimulated(t *testing.T, telemetry raptsim.Telemetry, devices ...raptsim.DeviceSpec) (*raptsim.Cloud, *raptclient.Client) {
	t.Helper()
	cloud := raptsim.New(raptsim.Options{Now: func() time.Time { return noon }, Latency: &raptsim.Latency{}, Telemetry: telemetry, Devices: devices})
	client, err := raptclient.New(raptclient.Options{
		APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "brewer@example.com", APISecret: "demo-secret",
		Transport: cloud.Transport(), Now: func() time.Time { return noon },
	})
	require.NoError(t, err)
	return cloud, client
}

// history are the common parts of a device's rows.
type history struct {
	rows   []raptclient.TelemetryRow
	report raptclient.Report
}

type asker func(context.Context, string, raptclient.TelemetryQuery) (history, error)

func ask[D, T any](r raptclient.Resource[D, T], row func(*T) raptclient.TelemetryRow) asker {
	return func(ctx context.Context, id string, q raptclient.TelemetryQuery) (history, error) {
		list, err := r.Telemetry(ctx, id, q)
		h := history{report: list.Report}
		for i := range list.Items {
			h.rows = append(h.rows, row(&list.Items[i]))
		}
		return h, err
	}
}

func askers(c *raptclient.Client) map[string]asker {
	return map[string]asker{
		raptsim.Hydrometer:            ask(c.Hydrometers, func(r *raptclient.HydrometerTelemetry) raptclient.TelemetryRow { return r.TelemetryRow }),
		raptsim.TemperatureController: ask(c.TemperatureControllers.Resource, func(r *raptclient.TemperatureControllerTelemetry) raptclient.TelemetryRow { return r.TelemetryRow }),
		raptsim.FermentationChamber:   ask(c.FermentationChambers.Resource, func(r *raptclient.FermentationChamberTelemetry) raptclient.TelemetryRow { return r.TelemetryRow }),
		raptsim.BrewZilla:             ask(c.BrewZillas.Resource, func(r *raptclient.BrewZillaTelemetry) raptclient.TelemetryRow { return r.TelemetryRow }),
		raptsim.Still:                 ask(c.Stills.Resource, func(r *raptclient.StillTelemetry) raptclient.TelemetryRow { return r.TelemetryRow }),
		raptsim.CanFiller:             ask(c.CanFillers, func(r *raptclient.CanFillerTelemetry) raptclient.TelemetryRow { return r.TelemetryRow }),
		raptsim.BondedDevice:          ask(c.BondedDevices, func(r *raptclient.BondedDeviceTelemetry) raptclient.TelemetryRow { return r.TelemetryRow }),
		raptsim.ExternalDevice:        ask(c.ExternalDevices.Resource, func(r *raptclient.ExternalDeviceTelemetry) raptclient.TelemetryRow { return r.TelemetryRow }),
	}
}

func TestTheHistoryOfEveryFamilyIsReadWholeAndOldestFirst(t *testing.T) {
	for _, order := range []raptsim.RowOrder{raptsim.OldestFirst, raptsim.NewestFirst, raptsim.Shuffled} {
		cloud, client := newSimulated(t, raptsim.Telemetry{Past: 12 * time.Hour, Order: order})
		all := askers(client)
		for _, d := range cloud.Devices() {
			h, err := all[d.Family](t.Context(), d.ID, raptclient.TelemetryQuery{})
			require.NoError(t, err)
			assert.Equal(t, raptclient.Report{}, h.report, "nothing that the contract doesn't have")
			visible := 0
			for _, r := range cloud.Reports(d.ID) {
				if !r.VisibleAt.After(noon) {
					visible++
				}
			}
			require.Len(t, h.rows, visible, d.Name)
			assert.True(t, sort.SliceIsSorted(h.rows, func(i, j int) bool { return h.rows[i].CreatedOn.V.Before(h.rows[j].CreatedOn.V) }), d.Name)
			keys := map[string]bool{}
			for _, r := range h.rows {
				keys[r.RowKey.V] = true
			}
			assert.Len(t, keys, visible, d.Name)
		}
	}
}

func TestAReadingHasAllItsValuesInTheHistory(t *testing.T) {
	_, client := newSimulated(t, raptsim.Telemetry{Past: 24 * time.Hour})
	pills, err := client.Hydrometers.List(t.Context())
	require.NoError(t, err)
	pill := pills.Items[0]
	rows, err := client.Hydrometers.Telemetry(t.Context(), pill.ID, raptclient.TelemetryQuery{Start: noon.Add(-2 * time.Hour)})
	require.NoError(t, err)
	last := rows.Items[len(rows.Items)-1]
	assert.Equal(t, pill.LastActivityTime, last.CreatedOn)
	assert.Equal(t, pill.Gravity, last.Gravity)
	assert.Equal(t, pill.GravityVelocity, last.GravityVelocity)
	assert.Equal(t, pill.Temperature, last.Temperature)
	assert.Equal(t, pill.Battery, last.Battery)
	assert.Equal(t, pill.RSSI, last.RSSI)

	chambers, err := client.FermentationChambers.List(t.Context())
	require.NoError(t, err)
	fridge := chambers.Items[0]
	session := fridge.ActiveProfileSession
	require.NotNil(t, session)
	require.NotNil(t, session.Yeast)
	assert.Equal(t, raptclient.Some(81.0), session.Yeast.Attenuation)
	q := raptclient.TelemetryQuery{ProfileSessionID: session.ID.V}
	during, err := client.FermentationChambers.Telemetry(t.Context(), fridge.ID, q)
	require.NoError(t, err)
	require.NotEmpty(t, during.Items)
	for _, r := range during.Items {
		assert.Equal(t, session.ProfileID, r.ProfileID)
		assert.Equal(t, session.StartDate.V.Unix(), r.ProfileSessionStartDate.V.Unix())
	}
}

func TestAHistoryThatStopsShortIsWholeWhenItIsAskedOn(t *testing.T) {
	cloud, client := newSimulated(t, raptsim.Telemetry{Past: 24 * time.Hour, RowsPerReply: 25})
	ask := askers(client)[raptsim.Hydrometer]
	id := cloud.Devices()[0].ID
	var rows []raptclient.TelemetryRow
	requests := 0
	for start := noon.Add(-48 * time.Hour); ; requests++ {
		h, err := ask(t.Context(), id, raptclient.TelemetryQuery{Start: start})
		require.NoError(t, err)
		if len(h.rows) == 0 {
			break
		}
		rows = append(rows, h.rows...)
		start = rows[len(rows)-1].CreatedOn.V.Add(time.Millisecond)
	}
	assert.InDelta(t, 4, requests, 1)
	assert.InDelta(t, 96, len(rows), 6)

	cloud.SetTelemetry(raptsim.Telemetry{Empty: true})
	h, err := ask(t.Context(), id, raptclient.TelemetryQuery{})
	require.NoError(t, err)
	assert.Empty(t, h.rows)

	cloud.SetTelemetry(raptsim.Telemetry{MissingKeyEvery: 1})
	h, err = ask(t.Context(), id, raptclient.TelemetryQuery{})
	require.NoError(t, err)
	assert.False(t, h.rows[0].RowKey.Valid)
	assert.Zero(t, h.report.WrongType)
}

func TestAHistoryThatIsTooLongOrCutSaysSo(t *testing.T) {
	const kegerator = "11111111-2222-4333-8444-555555555555"
	cloud, client := newSimulated(t, raptsim.Telemetry{Past: 20 * 24 * time.Hour},
		raptsim.DeviceSpec{Family: raptsim.TemperatureController, ID: kegerator, Name: "Kegerator", ReportEvery: time.Minute, TimeDigits: 7})
	ask := askers(client)[raptsim.TemperatureController]
	problem := func(q raptclient.TelemetryQuery) raptclient.BodyProblem {
		_, err := ask(t.Context(), kegerator, q)
		var body *raptclient.BodyError
		require.True(t, errors.As(err, &body), "%v", err)
		assert.True(t, raptclient.Temporary(err))
		return body.Problem
	}
	assert.Equal(t, raptclient.BodyTooLarge, problem(raptclient.TelemetryQuery{}))
	day := raptclient.TelemetryQuery{Start: noon.AddDate(0, 0, -1)}
	h, err := ask(t.Context(), kegerator, day)
	require.NoError(t, err)
	assert.InDelta(t, 1440, len(h.rows), 3)
	defer cloud.Inject(raptsim.Fault{Path: "*/GetTelemetry", CutBody: true})()
	assert.Equal(t, raptclient.BodyCut, problem(day))
}

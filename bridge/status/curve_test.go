package status

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// fermenting is a client of a simulated cloud with two days of readings of one batch.
func fermenting(t *testing.T) *raptclient.Client {
	t.Helper()
	cloud := raptsim.New(raptsim.Options{OneBatch: true, Latency: &raptsim.Latency{}, Telemetry: raptsim.Telemetry{Past: 48 * time.Hour}})
	client, err := raptclient.New(raptclient.Options{
		APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "brewer@example.com", APISecret: "demo-secret", Transport: cloud.Transport(),
	})
	require.NoError(t, err)
	return client
}

// A hydrometer's rows become its curve, whichever way they come; a controller has none.
func TestAHydrometersRowsBecomeItsCurve(t *testing.T) {
	client := fermenting(t)
	p := NewPage(time.Now)
	for _, f := range device.Families() {
		list, err := f.List(t.Context(), client)
		require.NoError(t, err)
		for _, r := range list.Readings {
			ref := device.Ref{Family: f.Name, ID: r.ID()}
			rows, err := f.Telemetry(t.Context(), client, ref.ID, time.Now().Add(-24*time.Hour), time.Now())
			require.NoError(t, err)
			p.AddRows(ref, rows.Rows)
			assert.Empty(t, p.Device(ref).Curve, "a device that is not known yet")
			p.Accept(device.Update{Ref: ref, Reading: r})
			v, _ := r.Value("gravity")
			if _, measures := v.Number(); !measures {
				p.AddRows(ref, rows.Rows)
				assert.Empty(t, p.Device(ref).Curve, f.Name)
				continue
			}
			assert.Len(t, p.Device(ref).Curve, 1, f.Name)
			p.AddRows(ref, rows.Rows)
			full := p.Device(ref).Curve
			assert.Greater(t, len(full), 20, f.Name)
			p.Accept(device.Update{Ref: ref, Reading: r})
			assert.Len(t, p.Device(ref).Curve, len(full), "a reading that is known already")
		}
	}
	pill := p.Device(device.Ref{Family: "hydrometer", ID: raptsim.DemoBrewery()[0].ID})
	assert.NotEmpty(t, pill.Paired)
	for _, f := range device.Families() {
		if c := p.Device(device.Ref{Family: f.Name, ID: pill.Paired}); c.Name != "" || c.Target.Valid {
			assert.Equal(t, c.Target.V, p.targetOf(pill.Paired))
		}
	}
	p.Hooked(noon)
	assert.Equal(t, noon, shown(p).LastHook)
}

// A row that the cloud dates years ahead comes between two that are right.
func TestARowFromTheFarFutureTakesNothingFromTheCurve(t *testing.T) {
	client := fermenting(t)
	pill := device.Families()[0]
	list, err := pill.List(t.Context(), client)
	require.NoError(t, err)
	reading := list.Readings[0]
	ref := device.Ref{Family: pill.Name, ID: reading.ID()}
	rows, err := pill.Telemetry(t.Context(), client, ref.ID, time.Now().Add(-24*time.Hour), time.Now())
	require.NoError(t, err)
	forged := rows.Rows[0]
	forged.At = time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)

	p, want := NewPage(time.Now), NewPage(time.Now)
	for _, page := range []*Page{p, want} {
		page.Accept(device.Update{Ref: ref, Reading: reading})
		page.AddRows(ref, rows.Rows[:len(rows.Rows)/2])
	}
	p.AddRows(ref, []device.Telemetry{forged})
	for _, page := range []*Page{p, want} {
		page.AddRows(ref, rows.Rows[len(rows.Rows)/2:])
	}
	assert.Greater(t, len(want.Device(ref).Curve), 20)
	assert.Equal(t, fmt.Sprint(want.Device(ref).Curve), fmt.Sprint(p.Device(ref).Curve)) // NaN is not NaN
}

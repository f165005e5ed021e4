package fermentation

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// A row of the cloud's history that is dated years ahead comes between two that are right.
func TestARowFromTheFarFutureChangesNoBatch(t *testing.T) {
	now := begin
	cloud := raptsim.New(raptsim.Options{
		OneBatch: true, Latency: &raptsim.Latency{}, Now: func() time.Time { return now }, Telemetry: raptsim.Telemetry{Past: 72 * time.Hour}, Devices: raptsim.FermentingBrewery(),
	})
	client, err := raptclient.New(raptclient.Options{
		APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "brewer@example.com", APISecret: "demo-secret", Transport: cloud.Transport(),
	})
	require.NoError(t, err)
	family := device.Families()[0]
	list, err := family.List(t.Context(), client)
	require.NoError(t, err)
	ref := device.Ref{Family: family.Name, ID: list.Readings[0].ID()}
	rows, err := family.Telemetry(t.Context(), client, ref.ID, now.Add(-72*time.Hour), now)
	require.NoError(t, err)
	forged := rows.Rows[0]
	forged.At = time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)

	document := func(between ...device.Telemetry) string {
		s := New(Options{})
		s.Accept(device.Update{Ref: ref, Reading: list.Readings[0]}, now)
		half := len(rows.Rows) / 2
		for _, some := range [][]device.Telemetry{rows.Rows[:half], between, rows.Rows[half:]} {
			s.Rows(ref, some)
		}
		return string(run(t, s, now).Document)
	}
	want := document()
	assert.Equal(t, "active", *read(t, []byte(want)).Stage)
	assert.Equal(t, want, document(forged))
}

package device

import (
	"bytes"
	"encoding/json"
	goflag "flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

var update = goflag.Bool("update", false, "write the golden files")

// golden compares a document, indented for its readers, with testdata/<name>.json.
func golden(t *testing.T, name string, document []byte) {
	t.Helper()
	var got bytes.Buffer
	require.NoError(t, json.Indent(&got, document, "", "  "), string(document))
	got.WriteByte('\n')
	file := filepath.Join("testdata", name+".json")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, got.Bytes(), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "run the test with -update and read what it writes")
	assert.Equal(t, string(want), got.String())
}

// TestStateDocumentsAreAsReviewed has the first device of every family in the demo brewery, two hours after its start.
func TestStateDocumentsAreAsReviewed(t *testing.T) {
	now := noon
	cloud := raptsim.New(raptsim.Options{Now: func() time.Time { return now }, ReportLagMax: -1, Latency: &raptsim.Latency{}})
	now = now.Add(2 * time.Hour)
	client, err := raptclient.New(raptclient.Options{
		APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "brewer@example.com", APISecret: "demo-secret",
		Transport: cloud.Transport(), Now: func() time.Time { return now },
	})
	require.NoError(t, err)
	for _, f := range Families() {
		t.Run(string(f.Name), func(t *testing.T) {
			list, err := f.List(t.Context(), client)
			require.NoError(t, err)
			require.NotEmpty(t, list.Readings)
			r := list.Readings[0]
			found := Derived{Interval: 15 * time.Minute, Expected: now.Add(4 * time.Minute), Heating: raptclient.Some(true), Cooling: raptclient.Some(false)}
			golden(t, "state_"+string(f.Name), r.AppendJSON(nil, &found))

			one, _, err := f.Get(t.Context(), client, r.ID())
			require.NoError(t, err)
			assert.Equal(t, string(r.AppendJSON(nil, &found)), string(one.AppendJSON(nil, &found)), "the single device is the same")
		})
	}
}

// TestADeviceThatIsNothingButAnID is null all over, whatever is computed from what.
func TestADeviceThatIsNothingButAnID(t *testing.T) {
	for _, f := range Families() {
		doc := nothingKnown(t, f)
		assert.Len(t, doc, len(f.Rows))
		for key, v := range doc {
			assert.Nil(t, v, "%s %s", f.Name, key)
		}
	}
}

func TestNumbersAreWrittenAsPeopleReadThem(t *testing.T) {
	for want, c := range map[string]struct {
		v        Value
		decimals int
	}{
		"18.5":                            {Number(18.500000381469727), 2},
		"18.57":                           {Number(18.567), 2},
		"0":                               {Number(-0.001), 2},
		"1000000000000000000000000000000": {Number(1e30), 2},
		"null":                            {Value{}, 2},
		"7":                               {Number(6.6), 0},
	} {
		got := string(c.v.AppendJSON(nil, c.decimals))
		assert.Equal(t, want, got)
	}
}

func TestActionsAreWhatTheCountersShow(t *testing.T) {
	const yes, no = true, false
	some := raptclient.Some[bool]
	for _, c := range []struct {
		is   string
		mode Value
		d    Derived
		want Value
	}{
		{"off", word("off"), Derived{Heating: some(yes)}, word("off")},
		{"heating", word("heat_cool"), Derived{Heating: some(yes), Cooling: some(no)}, word("heating")},
		{"cooling", word("heat_cool"), Derived{Heating: some(no), Cooling: some(yes)}, word("cooling")},
		{"idle", word("heat"), Derived{Heating: some(no)}, word("idle")},
		{"not known yet", word("heat"), Derived{}, Value{}},
	} {
		assert.Equal(t, c.want, action(c.mode, &c.d), c.is)
	}
	n := raptclient.Some[float64]
	assert.Equal(t, some(yes), advanced(n(10), n(11)))
	assert.Equal(t, some(no), advanced(n(10), n(10)))
	assert.Equal(t, boolean{}, advanced(n(10), n(3)), "a counter that was reset says nothing")
	assert.Equal(t, boolean{}, advanced(float{}, n(3)))
}

func TestWhatIsComputedFromGravity(t *testing.T) {
	n := func(v float64) float { return raptclient.Some(v) }
	assert.InDelta(t, 12.39, plato(n(1.050)).V, 0.02)
	assert.InDelta(t, 0, plato(n(1.000)).V, 0.01)
	assert.InDelta(t, 1.05, sessionGravity(n(1050)).V, 1e-9)
	assert.InDelta(t, 1.05, sessionGravity(n(1.05)).V, 1e-9)
	assert.False(t, sessionGravity(n(12.4)).Valid, "°P perhaps, which is not guessed")
}

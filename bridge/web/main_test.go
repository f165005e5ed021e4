package web

import (
	"flag"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// golden compares with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update to make it")
	assert.Equal(t, string(want), string(got))
}

// noon is now in these tests.
var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func before(d time.Duration) time.Time { return noon.Add(-d) }

// at is a clock that stands still.
func at(t time.Time) func() time.Time { return func() time.Time { return t } }

// brewing is a bridge at work at noon. Each call returns one of its own.
func brewing() *Snapshot {
	known := raptclient.Some[float64]
	s := &Snapshot{
		At: noon, Started: before(50 * time.Hour), Version: "v1.2.3",
		Connected: true, Since: before(3 * time.Hour),
		APIStatus: "ok", LastSuccessfulPoll: before(40 * time.Second), NextRequest: before(-2 * time.Minute), Pushed: 1, LastHook: before(3 * time.Minute),
		RequestsLastHour: 42, RequestsPerHour: 240, RequestsRemaining: 198, UnknownFields: 2,
		Day: make([]int, 96),
		Devices: []DeviceStatus{
			{Family: discovery.FermentationChamber, ID: "fridge", Name: "Fridge", LastActivity: before(5 * time.Second), Expected: noon,
				Temperature: known(-0.5), Target: known(18), Heating: true, Online: true},
			{Family: discovery.Hydrometer, ID: "pill", Name: "Yellow", LastActivity: before(14 * time.Minute), Expected: before(-46 * time.Minute),
				Temperature: known(19.06), Gravity: known(1.0485), Battery: known(87.4), Online: true, Paired: "fridge",
				Curve: fermenting(before(4*24*time.Hour), 4*24),
				Batch: &Batch{
					Name: "Pale ale", Number: 3, Began: before(4 * 24 * time.Hour), Day: 5, Stage: "active",
					OriginalGravity: known(1.0621), Gravity: known(1.0279), ExpectedFinalGravity: known(1.012), ABV: known(4.53),
					EarliestEnd: before(-26 * time.Hour), ExpectedEnd: before(-50 * time.Hour), LatestEnd: before(-72 * time.Hour),
				}},
			{Family: discovery.Hydrometer, ID: "red", Name: "Red", LastActivity: before(time.Hour), Temperature: known(4), Gravity: known(1.01), Online: true},
			{Family: discovery.BrewZilla, Name: "<script>alert(1)</script>", LastActivity: before(72 * time.Hour), Expected: before(70 * time.Hour)},
			{Family: discovery.ExternalDevice, Name: "\r\u202e"},
		},
		Commands: []CommandRecord{
			{At: before(20 * time.Minute), Device: "Fridge", Key: "target_temperature", Value: "18.5", Outcome: "applied"},
			{At: before(10 * time.Minute), Device: "Fridge", Key: "target_temperature", Value: "99", Outcome: "rejected", Error: "99 is above 40"},
		},
		Problems: []Problem{
			{At: before(30 * time.Hour), Text: "MQTT: dial tcp: connection refused", Count: 7},
			{At: before(10 * time.Minute), Text: "sign-in: no account brewer@example.com", Count: 1},
		},
	}
	for i := range s.Day {
		s.Day[i] = i * 7 % 13
	}
	return s
}

// fermenting is a curve of so many hours, with the target of the controller in its second half.
func fermenting(from time.Time, hours int) (c Curve) {
	for i := range hours {
		target := math.NaN()
		if i >= hours/2 {
			target = 18
		}
		c = c.With(NewPoint(from.Add(time.Duration(i)*time.Hour), 1.012+0.05*math.Exp(-float64(i)/48), 18+float64(i%5)/5, target))
	}
	return c
}

// with is a bridge at work but for some changes.
func with(change func(*Snapshot)) *Snapshot {
	s := brewing()
	change(s)
	return s
}

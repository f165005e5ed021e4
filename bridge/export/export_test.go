package export

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func cloudOf(t *testing.T, o raptsim.Options) (*raptsim.Cloud, Source) {
	t.Helper()
	o.Latency, o.ReportLagMax = &raptsim.Latency{}, -1
	if o.Devices == nil {
		o.Devices = []raptsim.DeviceSpec{{Family: raptsim.Hydrometer, Name: "Pill", ReportEvery: 15 * time.Minute, Jitter: 0.01, Miss: 0.02, TimeDigits: 7}}
	}
	cloud := raptsim.New(o)
	client, err := raptclient.New(raptclient.Options{
		APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "brewer@example.com", APISecret: "demo-secret", Transport: cloud.Transport(),
	})
	require.NoError(t, err)
	d := cloud.Devices()[0]
	for _, f := range device.Families() {
		if string(f.Name) == d.Family {
			return cloud, Source{Client: client, Family: f, ID: d.ID, Wait: 20 * time.Second, Limited: func(time.Time) {}}
		}
	}
	return nil, Source{}
}

func (s Source) all(t *testing.T, from, to time.Time) []device.Telemetry {
	t.Helper()
	var out []device.Telemetry
	require.NoError(t, s.Rows(context.Background(), from, to, func(rows []device.Telemetry, _ time.Time) error {
		out = append(out, rows...)
		return nil
	}))
	for i := 1; i < len(out); i++ {
		require.True(t, out[i].At.After(out[i-1].At), "in order, each once")
	}
	return out
}

func TestEveryRowOfTheCloudIsExported(t *testing.T) {
	for name, odd := range map[string]raptsim.Telemetry{
		"as it should be":           {},
		"newest first":              {Order: raptsim.NewestFirst},
		"in no order":               {Order: raptsim.Shuffled},
		"a limit of rows":           {RowsPerReply: 500},
		"a limit, the newest first": {RowsPerReply: 500, Order: raptsim.NewestFirst},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				odd.Past = 120 * 24 * time.Hour
				cloud, s := cloudOf(t, raptsim.Options{Telemetry: odd, KeepReports: 100_000})
				rows := s.all(t, time.Now().AddDate(-3, 0, 0), time.Now())
				reports := cloud.Reports(s.ID)
				assert.Equal(t, len(reports), len(rows))
				assert.Less(t, len(cloud.Requests()), 80)
				assert.Equal(t, 1, cloud.MaxInFlight())
			})
		})
	}
}

func TestADeviceThatReportsEachMinuteFitsTheAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, s := cloudOf(t, raptsim.Options{
			Telemetry:   raptsim.Telemetry{Past: 20 * 24 * time.Hour},
			KeepReports: 100_000,
			Devices:     []raptsim.DeviceSpec{{Family: raptsim.BrewZilla, Name: "Kettle", ReportEvery: time.Minute, TimeDigits: 7}},
		})
		assert.Equal(t, len(cloud.Reports(s.ID)), len(s.all(t, time.Now().AddDate(0, 0, -60), time.Now())))
	})
}

func TestAFailureIsTriedAgainAndThenTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, s := cloudOf(t, raptsim.Options{Telemetry: raptsim.Telemetry{Past: 10 * 24 * time.Hour}})
		cloud.Inject(raptsim.Fault{Path: "Hydrometers/GetTelemetry", Status: 500, Times: 3})
		assert.Equal(t, len(cloud.Reports(s.ID)), len(s.all(t, time.Now().AddDate(0, 0, -20), time.Now())))
		cloud.Inject(raptsim.Fault{Path: "Hydrometers/GetTelemetry", Status: 500})
		err := s.Rows(context.Background(), time.Now().AddDate(0, 0, -20), time.Now(), func([]device.Telemetry, time.Time) error { return nil })
		assert.ErrorContains(t, err, "given up after 5 tries")
	})
}

// anyRows goes on with every file.
func anyRows(Held) error { return nil }

func TestAFileIsGoneOnWith(t *testing.T) {
	for _, format := range []Format{CSV, JSONL} {
		t.Run(string(format), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, s := cloudOf(t, raptsim.Options{Telemetry: raptsim.Telemetry{Past: 3 * 24 * time.Hour}})
				rows := s.all(t, time.Now().AddDate(0, 0, -4), time.Now())
				path := filepath.Join(t.TempDir(), "pill")
				write := func(rows []device.Telemetry) (until time.Time) {
					file, w, until, err := Open(path, format, s.Family, anyRows)
					require.NoError(t, err)
					require.NoError(t, w.Write(s.Family, s.ID, "Pill", rows))
					require.NoError(t, file.Close())
					return until
				}
				assert.Zero(t, write(rows[:100]))
				whole, err := os.ReadFile(path)
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(path, append(whole, "2026-01-01T00:0"...), 0o644), "killed in the middle of a line")
				assert.True(t, write(rows[100:]).Equal(rows[99].At))

				content, err := os.ReadFile(path)
				require.NoError(t, err)
				switch format {
				case CSV:
					lines, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
					require.NoError(t, err)
					require.Len(t, lines, len(rows)+1)
					assert.Equal(t, []string{"at", "row", "rssi", "gravity", "plato", "gravity_velocity", "temperature", "battery"}, lines[0])
					for i, line := range lines[1:] {
						assert.Equal(t, rows[i].At.UTC().Format(time.RFC3339Nano), line[0])
						assert.Equal(t, rows[i].Format("gravity"), line[3])
						assert.NotEmpty(t, line[3])
					}
				case JSONL:
					lines := strings.Split(strings.TrimSpace(string(content)), "\n")
					require.Len(t, lines, len(rows))
					for i, line := range lines {
						var row map[string]any
						require.NoError(t, json.Unmarshal([]byte(line), &row))
						assert.Equal(t, rows[i].Row, row["row"])
						assert.NotContains(t, row, "backfilled")
					}
				}
			})
		})
	}
}

func TestAFileOfAnotherKindIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.txt")
	for _, content := range []string{"my notes\n", "my notes", "at,row,temperature\n2026-01-01T00:00:00Z,1,18\n"} {
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
		for _, format := range []Format{CSV, JSONL} {
			_, _, _, err := Open(path, format, device.Families()[0], anyRows)
			assert.ErrorContains(t, err, "move it away")
			kept, _ := os.ReadFile(path)
			assert.Equal(t, content, string(kept))
		}
	}
}

func TestAFileThatEndsInItsFirstLineBeginsAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pill")
	for format, content := range map[Format]string{CSV: "at,row,rs", JSONL: `{"at":"2026-01-01T0`} {
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
		file, _, until, err := Open(path, format, device.Families()[0], anyRows)
		require.NoError(t, err, format)
		require.NoError(t, file.Close())
		assert.Zero(t, until)
		kept, _ := os.ReadFile(path)
		assert.NotContains(t, string(kept), "2026")
	}
}

func TestDevicesOfDifferentKindsShareATable(t *testing.T) {
	var out bytes.Buffer
	families := device.Families()
	_, err := NewWriter(&out, CSV, families[:2], true, false)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(out.String(), "family,id,name,at,row,rssi,gravity,"), out.String())
	assert.Contains(t, out.String(), ",target_temperature,")
	assert.Equal(t, 1, strings.Count(out.String(), "temperature,battery"))
}

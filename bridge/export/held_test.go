package export

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func TestTheLastRowOfAFileTellsWhoseItIs(t *testing.T) {
	for _, format := range []Format{CSV, JSONL} {
		t.Run(string(format), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pill := raptsim.DeviceSpec{Family: raptsim.Hydrometer, Name: "Pill", ReportEvery: 15 * time.Minute}
				other := pill
				other.Name = "Other"
				cloud, s := cloudOf(t, raptsim.Options{Telemetry: raptsim.Telemetry{Past: 3 * 24 * time.Hour}, Devices: []raptsim.DeviceSpec{pill, other}})
				rows := s.all(t, time.Now().AddDate(0, 0, -4), time.Now())
				path := filepath.Join(t.TempDir(), "pill")
				file, w, _, err := Open(path, format, s.Family, anyRows)
				require.NoError(t, err)
				require.NoError(t, w.Write(s.Family, s.ID, "Pill", rows[20:100]))
				require.NoError(t, file.Close())

				file, _, until, err := Open(path, format, s.Family, func(h Held) error {
					assert.True(t, h.First.Equal(rows[20].At))
					assert.True(t, h.Until.Equal(rows[99].At))
					for id, want := range map[string]bool{s.ID: true, cloud.Devices()[1].ID: false} {
						of := s
						of.ID = id
						has, err := of.Has(context.Background(), h, format)
						require.NoError(t, err)
						assert.Equal(t, want, has)
					}
					return nil
				})
				require.NoError(t, err)
				assert.True(t, until.Equal(rows[99].At))
				require.NoError(t, file.Close())
			})
		})
	}
}

func TestARefusedFileIsLeftAsItIs(t *testing.T) {
	_, s := cloudOf(t, raptsim.Options{})
	path := filepath.Join(t.TempDir(), "pill")
	const content = `{"at":"2026-01-01T00:00:00Z","row":"1"}` + "\n" + `{"at":"2026-01-`
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	_, _, _, err := Open(path, JSONL, s.Family, func(Held) error { return errors.New("it is another device's") })
	assert.EqualError(t, err, path+": it is another device's")
	kept, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, content, string(kept))
}

func TestWhetherTheCloudHasEarlierRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, s := cloudOf(t, raptsim.Options{Telemetry: raptsim.Telemetry{Past: 10 * 24 * time.Hour}})
		rows := s.all(t, time.Now().AddDate(0, 0, -20), time.Now())
		years := time.Now().AddDate(-8, 0, 0)
		for _, c := range []struct {
			name     string
			from, to time.Time
			has      bool
			requests int
		}{
			{"in the middle", years, rows[100].At, true, 1},
			{"the first one alone", years, rows[1].At, true, 1},
			{"none before the first", years, rows[0].At, false, 5},
			{"none in between", rows[99].At.Add(1), rows[100].At, false, 1},
			{"one at the beginning", rows[99].At, rows[100].At, true, 1},
			{"long ago", years, rows[9].At.AddDate(0, 3, 0), true, 2},
			{"nothing asked for", rows[5].At, rows[5].At, false, 0},
		} {
			before := len(cloud.Requests())
			has, err := s.HasBetween(context.Background(), c.from, c.to)
			require.NoError(t, err, c.name)
			assert.Equal(t, c.has, has, c.name)
			assert.Equal(t, c.requests, len(cloud.Requests())-before, c.name)
		}
	})
}

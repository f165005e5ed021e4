package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// madeUp is a file of a made-up fermentation: a day of lag, then 12 points a day until 1.011.
func madeUp() []string {
	lines := []string{"time,gravity,temperature"}
	begin := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for i := range 9 * 48 {
		h := float64(i) / 2
		g := max(1.050-0.0005*max(h-24, 0), 1.011)
		lines = append(lines, fmt.Sprintf("%s,%.4f,19.5", begin.Add(time.Duration(i)*30*time.Minute).Format(time.RFC3339), g))
	}
	return lines
}

func written(t *testing.T, lines []string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ale.csv")
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	return path
}

func TestBatchPrintsALineForEachRow(t *testing.T) {
	lines := madeUp()
	picture := filepath.Join(t.TempDir(), "ale.svg")
	o := ran(t, nil, "batch", "--chart", picture, written(t, lines))
	require.Equal(t, exitOK, o.status, o.stderr)
	assert.Empty(t, o.stderr)
	out := strings.Split(strings.TrimSpace(o.stdout), "\n")
	require.Len(t, out, len(lines)-1)

	type found struct {
		Time            time.Time
		Batch           *string
		OriginalGravity *float64 `json:"original_gravity"`
		Stage           string
		EndExpected     *time.Time `json:"end_expected"`
	}
	forecasts := 0
	for i, line := range out {
		var keys map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &keys))
		assert.Len(t, keys, 12)
		for _, key := range []string{"velocity", "stuck", "disturbed", "end_earliest", "end_latest", "final_gravity_expected", "gravity_filtered"} {
			assert.Contains(t, keys, key)
		}
		var f found
		require.NoError(t, json.Unmarshal([]byte(line), &f))
		assert.Equal(t, strings.Split(lines[i+1], ",")[0], f.Time.Format(time.RFC3339))
		if f.EndExpected != nil {
			forecasts++
		}
	}
	assert.Greater(t, forecasts, 20)
	var last found
	require.NoError(t, json.Unmarshal([]byte(out[len(out)-1]), &last))
	assert.Equal(t, "complete", last.Stage)
	assert.InDelta(t, 1.050, *last.OriginalGravity, 0.0002)
	assert.NotNil(t, last.Batch)

	svg, err := os.ReadFile(picture)
	require.NoError(t, err)
	assert.Contains(t, string(svg), "ale.csv")
	assert.Contains(t, string(svg), ">complete<")
}

func TestBatchKeepsTheOrderOfTheFile(t *testing.T) {
	lines := madeUp()
	want := strings.Split(strings.TrimSpace(ran(t, nil, "batch", written(t, lines)).stdout), "\n")
	backwards := append([]string(nil), lines[:1]...)
	for i := len(lines) - 1; i > 0; i-- {
		backwards = append(backwards, lines[i])
	}
	got := strings.Split(strings.TrimSpace(ran(t, nil, "batch", written(t, backwards)).stdout), "\n")
	require.Len(t, got, len(want))
	for i := range want {
		require.Equal(t, want[i], got[len(got)-1-i])
	}
}

func TestBatchSaysWhatIsWrong(t *testing.T) {
	bad := written(t, []string{"time,gravity", "2026-03-02T09:00:00Z,1.05", "2026-03-02T09:30:00Z,heavy"})
	good := written(t, madeUp())
	for name, test := range map[string]struct {
		args []string
		want string
		code int
	}{
		"a bad line":   {[]string{bad}, bad + `: line 3: gravity: "heavy" is no number`, exitFailed},
		"no such file": {[]string{filepath.Join(t.TempDir(), "none.csv")}, "no such file", exitFailed},
		"a folder":     {[]string{t.TempDir()}, "is a directory", exitFailed},
		"no file":      {nil, "accepts 1 arg", exitConfig},
		"no place":     {[]string{good, "--chart", filepath.Join(t.TempDir(), "none", "x.svg")}, "no such file", exitFailed},
	} {
		t.Run(name, func(t *testing.T) {
			o := ran(t, nil, append([]string{"batch"}, test.args...)...)
			assert.Equal(t, test.code, o.status)
			assert.Contains(t, o.stderr, test.want)
		})
	}
}

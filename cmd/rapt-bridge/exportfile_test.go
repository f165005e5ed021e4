package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func TestExportRefusesAFileThatItCannotComplete(t *testing.T) {
	pill := raptsim.DeviceSpec{Family: raptsim.Hydrometer, Name: "Pill A", ReportEvery: 15 * time.Minute, TimeDigits: 7}
	other := pill
	other.Name = "Pill B"
	cloud, url := served(t, raptsim.Options{
		Latency: &raptsim.Latency{}, Telemetry: raptsim.Telemetry{Past: 6 * 24 * time.Hour}, Devices: []raptsim.DeviceSpec{pill, other},
	})
	broker := startBroker(t, true)
	environ := append(settings(url, broker.address), "RAPT_BRIDGE_RAPT_MAX_REQUESTS_PER_HOUR=20000")
	day := func(days int) string { return "--from=" + time.Now().AddDate(0, 0, -days).Format(time.DateOnly) }
	file := filepath.Join(t.TempDir(), "pill.csv")
	export := func(args ...string) outcome {
		fresh(t, broker) // each run signs in, and the hour has few sign-ins
		return ran(t, environ, append([]string{"export", "--output", file}, args...)...)
	}
	rows := func() int {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		return strings.Count(string(content), "\n") - 1
	}

	o := export("--device", "Pill A", day(1))
	require.Equal(t, exitOK, o.status, o.stderr)
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, content[:len(content)/2], 0o644), "it was interrupted")

	o = export("--device", "Pill B", day(1))
	assert.Equal(t, exitFailed, o.status)
	assert.Contains(t, o.stderr, "pill.csv: the RAPT Cloud has no such reading of this device")
	assert.Contains(t, o.stderr, "choose another --output")

	o = export("--device", "Pill A")
	assert.Equal(t, exitFailed, o.status)
	assert.Contains(t, o.stderr, "the RAPT Cloud has earlier readings")
	kept, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(content[:len(content)/2]), string(kept), "a file that is refused is left as it is")

	_, begins, _ := strings.Cut(o.stderr, "by --from ")
	o = export("--device", "Pill A", "--from", strings.TrimSpace(begins))
	assert.Equal(t, exitOK, o.status, o.stderr)
	assert.GreaterOrEqual(t, rows(), strings.Count(string(content), "\n")-1)

	kept, err = os.ReadFile(file)
	require.NoError(t, err)
	future := append(kept, []byte(strings.Replace(string(kept[strings.LastIndexByte(string(kept[:len(kept)-1]), '\n')+1:]), "20", "21", 1))...)
	require.NoError(t, os.WriteFile(file, future, 0o644))
	o = export("--device", "Pill A", day(1))
	assert.Equal(t, exitFailed, o.status)
	assert.Contains(t, o.stderr, "which is in the future")
	kept, err = os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(future), string(kept), "a file that is refused is left as it is")

	require.NoError(t, os.Remove(file))
	for range 2 {
		o = export("--device", "Pill A", day(20))
		require.Equal(t, exitOK, o.status, "the cloud has none before the first: %s", o.stderr)
		assert.Equal(t, len(cloud.Reports(cloud.Devices()[0].ID)), rows())
	}
}

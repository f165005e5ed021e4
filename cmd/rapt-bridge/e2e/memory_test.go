package e2e

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// most is the most memory that the program has had, in MiB.
func (b *bridge) most(t testing.TB) float64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", b.process.Process.Pid))
	require.NoError(t, err)
	peak := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	require.NotNil(t, peak)
	kilo, err := strconv.ParseFloat(string(peak[1]), 64)
	require.NoError(t, err)
	return kilo / 1024
}

// A new installation of twelve devices takes the month before in, a reading a minute of some of them among it.
func TestAMonthOfTwelveDevicesIsTakenInWithLittleMemory(t *testing.T) {
	t.Parallel()
	broker := startMosquitto(t, t, mosquittoOptions{busy: true})
	cloud := startCloud(t, t, raptsim.Options{Telemetry: raptsim.Telemetry{Past: 31 * day}})
	watcher := newMQTTClient(t, t, broker, "", "")
	program := startBridge(t, t, cloud.account().with(settings{
		"MQTT_URL": broker.url(), "RAPT_MIN_POLL_INTERVAL": "60s", "RAPT_MAX_POLL_INTERVAL": "15m",
	}))
	devices := cloud.devices(t)
	within(t, 15*time.Minute, "the month of every device", func() error {
		for _, d := range devices {
			position, ok := watcher.get("rapt/" + d.Family + "/" + d.ID + "/history")
			if !ok || strings.Contains(position.payload, `"first":true`) {
				return errors.New(d.Name + ": " + position.payload)
			}
		}
		return nil
	})
	rows := 0
	for _, m := range watcher.all() {
		if strings.HasSuffix(m.topic, "/telemetry") {
			rows++
		}
	}
	t.Logf("%d rows, %.1f MiB at the most", rows, program.most(t))
	assert.Greater(t, rows, 150_000)
	assert.Less(t, program.most(t), 60.0, "MiB, with the program's own code, not stripped")
}

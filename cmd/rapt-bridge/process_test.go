package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// BenchmarkProcess starts the program as make build makes it, against a simulated cloud and a broker of this process over
// loopback, and measures what the machine gives for it: the time from the start of the process to the first discovery
// config at the broker, the resident memory after some ten polls of every family, and the size of the binary.
func BenchmarkProcess(b *testing.B) {
	binary := filepath.Join(b.TempDir(), "rapt-bridge")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(b, err, "%s", out)
	info, err := os.Stat(binary)
	require.NoError(b, err)

	for _, c := range []struct {
		name    string
		devices []raptsim.DeviceSpec
		past    time.Duration // of readings that a new installation takes in
	}{
		{"12 devices", raptsim.DemoBrewery(), 0},
		{"12 devices and their month before", raptsim.DemoBrewery(), 31 * 24 * time.Hour},
		{"1000 devices", raptsim.LargeBrewery(1000), 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			for range b.N {
				start, resident, most := processFigures(b, binary, c.devices, c.past)
				b.ReportMetric(float64(start.Microseconds())/1000, "ms-to-first-config")
				b.ReportMetric(resident, "MiB-resident")
				b.ReportMetric(most, "MiB-resident-at-most")
				b.ReportMetric(float64(info.Size())/(1<<20), "MiB-binary")
			}
		})
	}
}

func processFigures(b *testing.B, binary string, devices []raptsim.DeviceSpec, past time.Duration) (start time.Duration, resident, most float64) {
	cloud, url := served(b, raptsim.Options{Devices: devices, Latency: &raptsim.Latency{}, Telemetry: raptsim.Telemetry{Past: past}})
	broker := startBroker(b, false)
	require.NoError(b, broker.Publish("rapt/bridge/state", unusedHour(b), true, 1))

	process := exec.Command(binary, "--rapt-min-poll-interval", "1s", "--rapt-max-poll-interval", "1s", "--rapt-max-requests-per-hour", "100000")
	process.Env = settings(url, broker.address)
	began := time.Now()
	require.NoError(b, process.Start())
	defer func() {
		require.NoError(b, process.Process.Signal(syscall.SIGTERM))
		require.NoError(b, process.Wait(), "it stops without an error")
	}()
	for broker.count("homeassistant/device/", "/config") == 0 {
		require.Less(b, time.Since(began), time.Minute)
		time.Sleep(time.Millisecond)
	}
	start = time.Since(began)
	enough := 1 + 10*8
	require.Eventually(b, func() bool {
		return broker.count("rapt/", "/state") > len(devices) && len(cloud.Requests()) > enough
	}, 2*time.Minute, 100*time.Millisecond)
	if past > 0 {
		require.Eventually(b, func() bool {
			for _, d := range cloud.Devices() {
				if position := broker.payload("rapt/" + d.Family + "/" + d.ID + "/history"); position == "" || strings.Contains(position, `"first":true`) {
					return false
				}
			}
			return true
		}, 10*time.Minute, time.Second)
	}
	status, err := os.ReadFile("/proc/" + strconv.Itoa(process.Process.Pid) + "/status")
	if err != nil {
		b.Skip("resident memory is measured on Linux alone")
	}
	return start, kilobytes(b, string(status), "VmRSS"), kilobytes(b, string(status), "VmHWM")
}

// kilobytes reads a figure of /proc/<pid>/status, in MiB.
func kilobytes(b *testing.B, status, name string) float64 {
	m := regexp.MustCompile(`(?m)^` + name + `:\s+(\d+) kB$`).FindStringSubmatch(status)
	require.NotEmpty(b, m, name)
	kib, err := strconv.ParseFloat(strings.TrimSpace(m[1]), 64)
	require.NoError(b, err)
	return kib / 1024
}

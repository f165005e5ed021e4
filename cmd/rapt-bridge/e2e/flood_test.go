package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// BenchmarkHostileFlood reports how much longer commands and polls take while the status page is flooded with hostile
// requests from the same machine, as ratios. Run it with -benchtime 1x; each run has 100 commands before and 100 during.
func BenchmarkHostileFlood(b *testing.B) {
	broker := startMosquitto(b, b, mosquittoOptions{})
	cloud := startCloud(b, b, raptsim.Options{Speed: 60})
	address := fmt.Sprintf("127.0.0.1:%d", freePort(b))
	startBridge(b, b, cloud.account().with(settings{"MQTT_URL": broker.url(), "HTTP_LISTEN": address}), "run")
	watcher := newMQTTClient(b, b, broker, "", "")
	mirrored(b, watcher, "rapt", len(cloud.devices(b)))
	fridge := "rapt/fermentation_chamber/" + cloud.device(b, raptsim.FermentationChamber).ID

	value := 0
	phase := func() (command, poll float64) {
		page := "http://" + address
		// Both by the bridge's own watch: a test's waiting is too coarse.
		mean := func(name string) func() float64 {
			sum, count := metric(b, page, name+"_sum"), metric(b, page, name+"_count")
			return func() float64 { return (metric(b, page, name+"_sum") - sum) / (metric(b, page, name+"_count") - count) }
		}
		commands, polls, asked := mean("rapt_bridge_command_seconds"), mean("rapt_bridge_poll_seconds"), metric(b, page, "rapt_bridge_poll_seconds_count")
		for range 100 {
			value++
			set := fmt.Sprintf("%.1f", 10+float64(value%100)/10)
			watcher.publish(b, fridge+"/target_temperature/set", set, false)
			watcher.waitFor(b, patience, fridge+"/result", func(p string) bool {
				return strings.Contains(p, `"key":"target_temperature"`) && strings.Contains(p, `"value":`+strings.TrimSuffix(set, ".0")+",")
			})
		}
		// At least some polls in each phase, beside the commands.
		within(b, patience, "polls", func() error {
			if n := metric(b, page, "rapt_bridge_poll_seconds_count"); n < asked+10 {
				return fmt.Errorf("%v", n-asked)
			}
			return nil
		})
		return commands(), polls()
	}
	for b.Loop() {
		command, poll := phase()
		ctx, stop := context.WithCancel(context.Background())
		requests := flood(ctx, address)
		start := time.Now()
		floodedCommand, floodedPoll := phase()
		lasted := time.Since(start)
		stop()
		b.ReportMetric(floodedCommand/command, "command-ratio")
		b.ReportMetric(floodedPoll/poll, "poll-ratio")
		b.ReportMetric(command*1000, "ms/command")
		b.ReportMetric(poll*1000, "ms/poll")
		b.ReportMetric(float64(requests())/lasted.Seconds(), "hostile/s")
	}
}

// flood sends hostile requests until ctx ends; the function waits for the end and returns how many they were.
func flood(ctx context.Context, address string) (requests func() int64) {
	var sent atomic.Int64
	var attackers sync.WaitGroup
	kinds := []string{
		"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"POST /refresh HTTP/1.1\r\nHost: x\r\nOrigin: http://evil.example\r\nConnection: close\r\n\r\n",
		"GET /" + strings.Repeat("../", 300) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nCookie: " + strings.Repeat("x", 30<<10) + "\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	}
	var dialer net.Dialer
	for a := range 32 {
		attackers.Go(func() {
			for i := a; ctx.Err() == nil; i++ {
				conn, err := dialer.DialContext(ctx, "tcp", address)
				if err != nil {
					continue
				}
				_, _ = io.WriteString(conn, kinds[i%len(kinds)])
				_ = conn.(*net.TCPConn).CloseWrite()
				_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond)) // refusals linger
				_, _ = io.Copy(io.Discard, conn)
				_ = conn.Close()
				sent.Add(1)
			}
		})
	}
	// And some that say nothing at all, or take a stream and don't read it.
	for range 40 {
		attackers.Go(func() {
			for ctx.Err() == nil {
				if conn, err := dialer.DialContext(ctx, "tcp", address); err == nil {
					_, _ = io.WriteString(conn, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
					select {
					case <-ctx.Done():
					case <-time.After(3 * time.Second):
					}
					_ = conn.Close()
				}
			}
		})
	}
	return func() int64 { attackers.Wait(); return sent.Load() }
}

package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/bridge"
)

// TestAStopSignalEndsABridgeThatHangs has a loop that never ends and hears nothing.
func TestAStopSignalEndsABridgeThatHangs(t *testing.T) {
	for name, listen := range map[string]string{"with the status page": "127.0.0.1:0", "without": ""} {
		t.Run(name, func(t *testing.T) {
			hangs, release := make(chan struct{}), make(chan struct{})
			defer close(release)
			p, _, stderr := newProgram(append(settings("http://"+closedPort(t), closedPort(t)), "RAPT_BRIDGE_HTTP_LISTEN="+listen))
			p.stopWithin = 50 * time.Millisecond
			p.runBridge = func(context.Context, bridge.Options) error {
				close(hangs)
				<-release
				return nil
			}
			ctx, stop := context.WithCancel(t.Context())
			status := make(chan int, 1)
			go func() { status <- run(ctx, p) }()
			<-hangs
			stop()
			select {
			case got := <-status:
				assert.Equal(t, exitFailed, got)
				assert.Contains(t, stderr.String(), "did not stop within 50ms")
			case <-time.After(20 * time.Second):
				t.Fatal("it runs on")
			}
		})
	}
}

// TestTheLoopsHeartReachesTheHealthCheck has the options that the bridge gets.
func TestTheLoopsHeartReachesTheHealthCheck(t *testing.T) {
	p, _, _ := newProgram(append(settings("http://"+closedPort(t), closedPort(t)), "RAPT_BRIDGE_HTTP_LISTEN=127.0.0.1:0"))
	beats := false
	p.runBridge = func(_ context.Context, o bridge.Options) error {
		beats = o.Heartbeat != nil
		return nil
	}
	assert.Equal(t, exitOK, run(t.Context(), p))
	assert.True(t, beats)
}

package main

import (
	"context"
	"errors"
	"net"
	"strings"
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

// brokenListener is a listener whose socket is gone.
type brokenListener struct{ net.Listener }

func (brokenListener) Accept() (net.Conn, error) { return nil, errors.New("the socket is gone") }

// TestAListenerThatFailsIsTold breaks the listeners of a bridge that runs on: its log tells at once, not when it stops.
func TestAListenerThatFailsIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		env  []string
		logs string
		exit int
	}{
		"status page": {[]string{"RAPT_BRIDGE_HTTP_LISTEN=127.0.0.1:0"}, "the status page can't be shown any more", exitFailed},
		"webhooks": {
			[]string{"RAPT_BRIDGE_HTTP_LISTEN=", "RAPT_BRIDGE_WEBHOOK_LISTEN=127.0.0.1:0", "RAPT_BRIDGE_WEBHOOK_SECRET=" + "q8Zr2vTn5LxWc7KdJm4Hb9"},
			"webhooks can't be taken any more", exitOK,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, _, stderr := newProgram(append(settings("http://"+closedPort(t), closedPort(t)), c.env...))
			p.listenOn = func(address string) (net.Listener, error) {
				listener, err := net.Listen("tcp", address)
				return brokenListener{listener}, err
			}
			p.runBridge = func(ctx context.Context, _ bridge.Options) error {
				<-ctx.Done()
				return nil
			}
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			status := make(chan int, 1)
			go func() { status <- run(ctx, p) }()
			assert.Eventually(t, func() bool { return strings.Contains(stderr.String(), c.logs) }, 20*time.Second, 5*time.Millisecond)
			assert.Contains(t, stderr.String(), "the socket is gone")
			assert.Empty(t, status, "it ended")
			stop()
			assert.Equal(t, c.exit, <-status)
		})
	}
}

package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/testcontainers/testcontainers-go"
	containerlog "github.com/testcontainers/testcontainers-go/log"
	"go.uber.org/goleak"
)

// pictures is the folder that tests of pictures write to; without it they go to the test's artifact folder.
var pictures = flag.String("pictures", "", "folder for the pictures of the README")

// binaryWide is the lifetime of what all tests share.
var binaryWide lifetime

func TestMain(m *testing.M) {
	// The test binary plays the RAPT cloud when a test starts it as one.
	if os.Getenv(cloudVariable) != "" {
		if err := serveCloud(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "cloud:", err)
			os.Exit(1)
		}
		return
	}

	containerlog.SetDefault(quietLogger{})
	flag.Parse()
	// These tests wait for other processes: more of them at once than there are cores.
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		_ = parallel.Value.Set("6")
	}

	// An interrupted run must not leave its containers behind.
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	go func() {
		if _, ok := <-interrupted; ok {
			binaryWide.end()
			os.Exit(130)
		}
	}()

	status := m.Run()
	binaryWide.end()
	signal.Stop(interrupted)
	close(interrupted)
	if status == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
		}
	}
	os.Exit(status)
}

// scope is how long something that a test starts lives: a testing.TB, or binaryWide.
type scope interface{ Cleanup(func()) }

// lifetime calls what was given to Cleanup when it ends, last first.
type lifetime struct {
	mu       sync.Mutex
	cleanups []func()
}

func (l *lifetime) Cleanup(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cleanups = append(l.cleanups, f)
}

func (l *lifetime) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, cleanup := range slices.Backward(l.cleanups) {
		cleanup()
	}
	l.cleanups = nil
}

// needDocker skips a test in short mode and fails it, saying why, where no container can be started.
func needDocker(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts containers: not in short mode")
	}
	if err := dockerHealth(); err != nil {
		t.Fatalf("Docker is missing or not running, and this test needs it: start Docker (try 'docker info'), "+
			"or run 'make test-short' for the tests that need none: %v", err)
	}
}

var dockerHealth = sync.OnceValue(func() (err error) {
	// testcontainers panics where it finds no Docker at all.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	provider, err := testcontainers.NewDockerProvider()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, provider.Close()) }()
	return provider.Health(ctx)
})

// within repeats try until it returns nil, and fails the test with its last error when that takes longer than limit.
// It is for what happens in another process; what happens in this one needs no waiting.
func within(t testing.TB, limit time.Duration, what string, try func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	pause := time.NewTicker(50 * time.Millisecond)
	defer pause.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within %s: %v", what, limit, err)
		case <-pause.C:
		}
	}
}

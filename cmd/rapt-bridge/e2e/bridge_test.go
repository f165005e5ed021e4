package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// bridge is a started rapt-bridge program.
type bridge struct {
	process *exec.Cmd
	output  *buffer
	ended   chan struct{}
}

// program builds rapt-bridge once and returns the path of the binary.
func program(t testing.TB) string {
	t.Helper()
	path, err := builtProgram()
	require.NoError(t, err)
	return path
}

var builtProgram = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "rapt-bridge-")
	if err != nil {
		return "", err
	}
	binaryWide.Cleanup(func() { _ = os.RemoveAll(folder) })
	path := filepath.Join(folder, "rapt-bridge")
	build := exec.Command("go", "build", "-o", path, "github.com/rapt-bridge/rapt-bridge/cmd/rapt-bridge")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// settings are environment variables for the program, without the prefix RAPT_BRIDGE_.
type settings map[string]string

// with returns the settings with more of them; the later ones win.
func (s settings) with(more settings) settings {
	all := settings{}
	for _, set := range []settings{s, more} {
		for key, value := range set {
			all[key] = value
		}
	}
	return all
}

// account are the settings that let the program into a cloud and keep it quick.
func (c *cloud) account() settings {
	return settings{
		"RAPT_USERNAME": "brewer@example.com", "RAPT_API_SECRET": "demo-secret",
		"RAPT_API_URL": c.url, "RAPT_AUTH_URL": c.url,
		"RAPT_MIN_POLL_INTERVAL": "1s", "RAPT_MAX_POLL_INTERVAL": "5s", "RAPT_MAX_REQUESTS_PER_HOUR": "20000",
		"CONTROL_MAX_CHANGES_PER_HOUR": "10000",
	}
}

// startBridge runs the program with nothing configured but what is given. When the scope ends it is asked to stop, and
// killed when it doesn't. The test for which it runs prints its output when it fails.
func startBridge(t testing.TB, s scope, set settings, arguments ...string) *bridge {
	t.Helper()
	return startProcess(t, s, exec.Command(program(t), arguments...), set)
}

// startProcess is startBridge for a command that runs the program in its own way; its environment is kept.
func startProcess(t testing.TB, s scope, command *exec.Cmd, set settings) *bridge {
	t.Helper()
	b := &bridge{process: command, output: &buffer{}, ended: make(chan struct{})}
	home := t.TempDir()
	if s == scope(&binaryWide) {
		var err error
		home, err = os.MkdirTemp("", "rapt-bridge-home-")
		require.NoError(t, err)
		s.Cleanup(func() { _ = os.RemoveAll(home) })
	}
	b.process.Dir = home
	b.process.Env = append(b.process.Env, "HOME="+home, "PATH="+os.Getenv("PATH"), "RAPT_BRIDGE_HTTP_LISTEN=127.0.0.1:0")
	for key, value := range set {
		b.process.Env = append(b.process.Env, "RAPT_BRIDGE_"+key+"="+value)
	}
	b.process.Stdout, b.process.Stderr = b.output, b.output
	require.NoError(t, b.process.Start())
	go func() {
		_ = b.process.Wait()
		close(b.ended)
	}()
	s.Cleanup(func() {
		_ = b.process.Process.Signal(syscall.SIGTERM)
		select {
		case <-b.ended:
		case <-time.After(10 * time.Second):
			_ = b.process.Process.Kill()
			<-b.ended
		}
	})
	if s != scope(&binaryWide) {
		b.showIfFailed(t)
	}
	return b
}

// showIfFailed prints what the program wrote last during a test when the test fails: not so much that it hides why.
func (b *bridge) showIfFailed(t testing.TB) {
	before := len(b.log())
	t.Cleanup(func() {
		if t.Failed() {
			lines := strings.SplitAfter(b.log()[before:], "\n")
			t.Logf("%s:\n%s", b.process, strings.Join(lines[max(0, len(lines)-40):], ""))
		}
	})
}

// stop sends SIGTERM, waits, and returns the exit status and how long it took.
func (b *bridge) stop(t testing.TB) (status int, took time.Duration) {
	t.Helper()
	start := time.Now()
	require.NoError(t, b.process.Process.Signal(syscall.SIGTERM))
	return b.wait(t, time.Minute), time.Since(start)
}

// wait waits for the program's end and returns its exit status.
func (b *bridge) wait(t testing.TB, limit time.Duration) int {
	t.Helper()
	select {
	case <-b.ended:
		return b.process.ProcessState.ExitCode()
	case <-time.After(limit):
		t.Fatalf("rapt-bridge runs on after %s:\n%s", limit, b.output)
		return -1
	}
}

// kill ends the program as a power cut would.
func (b *bridge) kill(t testing.TB) {
	t.Helper()
	require.NoError(t, b.process.Process.Kill())
	<-b.ended
}

// running tells whether the program has not ended by itself.
func (b *bridge) running() bool {
	select {
	case <-b.ended:
		return false
	default:
		return true
	}
}

// log is all that the program wrote so far.
func (b *bridge) log() string { return b.output.String() }

// waitForLog waits until a line of the program's output holds every one of words, and returns the line.
func (b *bridge) waitForLog(t testing.TB, limit time.Duration, words ...string) string {
	t.Helper()
	var found string
	within(t, limit, fmt.Sprintf("log line with %q", words), func() error {
		for line := range strings.Lines(b.log()) {
			if holdsAll(line, words) {
				found = line
				return nil
			}
		}
		return errors.New("no such line in:\n" + b.log())
	})
	return found
}

func holdsAll(line string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(line, word) {
			return false
		}
	}
	return true
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

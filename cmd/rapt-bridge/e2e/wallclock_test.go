package e2e

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// clockVariable names the file that the clocked program reads its wall clock's change from.
const clockVariable = "TEST_WALL_CLOCK"

// shiftedClock is put into package time of the clocked program: the wall clock is what a file of 16 bytes makes of it,
// a shift and a moment at which it stands, both in nanoseconds. Steady time goes on.
const shiftedClock = `package time

import (
	"sync/atomic"
	"syscall"
	"unsafe"
)

var shifted = func() *struct{ by, stands atomic.Int64 } {
	path, ok := syscall.Getenv("` + clockVariable + `")
	if !ok {
		return &struct{ by, stands atomic.Int64 }{}
	}
	fd, err := syscall.Open(path, syscall.O_RDONLY, 0)
	if err != nil {
		panic("clock: " + err.Error())
	}
	defer syscall.Close(fd)
	page, err := syscall.Mmap(fd, 0, 16, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		panic("clock: " + err.Error())
	}
	return (*struct{ by, stands atomic.Int64 })(unsafe.Pointer(&page[0]))
}()

func shiftedNow() (sec int64, nsec int32, mono int64) {
	sec, nsec, mono = runtimeNow()
	at := sec*1e9 + int64(nsec)
	if stands := shifted.stands.Load(); stands != 0 {
		at = stands
	}
	at += shifted.by.Load()
	return at / 1e9, int32(at % 1e9), mono
}
`

// clockedProgram is the program with a wall clock that a test can set: built with package time changed.
func clockedProgram(t testing.TB) string {
	t.Helper()
	path, err := builtClockedProgram()
	require.NoError(t, err)
	return path
}

var builtClockedProgram = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "rapt-bridge-clocked-")
	if err != nil {
		return "", err
	}
	binaryWide.Cleanup(func() { _ = os.RemoveAll(folder) })
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	std := filepath.Join(strings.TrimSpace(string(root)), "src", "time")
	source, err := os.ReadFile(filepath.Join(std, "time.go"))
	if err != nil {
		return "", err
	}
	const reads = "sec, nsec, mono := runtimeNow()\n"
	if !strings.Contains(string(source), reads) {
		return "", fmt.Errorf("package time of %s reads the clock in another way: change clockedProgram", runtime.Version())
	}
	changed, added := filepath.Join(folder, "time.go"), filepath.Join(folder, "shifted.go")
	overlay, _ := json.Marshal(map[string]any{"Replace": map[string]string{
		filepath.Join(std, "time.go"): changed, filepath.Join(std, "shifted.go"): added,
	}})
	for path, content := range map[string]string{
		changed: strings.Replace(string(source), reads, "sec, nsec, mono := shiftedNow()\n", 1), added: shiftedClock,
		filepath.Join(folder, "overlay.json"): string(overlay),
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return "", err
		}
	}
	path := filepath.Join(folder, "rapt-bridge")
	build := exec.Command("go", "build", "-overlay", filepath.Join(folder, "overlay.json"), "-o", path, "github.com/rapt-bridge/rapt-bridge/cmd/rapt-bridge")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// wallClock is the wall clock of a clocked program.
type wallClock struct {
	t    testing.TB
	path string
}

func newWallClock(t testing.TB) *wallClock {
	t.Helper()
	w := &wallClock{t: t, path: filepath.Join(t.TempDir(), "clock")}
	require.NoError(t, os.WriteFile(w.path, make([]byte, 16), 0o600))
	return w
}

func (w *wallClock) write(at int64, value int64) {
	file, err := os.OpenFile(w.path, os.O_WRONLY, 0)
	require.NoError(w.t, err)
	defer func() { _ = file.Close() }()
	_, err = file.WriteAt(binary.LittleEndian.AppendUint64(nil, uint64(value)), at)
	require.NoError(w.t, err)
}

// shift sets the clock so far from the machine's own.
func (w *wallClock) shift(by time.Duration) { w.write(0, int64(by)) }

// stop has the clock stand still until it is let go.
func (w *wallClock) stop() { w.write(8, time.Now().UnixNano()) }
func (w *wallClock) run()  { w.write(8, 0) }

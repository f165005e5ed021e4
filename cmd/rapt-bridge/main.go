// Command rapt-bridge brings RAPT brewing devices into Home Assistant over MQTT.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// version is set by the build.
var version = ""

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitConfig = 2 // the configuration or the command line is wrong
)

// heapGrowth is by how much the heap may grow, in percent of what is in use, before garbage is collected; Go's own is 100. The
// heap is a few MiB, so that collecting it costs little, and small computers have little memory.
const heapGrowth = 40

// memoryLimit is where garbage is collected sooner, in bytes. Thousands of devices take 70 MiB, and a list of them as much
// again while it is read.
const memoryLimit = 192 << 20

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, program{args: os.Args[1:], environ: os.Environ(), stdout: os.Stdout, stderr: os.Stderr}))
}

// run is the program without the process around it.
func run(ctx context.Context, p program) int {
	err := p.command().ExecuteContext(ctx)
	var status *exitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &status):
		if status.err != nil {
			fmt.Fprintln(p.stderr, "rapt-bridge:", status.err)
		}
		return status.code
	}
	fmt.Fprintln(p.stderr, "rapt-bridge:", err)
	return exitConfig // what cobra refuses is a wrong command line
}

// exitError carries an exit status. Without err nothing is left to say.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return fmt.Sprint(e.err) }
func (e *exitError) Unwrap() error { return e.err }

package bridge

import (
	"syscall"
	"time"
)

// processorTime is the processor time of this process, which goes on in a bubble of virtual time.
func processorTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

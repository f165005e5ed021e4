package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// measured is what a process uses: memory in MiB at the most and now, open files and connections, goroutines.
type measured struct{ peak, memory, descriptors, goroutines int }

// moreMemory is how much more memory a process may have after a fault than before, in MiB: a quarter, and what a garbage
// collector leaves lying about.
func (m measured) moreMemory() int { return 8 + m.memory/4 }

func (c *trial) measure() measured {
	m := measured{peak: c.bridge.memory("VmHWM"), memory: c.bridge.memory("VmRSS"), descriptors: c.bridge.descriptors()}
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get("http://" + c.set["HTTP_LISTEN"] + "/metrics")
	if err != nil {
		return m
	}
	defer func() { _ = response.Body.Close() }()
	body, _ := io.ReadAll(response.Body)
	_, _ = fmt.Sscanf(text(string(body), `(?m)^go_goroutines \d+`), "go_goroutines %d", &m.goroutines)
	return m
}

// restsAs waits until the process uses what it used before. Memory that is free goes back to the system some minutes later.
func (c *trial) restsAs(before measured) {
	var now measured
	for until := time.Now().Add(4 * time.Minute); time.Now().Before(until); time.Sleep(500 * time.Millisecond) {
		now = c.measure()
		few := now.goroutines > 0 && now.descriptors <= before.descriptors+5 && now.goroutines <= before.goroutines+8
		if few && now.memory <= before.memory+before.moreMemory() {
			return
		}
	}
	c.broke("%d MiB, %d descriptors and %d goroutines, where %d, %d and %d were before", now.memory, now.descriptors, now.goroutines,
		before.memory, before.descriptors, before.goroutines)
}

// memory is what the system says of the process's memory, in MiB: VmHWM at the most, VmRSS now. It is 0 when the process has
// ended.
func (b *bridge) memory(what string) int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", b.process.Process.Pid))
	if err != nil {
		return 0
	}
	var kilo int
	_, _ = fmt.Sscanf(text(string(status), what+`:\s+\d+`), what+": %d", &kilo)
	return kilo >> 10
}

// descriptors are the open files and connections of the process.
func (b *bridge) descriptors() int {
	files, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", b.process.Process.Pid))
	return len(files)
}

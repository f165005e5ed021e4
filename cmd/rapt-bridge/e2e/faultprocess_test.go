package e2e

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// clockFaults set the wall clock of the bridge's machine; steady time goes on.
func clockFaults() []fault {
	const year = 365 * 24 * time.Hour
	jump := func(by time.Duration) func(*trial) {
		return func(c *trial) {
			c.clock.shift(by)
			time.Sleep(faultLasts)
			c.clock.shift(0)
			time.Sleep(5 * time.Second)
		}
	}
	rows := []fault{
		{name: "an hour ahead and back", strike: jump(time.Hour)},
		{name: "an hour behind and back", strike: jump(-time.Hour)},
		{name: "a year ahead and back", strike: jump(year)},
		{name: "a year behind and back", strike: jump(-year)},
		{name: "stands still for 30 s", strike: func(c *trial) { c.clock.stop(); time.Sleep(faultLasts); c.clock.run() }},
		{name: "set by NTP, by half a second and by two, every 3 s", strike: func(c *trial) {
			for _, by := range []time.Duration{500, -500, 2000, -2000, 100, -100, 500, -1500, 1999, 0} {
				c.clock.shift(by * time.Millisecond)
				time.Sleep(3 * time.Second)
			}
		}},
	}
	for i := range rows {
		rows[i].group, rows[i].clock, rows[i].takesAway = "clock", true, true
		rows[i].holds = "steady time counts: no command late, no device offline"
	}
	return rows
}

// processFaults are what happens to the program and to its machine.
func processFaults() []fault {
	rows := []fault{
		{name: "2 SIGKILLs", quick: true, holds: "takes over what the broker retains; one ledger of requests and sign-ins", takesAway: true, offline: true, strike: kills(2)},
		{name: "100 SIGKILLs", holds: "six sign-ins in their hour all the same; all is well in the next hour", takesAway: true, offline: true, clock: true, lines: 100 * 10, signIns: 12, strike: func(c *trial) {
			kills(100)(c)
			c.nextHour()
		}},
		{name: "frozen for 12 s", quick: true, holds: "what came meanwhile is refused", takesAway: true, offline: true, strike: freeze(12 * time.Second)},
		{name: "frozen for 150 s", holds: "what came meanwhile is refused", takesAway: true, offline: true, strike: freeze(150 * time.Second)},
		{name: "out of file descriptors for 40 s", holds: "goes on when there are some again", takesAway: true, offline: true, relayed: true, strike: withoutDescriptors},
		{name: "a read-only file system", holds: "needs no file", takesAway: true, offline: true, strike: readOnly},
		{name: "the port of its page is taken", holds: "ends at once and names http.listen", takesAway: true, offline: true, strike: func(c *trial) {
			second := startBridge(c.t, c.t, c.set.with(settings{"MQTT_TOPIC_PREFIX": c.prefix + "-other", "HOMEASSISTANT_DISCOVERY_PREFIX": c.prefix + "-other-ha"}))
			if status := second.wait(c.t, 20*time.Second); status != 1 || !strings.Contains(second.log(), "http.listen") {
				c.broke("it ends with %d", status)
			}
		}},
		{name: "two bridges, one killed", holds: "the other asks nothing before, and takes over", takesAway: true, offline: true, strike: pair, after: func(c *trial) {
			if asks(c.t, c.set) == 0 {
				c.broke("the other has asked nothing")
			}
		}},
	}
	for i := range rows {
		rows[i].group = "process"
	}
	return rows
}

// homeFaults are what Home Assistant and others on the broker do.
func homeFaults() []fault {
	return []fault{
		{group: "home", name: "Home Assistant restarts five times in 20 s", quick: true, holds: "announces what there is, once a restart at the most", after: announcedWithRestarts, strike: func(c *trial) {
			for range homeRestarts {
				c.watcher.publish(c.t, c.prefix+"-ha/status", "offline", false)
				time.Sleep(time.Second)
				c.watcher.publish(c.t, c.prefix+"-ha/status", "online", false)
				time.Sleep(3 * time.Second)
			}
		}},
		{group: "home", name: "over 1,000 refused messages a second for a minute", holds: "under 4 kB of log a second, a command under 2 s", own: true, broker: mosquittoOptions{busy: true}, heavy: true, lines: 400, strike: refusedFlood},
	}
}

// homeRestarts are those of Home Assistant.
const homeRestarts = 5

// announcedWithRestarts checks how often each device was announced since Home Assistant began to restart.
func announcedWithRestarts(c *trial) {
	times := map[string]int{}
	for _, m := range c.watcher.all()[c.seen:] {
		if strings.HasSuffix(m.topic, "/config") {
			times[m.topic]++
		}
	}
	for topic := range c.announced {
		if n := times[topic]; strings.HasSuffix(topic, "/config") && (n == 0 || n > homeRestarts) {
			c.broke("%s came %d times in %d restarts", topic, n, homeRestarts)
		}
	}
}

// restart ends the bridge as its owner would, and starts it.
func (c *trial) restart() {
	c.bridge.stop(c.t)
	c.again()
}

// nextHour lets the hour pass for the bridge, by a restart with a later clock; the row must have one that can be set.
func (c *trial) nextHour() {
	c.bridge.kill(c.t)
	c.readLedger()
	if n := len(c.ledger.signIns); n > signInsAnHour {
		c.broke("%d sign-ins in the first hour", n)
	}
	c.clock.shift(61 * time.Minute)
	c.again()
}

// kills kills the bridge so often, each time a moment after its start.
func kills(n int) func(*trial) {
	return func(c *trial) {
		r := rand.New(rand.NewPCG(1, 2))
		for range n {
			c.bridge.kill(c.t)
			c.again()
			time.Sleep(time.Duration(r.Int64N(int64(5 * time.Second))))
		}
	}
}

// withoutDescriptors takes the descriptors from the bridge that it has not opened yet, and its connections.
func withoutDescriptors(c *trial) {
	pid := c.bridge.process.Process.Pid
	var before syscall.Rlimit
	limit := func(to, old *syscall.Rlimit) {
		_, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), syscall.RLIMIT_NOFILE, uintptr(unsafe.Pointer(to)), uintptr(unsafe.Pointer(old)), 0, 0)
		require.Zero(c.t, errno)
	}
	limit(nil, &before)
	limit(&syscall.Rlimit{Cur: 3, Max: before.Max}, nil)
	c.cloud.sever(c.t)
	c.relay.cut()
	time.Sleep(40 * time.Second)
	limit(&before, nil)
}

// readOnly runs the bridge where no file can be written.
func readOnly(c *trial) {
	c.bridge.kill(c.t)
	c.earlier += c.bridge.log()
	root := c.t.TempDir()
	command := exec.Command("unshare", "-m", "sh", "-c",
		`mount --bind / "$0" && mount -o remount,ro,bind "$0" && exec chroot "$0" "$1"`, root, program(c.t))
	c.bridge = startProcess(c.t, c.t, command, c.set)
	time.Sleep(2 * time.Second)
	if !c.bridge.running() {
		c.t.Fatalf("needs the right to mount: %s", c.bridge.log())
	}
}

// asks is how often the bridge with those settings has asked the cloud.
func asks(t *testing.T, set settings) float64 {
	t.Helper()
	return metric(t, "http://"+set["HTTP_LISTEN"], "rapt_bridge_api_requests_total")
}

// pair starts a second bridge and kills the first.
func pair(c *trial) {
	first := c.bridge
	set := c.set.with(settings{"HTTP_LISTEN": fmt.Sprintf("127.0.0.1:%d", freePort(c.t))})
	second := startBridge(c.t, c.t, set)
	second.waitForLog(c.t, patience, "another bridge of the account is active; standing by")
	time.Sleep(10 * time.Second)
	if n := asks(c.t, set); n > 0 {
		c.broke("two at once: the other has asked %v times", n)
	}
	first.kill(c.t)
	c.earlier += first.log()
	c.bridge, c.set = second, set
}

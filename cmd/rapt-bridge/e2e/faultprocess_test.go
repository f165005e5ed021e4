package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"github.com/eclipse/paho.golang/paho"
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
		{name: "100 SIGKILLs", holds: "six sign-ins in their hour all the same; all is well in the next hour", takesAway: true, offline: true, clock: true, lines: 100 * 200, signIns: 12, strike: func(c *trial) {
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
		{name: "two bridges, one killed", holds: "the other takes over", takesAway: true, offline: true, strike: pair},
	}
	for i := range rows {
		rows[i].group = "process"
	}
	return rows
}

// homeFaults are what Home Assistant and others on the broker do.
func homeFaults() []fault {
	return []fault{
		{group: "home", name: "Home Assistant restarts five times in 20 s", quick: true, holds: "announces what there is, in no burst", strike: func(c *trial) {
			for range 5 {
				c.watcher.publish(c.t, c.prefix+"-ha/status", "offline", false)
				time.Sleep(time.Second)
				c.watcher.publish(c.t, c.prefix+"-ha/status", "online", false)
				time.Sleep(3 * time.Second)
			}
		}},
		{group: "home", name: "1,850 refused messages a second for a minute", holds: "under 4 kB of log a second, a command under 2 s", lines: 400, strike: refusedFlood},
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

// pair starts a second bridge and kills the first.
func pair(c *trial) {
	first := c.bridge
	set := c.set.with(settings{"HTTP_LISTEN": fmt.Sprintf("127.0.0.1:%d", freePort(c.t))})
	second := startBridge(c.t, c.t, set)
	second.waitForLog(c.t, patience, "another bridge of the account is active; standing by")
	time.Sleep(10 * time.Second)
	first.kill(c.t)
	c.earlier += first.log()
	c.bridge, c.set = second, set
}

// refusedFlood publishes what the bridge refuses, 1,850 messages a second, and sends commands meanwhile.
func refusedFlood(c *trial) {
	flooder := newSubscriber(c.t, c.t, c.broker, "", "", c.prefix+"-nothing")
	before := len(c.log())
	start := time.Now()
	kettle := c.targets[len(c.targets)-1]
	topics := []string{"pump_utilisation", "no_such_key", strings.Repeat("k", 2000)}
	sent, slowest := 0, time.Duration(0)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for time.Since(start) < time.Minute {
			<-tick.C
			for sent < int(time.Since(start).Seconds()*1850) {
				topic := fmt.Sprintf("%s/%s/%s/%s/set", c.prefix, kettle.Family, kettle.ID, topics[sent%len(topics)])
				if sent%5 == 0 {
					topic = fmt.Sprintf("%s/still/nobody-%d/pump_enabled/set", c.prefix, sent)
				}
				if _, err := flooder.conn.Publish(c.t.Context(), &paho.Publish{Topic: topic, Payload: []byte("not a number")}); err != nil {
					return
				}
				sent++
			}
		}
	}()
	time.Sleep(2 * time.Second)
	commands := 0
	for time.Since(start) < 55*time.Second {
		n, at := c.order(), time.Now()
		within(c.t, patience, "a command in the flood", func() error {
			c.readLedger()
			if len(c.ledger.commands[n].outcomes) == 0 {
				return errors.New("no outcome")
			}
			return nil
		})
		if c.ledger.commands[n].outcomes[0] != "applied" {
			c.broke("a command in the flood was %s", c.ledger.commands[n].outcomes[0])
		}
		commands++
		slowest = max(slowest, time.Since(at))
		time.Sleep(2 * time.Second)
	}
	<-done
	seconds := time.Since(start).Seconds()
	rate, log := float64(sent)/seconds, float64(len(c.log())-before)/seconds
	c.outcome.figures = fmt.Sprintf("%.0f messages/s, %.2f kB/s of log, %d commands, the slowest %.2f s", rate, log/1000, commands, slowest.Seconds())
	if log > 4000 {
		c.broke("%.0f bytes of log a second", log)
	}
	if slowest > 2*time.Second {
		c.broke("a command took %s", slowest)
	}
}

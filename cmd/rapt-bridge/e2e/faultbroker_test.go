package e2e

import (
	"crypto/tls"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"
)

var loopback = net.IPv4(127, 0, 0, 1)

func tomorrow() time.Time { return time.Now().Add(24 * time.Hour) }

const afterReconnect = "connects again by itself and announces everything"

// brokerFaults are what happens to the broker and on the way to it.
func brokerFaults() []fault {
	rows := []fault{
		{name: "killed", quick: true, strike: func(c *trial) { c.broker.kill(c.t); time.Sleep(2 * time.Second); c.broker.start(c.t) }},
		{name: "stopped for 20 s", strike: stopBroker(20 * time.Second)},
		{name: "stopped for 150 s", strike: stopBroker(150 * time.Second)},
		{name: "paused for 90 s, the network is cut", strike: func(c *trial) { c.broker.pause(c.t); time.Sleep(90 * time.Second); c.broker.unpause(c.t) }},
		{name: "credentials withdrawn and given back", broker: mosquittoOptions{users: brokerUsers()}, strike: withdrawCredentials},
		{name: "killed, and has no memory of what it retained", forgets: true, strike: func(c *trial) { c.broker.kill(c.t); time.Sleep(2 * time.Second); c.broker.start(c.t) }},
		{name: "a message may have 4 kB", holds: "names what is too large once, and sends the rest", strike: withLimit(namesWhatIsTooLarge, "max_packet_size 4000")},
		{name: "one message may wait", holds: afterReconnect, strike: withLimit(nil, "max_queued_messages 1", "max_inflight_messages 1")},
		{name: "2 MB of memory", holds: afterReconnect, strike: withLimit(nil, "memory_limit 2000000")},
		{name: "out of disk", holds: "goes on: the broker keeps what it has in its memory", broker: mosquittoOptions{small: true}, strike: outOfDisk},
	}
	for i := range rows {
		rows[i].group, rows[i].own, rows[i].takesAway, rows[i].offline = "broker", true, true, true
		if rows[i].holds == "" {
			rows[i].holds = afterReconnect
		}
	}
	return append(append(append(rows, networkFaults()...), tlsFaults()...), deniedTopics()...)
}

func stopBroker(d time.Duration) func(*trial) {
	return func(c *trial) { c.broker.stop(c.t); time.Sleep(d); c.broker.start(c.t) }
}

func brokerUsers() map[string]string {
	return map[string]string{"rapt-bridge": "secret", "watcher": "watcher"}
}

// withLimit runs the broker with a limit for half a minute, and looks at what happens meanwhile.
func withLimit(meanwhile func(*trial), lines ...string) func(*trial) {
	return func(c *trial) {
		c.broker.configure(c.t, lines...)
		c.broker.restart(c.t)
		time.Sleep(30 * time.Second)
		if meanwhile != nil {
			meanwhile(c)
		}
		c.broker.configure(c.t)
		c.broker.restart(c.t)
	}
}

// namesWhatIsTooLarge checks that each message that the broker can't take was told once, and that a command has its answer.
func namesWhatIsTooLarge(c *trial) {
	c.expectApplied("while some messages were too large")
	lines := map[string]int{}
	for line := range strings.Lines(c.log()) {
		if strings.Contains(line, "max_packet_size") {
			lines[text(line, `the message on \S+`)]++
		}
	}
	for what, times := range lines {
		if times > 1 {
			c.broke("%s was told %d times", what, times)
		}
	}
	if len(lines) == 0 {
		c.broke("nothing was told as too large")
	}
}

// outOfDisk waits until the broker could not write several times.
func outOfDisk(c *trial) {
	time.Sleep(20 * time.Second)
	if log := c.broker.logText(c.t); strings.Count(log, "No space left on device") < 2 {
		c.broke("the broker had room")
	}
}

func withdrawCredentials(c *trial) {
	change := func(users map[string]string) {
		require.NoError(c.t, c.broker.CopyToContainer(c.t.Context(), []byte(passwordFile(c.t, users)), "/mosquitto/config/passwords", 0o644))
		c.broker.restart(c.t)
	}
	changed := brokerUsers()
	changed["rapt-bridge"] = "another"
	change(changed)
	c.bridge.waitForLog(c.t, patience, "refuses the user name or password")
	time.Sleep(10 * time.Second)
	change(brokerUsers())
}

// networkFaults are on the way to the broker.
func networkFaults() []fault {
	rows := []struct {
		name, holds string
		quick       bool
		passage     passage
		cut         bool
		lasts       time.Duration
	}{
		{"slow: 4 kB/s, half a second", "goes on", false, passage{rate: 4000, delay: 500 * time.Millisecond}, false, time.Minute},
		{"cut for 20 s", "nothing that came meanwhile is carried out late", true, passage{hold: true}, false, 20 * time.Second},
		{"cut for 80 s", "sees that the connection is dead, and connects anew", false, passage{hold: true}, false, 80 * time.Second},
		{"broken and refused for 40 s", afterReconnect, false, passage{refuse: true}, true, 40 * time.Second},
	}
	var out []fault
	for _, row := range rows {
		out = append(out, fault{group: "network", name: row.name, holds: row.holds, quick: row.quick, takesAway: true, offline: true,
			relayed: true, strike: func(c *trial) {
				c.relay.set(row.passage)
				if row.cut {
					c.relay.cut()
				}
				time.Sleep(row.lasts)
				c.relay.set(passage{})
			}})
	}
	return out
}

const distrusts = "says what is wrong with the certificate, sends nothing through it, and connects when it is right"

// tlsFaults put another certificate before the broker for a while.
func tlsFaults() []fault {
	rows := []struct {
		name, says string // and names in the log
		holds      string
		bad        func(c *trial) *tls.Certificate
	}{
		{"TLS with a wrong name", "certificate", distrusts, func(c *trial) *tls.Certificate {
			return c.authority.pair(c.t, "elsewhere.example", net.IPv4(192, 0, 2, 1), tomorrow())
		}},
		{"TLS with an expired certificate", "certificate", distrusts, func(c *trial) *tls.Certificate {
			return c.authority.pair(c.t, "broker", loopback, time.Now().Add(-time.Minute))
		}},
		{"TLS of an unknown authority", "mqtt.ca_file", distrusts, func(c *trial) *tls.Certificate { return newAuthority(c.t).pair(c.t, "broker", loopback, tomorrow()) }},
		{"TLS that ends in an alert", "doesn't take the TLS connection", "says that the broker doesn't take the TLS connection, and connects when it does", func(*trial) *tls.Certificate { return nil }},
	}
	var out []fault
	for _, row := range rows {
		out = append(out, fault{group: "network", name: row.name, holds: row.holds,
			takesAway: true, offline: true, relayed: true, secured: true, strike: func(c *trial) {
				good := c.relay.now()
				c.relay.set(passage{present: row.bad(c)})
				c.relay.cut()
				before := c.relay.passed()
				c.bridge.waitForLog(c.t, patience, row.says)
				time.Sleep(20 * time.Second)
				if n := c.relay.passed(); n != before {
					c.broke("%d connections in spite of the certificate", n-before)
				}
				c.relay.set(good)
			}})
	}
	return out
}

// deniedTopics take the rights of examples/mosquitto.acl from the bridge, one after the other.
func deniedTopics() []fault {
	file, err := os.ReadFile("../../../examples/mosquitto.acl")
	if err != nil {
		panic(err)
	}
	var rights []string
	bridge, _, _ := strings.Cut(string(file), "user homeassistant")
	for _, line := range strings.Split(bridge, "\n") {
		if strings.HasPrefix(line, "topic ") {
			rights = append(rights, line)
		}
	}
	// acl is the file for a prefix without one right.
	acl := func(prefix, without string) string {
		var b strings.Builder
		b.WriteString("user watcher\ntopic readwrite #\n\nuser rapt-bridge\ntopic write " + prefix + "-answers\n")
		for _, right := range rights {
			if right != without {
				right = strings.Replace(right, " rapt/", " "+prefix+"/", 1)
				b.WriteString(strings.Replace(right, " homeassistant/", " "+prefix+"-ha/", 1) + "\n")
			}
		}
		return b.String()
	}
	var out []fault
	for _, right := range rights {
		filter := right[strings.LastIndexByte(right, ' ')+1:]
		out = append(out, fault{
			group: "broker", name: "denies " + filter, own: true, takesAway: true, offline: true,
			holds:  "goes on with the other topics, and with all when it may again",
			broker: mosquittoOptions{users: brokerUsers(), acl: "user watcher\ntopic readwrite #\n\nuser rapt-bridge\ntopic readwrite #\n"},
			strike: func(c *trial) {
				change := func(without string) {
					require.NoError(c.t, c.broker.CopyToContainer(c.t.Context(), []byte(acl(c.prefix, without)), "/mosquitto/config/acl", 0o644))
					c.broker.restart(c.t)
				}
				change(right)
				time.Sleep(25 * time.Second)
				if !c.bridge.running() {
					c.broke("the program has ended")
				}
				change("")
			},
		})
	}
	return out
}

// freeze stops the program for a time, and sends commands that must not be carried out any more.
func freeze(d time.Duration) func(*trial) {
	return func(c *trial) {
		require.NoError(c.t, c.bridge.process.Process.Signal(syscall.SIGSTOP))
		defer func() { _ = c.bridge.process.Process.Signal(syscall.SIGCONT) }()
		time.Sleep(time.Second)
		from := c.order()
		time.Sleep(d - 2*time.Second)
		c.mu.Lock()
		to := len(c.ledger.commands)
		c.mu.Unlock()
		time.Sleep(time.Second)
		require.NoError(c.t, c.bridge.process.Process.Signal(syscall.SIGCONT))
		time.Sleep(5 * time.Second)
		c.notCarriedOut(from, to, "while the program was frozen")
	}
}

// notCarriedOut checks that none of some commands was carried out.
func (c *trial) notCarriedOut(from, to int, when string) {
	c.readLedger()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.ledger.commands[from:to] {
		for _, done := range c.ledger.carried {
			if done.device == o.device && done.value == o.value {
				c.broke("a command that came %s was carried out", when)
			}
		}
	}
}

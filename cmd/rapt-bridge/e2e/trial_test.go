package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// trial is a brewery to which a fault happens: a bridge and a cloud of its own, and a prefix on a broker.
type trial struct {
	t       *testing.T
	outcome *outcome
	prefix  string
	broker  *mosquitto
	cloud   *cloud
	bridge  *bridge
	watcher *mqttClient
	set     settings
	clock   *wallClock
	// What is on the way, where the row wants something there.
	relay, cloudRelay *relay
	authority         *authority
	variables         []string // of the bridge's environment

	earlier string // what bridges before this one have logged

	pill      raptsim.Info
	targets   []raptsim.Info // whose target temperatures are set
	announced map[string]string
	seen      int // messages, before the fault

	mu      sync.Mutex
	ledger  ledger
	batches int // values given out
	battery float64
}

func newTrial(t *testing.T, o *outcome, shared *mosquitto, prefix string) *trial {
	c := &trial{t: t, outcome: o, prefix: prefix, broker: shared, battery: 10, announced: map[string]string{}}
	row := o.row
	c.ledger.takesAway = row.takesAway
	user, password := "", ""
	if row.own {
		row.broker.persistence = !row.forgets
		c.broker = startMosquitto(t, t, row.broker)
		if len(row.broker.users) > 0 {
			user, password = "watcher", row.broker.users["watcher"]
		}
	}
	options := row.cloud
	options.CommandDelay, options.ReportLagMax = -1, -1
	c.cloud = startCloud(t, t, options)
	c.watcher = newSubscriber(t, t, c.broker, user, password, prefix+"/#", prefix+"-ha/#", prefix+"-answers")
	c.set = c.cloud.account().with(settings{
		"MQTT_URL": c.broker.url(), "MQTT_TOPIC_PREFIX": prefix, "HOMEASSISTANT_DISCOVERY_PREFIX": prefix + "-ha",
		"RAPT_MAX_REQUESTS_PER_HOUR": strconv.Itoa(requestsAnHour), "RAPT_MAX_POLL_INTERVAL": "20s",
		"HTTP_LISTEN": fmt.Sprintf("127.0.0.1:%d", freePort(t)),
	}).with(row.set)
	if len(row.broker.users) > 0 {
		c.set = c.set.with(settings{"MQTT_USERNAME": "rapt-bridge", "MQTT_PASSWORD": row.broker.users["rapt-bridge"]})
	}
	c.layWays()
	c.pill = c.cloud.device(t, raptsim.Hydrometer)
	for _, d := range c.cloud.devices(t) {
		if d.Name == "Kegerator " || d.Name == "Stout Heat Belt" || d.Name == "Sparge Water" {
			c.targets = append(c.targets, d)
		}
	}
	require.NotEmpty(t, c.targets)
	return c
}

// broke notes a promise of the row's own that was broken.
func (c *trial) broke(format string, a ...any) {
	c.outcome.broken = append(c.outcome.broken, fmt.Sprintf(format, a...))
}

// begin starts the bridge.
func (c *trial) begin() {
	if c.outcome.row.clock {
		if c.clock == nil {
			c.clock = newWallClock(c.t)
		}
		command := exec.Command(clockedProgram(c.t))
		command.Env = []string{clockVariable + "=" + c.clock.path}
		c.bridge = startProcess(c.t, c.t, command, c.set)
		return
	}
	command := exec.Command(program(c.t))
	command.Env = slices.Clone(c.variables)
	c.bridge = startProcess(c.t, c.t, command, c.set)
}

// layWays puts relays between the bridge and its servers where the row wants them.
func (c *trial) layWays() {
	row := c.outcome.row
	if !row.relayed && !row.securedCloud {
		return
	}
	c.authority = newAuthority(c.t)
	good := c.authority.pair(c.t, "server", loopback, tomorrow())
	if row.securedCloud {
		c.cloudRelay = startRelay(c.t, c.t, strings.TrimPrefix(c.cloud.url, "http://"), good)
		address := "https://" + c.cloudRelay.address
		c.set = c.set.with(settings{"RAPT_API_URL": address, "RAPT_AUTH_URL": address})
		c.variables = append(c.variables, "SSL_CERT_FILE="+c.authority.caFile(c.t))
	}
	if row.relayed && row.secured {
		c.relay = startRelay(c.t, c.t, fmt.Sprintf("127.0.0.1:%d", c.broker.tcp), good)
		c.set = c.set.with(settings{"MQTT_URL": "mqtts://" + c.relay.address, "MQTT_CA_FILE": c.authority.caFile(c.t)})
	} else if row.relayed {
		c.relay = startRelay(c.t, c.t, fmt.Sprintf("127.0.0.1:%d", c.broker.tcp), nil)
		c.set = c.set.with(settings{"MQTT_URL": "mqtt://" + c.relay.address})
	}
}

// again starts the bridge anew after its end.
func (c *trial) again() {
	c.earlier += c.bridge.log()
	c.begin()
}

func (c *trial) log() string { return c.earlier + c.bridge.log() }

// expectUsual waits until all is as it should be before the fault, and remembers it.
func (c *trial) expectUsual() {
	devices := len(c.cloud.devices(c.t))
	within(c.t, 4*time.Minute, "every device", func() error { return mirror(c.watcher, c.prefix, devices) })
	within(c.t, patience, "the API is well", c.apiIsWell)
	announcements := -1 // others follow the first ones
	within(c.t, patience, "no more announcements", func() error {
		time.Sleep(2 * time.Second)
		before := announcements
		announcements = 0
		for _, m := range c.watcher.all() {
			if strings.HasSuffix(m.topic, "/config") {
				announcements++
			}
		}
		if announcements != before {
			return fmt.Errorf("%d, and %d before", announcements, before)
		}
		return nil
	})
	for _, topic := range c.retained() {
		m, _ := c.watcher.get(topic)
		c.announced[topic] = m.payload
	}
}

// retained are the topics of devices that must be as before: their announcements, states and availabilities.
func (c *trial) retained() []string {
	all := c.watcher.topics(c.prefix + "-ha/device/")
	for _, topic := range c.watcher.topics(c.prefix + "/") {
		if strings.Count(topic, "/") == 3 && (strings.HasSuffix(topic, "/state") || strings.HasSuffix(topic, "/availability")) {
			all = append(all, topic)
		}
	}
	return all
}

func (c *trial) apiIsWell() error {
	m, _ := c.watcher.get(c.prefix + "/bridge/state")
	if !strings.Contains(m.payload, `"api_status":"ok"`) && !strings.Contains(m.payload, `"api_status":"slowed"`) {
		return errors.New(text(m.payload, `"api_status":"[a-z_]*"`) + " " + text(m.payload, `"last_error":"[^"]*"`))
	}
	return nil
}

func text(s, pattern string) string { return regexp.MustCompile(pattern).FindString(s) }

// order sends a command with a value that no other has, and remembers it.
func (c *trial) order() int {
	c.mu.Lock()
	n := c.batches
	c.batches++
	device := c.targets[n%len(c.targets)]
	value := 10 + float64(n/len(c.targets))/10
	if device.Family == raptsim.BrewZilla {
		value += 68.1 // a kettle's target rises: a lower one is a kind of off, which may be repeated
	}
	o := ordered{device: device.ID, value: float64(int(value*10+0.5)) / 10, at: time.Now()}
	c.ledger.commands = append(c.ledger.commands, o)
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err := c.watcher.conn.Publish(ctx, &paho.Publish{
		Topic: fmt.Sprintf("%s/%s/%s/target_temperature/set", c.prefix, device.Family, device.ID), QoS: 1,
		Payload: strconv.AppendFloat(nil, o.value, 'f', 1, 64),
		Properties: &paho.PublishProperties{
			ResponseTopic: c.prefix + "-answers", CorrelationData: []byte(strconv.Itoa(n)),
		},
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ledger.commands[n].taken = err == nil
	return n
}

// expectApplied sends a command, expects that it is applied, and returns how long its outcome took.
func (c *trial) expectApplied(when string) (took time.Duration) {
	n, at := c.order(), time.Now()
	var outcomes []string
	within(c.t, patience, "the outcome of a command "+when, func() error {
		c.readLedger()
		c.mu.Lock()
		defer c.mu.Unlock()
		if outcomes = c.ledger.commands[n].outcomes; len(outcomes) == 0 {
			return errors.New("none")
		}
		return nil
	})
	took = time.Since(at)
	if outcomes[0] != "applied" {
		c.broke("a command %s was %s", when, outcomes[0])
	}
	return took
}

// send sends a command every few seconds until the function that it returns is called.
func (c *trial) send() (stop func()) {
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			c.order()
			select {
			case <-end:
				return
			case <-time.After(4 * time.Second):
			}
		}
	}()
	return sync.OnceFunc(func() { close(end); <-done })
}

// readLedger takes in what was answered and what the cloud saw.
func (c *trial) readLedger() {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := &c.ledger
	for i := range l.commands {
		l.commands[i].outcomes = nil
	}
	for _, m := range c.watcher.all() {
		n, err := strconv.Atoi(string(m.reply))
		if m.topic != c.prefix+"-answers" || err != nil || n >= len(l.commands) {
			continue
		}
		var result struct{ Outcome string }
		_ = json.Unmarshal([]byte(m.payload), &result)
		l.commands[n].outcomes = append(l.commands[n].outcomes, result.Outcome)
	}
	requests := c.cloud.requests(c.t)
	l.carried, l.requests, l.signIns = carriedOut(requests), nil, nil
	for _, r := range requests {
		if !strings.HasPrefix(r.UserAgent, "rapt-bridge") {
			continue
		}
		l.requests = append(l.requests, r.At)
		if r.SignIn {
			l.signIns = append(l.signIns, r.At)
		}
	}
}

// waitUntilWell waits until everything works, and tells how long that took.
func (c *trial) waitUntilWell() time.Duration {
	c.t.Helper()
	start := time.Now()
	deadline := cmp.Or(c.outcome.row.within, 3*time.Minute)
	left := func() time.Duration { return max(time.Second, deadline-time.Since(start)) }
	online := c.prefix + "/bridge/availability"
	within(c.t, left(), "the bridge is online", func() error {
		if m, _ := c.watcher.get(online); m.payload != "online" {
			return errors.New(m.payload)
		}
		return nil
	})
	within(c.t, left(), "the API is well", c.apiIsWell)
	// A new reading arrives.
	c.battery++
	c.cloud.set(c.t, c.pill.ID, "battery", c.battery)
	c.watcher.waitFor(c.t, left(), c.prefix+"/hydrometer/"+c.pill.ID+"/state", func(p string) bool {
		return strings.Contains(p, fmt.Sprintf(`"battery":%v,`, c.battery))
	})
	// A new command is carried out. One that is sent here is one of the ledger.
	within(c.t, left(), "a command is carried out", func() error {
		n := c.order()
		var outcomes []string
		for until := time.Now().Add(4 * time.Second); time.Now().Before(until) && len(outcomes) == 0; time.Sleep(50 * time.Millisecond) {
			c.readLedger()
			c.mu.Lock()
			outcomes = c.ledger.commands[n].outcomes
			c.mu.Unlock()
		}
		if !slices.Contains(outcomes, "applied") {
			return fmt.Errorf("%v", outcomes)
		}
		return nil
	})
	within(c.t, left(), "every device is as before", func() error {
		for topic := range c.announced {
			if m, ok := c.watcher.get(topic); !ok || strings.HasSuffix(topic, "/availability") && m.payload != "online" && c.announced[topic] == "online" {
				return errors.New(topic + ": " + m.payload)
			}
		}
		return nil
	})
	return time.Since(start)
}

// awaitOutcomes gives what is still under way its time: a write whose answer was lost is read back first.
func (c *trial) awaitOutcomes() {
	for until := time.Now().Add(longestWait); time.Now().Before(until); time.Sleep(time.Second) {
		c.readLedger()
		if !slices.ContainsFunc(c.ledger.broken(), func(s string) bool { return strings.HasSuffix(s, noOutcome) }) {
			return
		}
	}
}

// judgeDevices holds the devices against what they were before the fault.
func (c *trial) judgeDevices() {
	for _, topic := range c.retained() {
		if _, ok := c.announced[topic]; !ok {
			c.broke("%s is new", topic)
		}
	}
	for topic, before := range c.announced {
		m, _ := c.watcher.get(topic)
		switch {
		case m.payload == "":
			c.broke("%s is gone", topic)
		case strings.HasSuffix(topic, "/state"):
			if keys(m.payload) != keys(before) {
				c.broke("%s has other keys", topic)
			}
		case strings.HasSuffix(topic, "/config") && m.payload != before:
			c.broke("%s is another announcement", topic)
			c.t.Logf("before: %s\nafter: %s", before, m.payload)
		}
	}
	for _, m := range c.watcher.all() {
		_, device := c.announced[m.topic]
		switch {
		case device && m.payload == "":
			c.broke("%s was cleared for a time", m.topic)
		case device && m.payload == "offline" && c.announced[m.topic] == "online" && !c.outcome.row.offline:
			c.broke("%s was offline for a time", m.topic)
		}
	}
	slices.Sort(c.outcome.broken)
	c.outcome.broken = slices.Compact(c.outcome.broken)
}

// keys are the keys of a JSON object, in order.
func keys(document string) string {
	var fields map[string]any
	_ = json.Unmarshal([]byte(document), &fields)
	return strings.Join(slices.Sorted(maps.Keys(fields)), " ")
}

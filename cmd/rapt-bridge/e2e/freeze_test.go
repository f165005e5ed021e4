package e2e

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/network"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// freezes are how long TestFrozenProcess and TestPausedContainer stop the program for; "make soak" has longer ones.
var freezes = flag.String("freezes", "12s", "how long the program is stopped, separated by commas")

// sleeper is a program that can be stopped, and what it is known by.
type sleeper struct {
	stop, goOn func()
	log        func() string
	writes     func() int // that it has asked of the cloud
	kettle     string     // the topic of one
}

// A process that is stopped carries out nothing that was sent meanwhile: the kernel keeps it and hands it over afterwards.
// What is sent when the program runs again is carried out.
func TestFrozenProcess(t *testing.T) {
	t.Parallel()
	broker := startMosquitto(t, t, mosquittoOptions{})
	cloud := startCloud(t, t, raptsim.Options{CommandDelay: -1, Latency: &raptsim.Latency{}})
	b := startBridge(t, t, cloud.account().with(settings{"MQTT_URL": broker.url()}), "run")
	watcher := newMQTTClient(t, t, broker, "", "")
	mirrored(t, watcher, "rapt", len(cloud.devices(t)))
	signal := func(s syscall.Signal) func() { return func() { require.NoError(t, b.process.Process.Signal(s)) } }
	sleeper{stop: signal(syscall.SIGSTOP), goOn: signal(syscall.SIGCONT), log: b.log,
		writes: func() (n int) {
			for _, r := range cloud.requests(t) {
				if r.Method == "POST" && !r.SignIn {
					n++
				}
			}
			return n
		},
		kettle: "rapt/brewzilla/" + cloud.device(t, raptsim.BrewZilla).ID,
	}.sleeps(t, watcher)
	assert.True(t, b.running())
}

// The same for the image in a container that is paused.
func TestPausedContainer(t *testing.T) {
	t.Parallel()
	nw := newNetwork(t, t)
	broker := startMosquitto(t, t, mosquittoOptions{network: nw})
	c := startContainer(t, t, testImage(t), nil, network.WithNetwork([]string{"rapt-bridge"}, nw), confined(), testcontainers.WithCmd("demo"),
		testcontainers.WithEnv(map[string]string{"RAPT_BRIDGE_MQTT_URL": "mqtt://mosquitto:1883", "RAPT_BRIDGE_LOG_LEVEL": "debug"}))
	watcher := newMQTTClient(t, t, broker, "", "")
	devices := raptsim.New(raptsim.Options{}).Devices()
	mirrored(t, watcher, "rapt", len(devices))
	kettle := devices[slices.IndexFunc(devices, func(d raptsim.Info) bool { return d.Family == raptsim.BrewZilla })]
	sleeper{stop: func() { c.pause(t) }, goOn: func() { c.unpause(t) }, log: func() string { return c.logText(t) },
		writes: func() int { return strings.Count(c.logText(t), "endpoint=BrewZillas/Set") },
		kettle: "rapt/brewzilla/" + kettle.ID,
	}.sleeps(t, watcher)
}

// sleeps stops the program for each time, and sends commands meanwhile and afterwards.
func (s sleeper) sleeps(t *testing.T, watcher *mqttClient) {
	for i, text := range strings.Split(*freezes, ",") {
		t.Run(text, func(t *testing.T) {
			length, err := time.ParseDuration(text)
			require.NoError(t, err)
			before, connections := s.writes(), strings.Count(s.log(), "connected to the MQTT broker")
			goOn := sync.OnceFunc(s.goOn)
			defer goOn()
			s.stop()
			time.Sleep(time.Second)
			for _, sent := range []struct{ key, payload string }{{"heating_enabled", "ON"}, {"target_temperature", fmt.Sprint(60 + i)}, {"heating_utilisation", "90"}} {
				watcher.publish(t, s.kettle+"/"+sent.key+"/set", sent.payload, false)
				time.Sleep((length - 2*time.Second) / 3)
			}
			watcher.publish(t, s.kettle+"/pump_enabled/set", "ON", false)
			time.Sleep(time.Second)
			goOn()

			within(t, patience, "a new connection", func() error {
				if log := s.log(); !strings.Contains(log, "has not run for a while") || strings.Count(log, "connected to the MQTT broker") == connections {
					return errors.New("not yet:\n" + log)
				}
				return nil
			})
			within(t, patience, "the outcome of the first", func() error {
				refusals := 0
				for _, m := range watcher.all() {
					if m.topic == s.kettle+"/result" && holdsAll(m.payload, []string{"heating_enabled", "rejected", "came while the bridge was asleep"}) {
						refusals++
					}
				}
				if refusals != i+1 {
					return fmt.Errorf("refused %d times", refusals)
				}
				return nil
			})
			time.Sleep(3 * time.Second) // for what should not happen
			assert.Equal(t, before, s.writes(), "nothing is carried out late")

			watcher.waitFor(t, patience, "rapt/bridge/availability", equal("online"))
			watcher.publish(t, s.kettle+"/pump_utilisation/set", fmt.Sprint(20+i), false)
			within(t, patience, "a command that comes now", func() error {
				if n := s.writes(); n != before+1 {
					return fmt.Errorf("%d writes", n)
				}
				return nil
			})
		})
	}
}

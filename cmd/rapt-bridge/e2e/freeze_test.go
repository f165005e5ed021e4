package e2e

import (
	"errors"
	"flag"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// freezes are how long TestFrozenProcess stops the process for; "make soak" has longer ones.
var freezes = flag.String("freezes", "12s", "how long the program is stopped, separated by commas")

// A process that is stopped, as by a paused container, carries out nothing that was sent meanwhile: the kernel keeps it and
// hands it over afterwards. What is sent when the program runs again is carried out.
func TestFrozenProcess(t *testing.T) {
	t.Parallel()
	broker := startMosquitto(t, t, mosquittoOptions{})
	cloud := startCloud(t, t, raptsim.Options{CommandDelay: -1, Latency: &raptsim.Latency{}})
	b := startBridge(t, t, cloud.account().with(settings{"MQTT_URL": broker.url()}), "run")
	watcher := newMQTTClient(t, t, broker, "", "")
	mirrored(t, watcher, "rapt", len(cloud.devices(t)))
	kettle := "rapt/brewzilla/" + cloud.device(t, raptsim.BrewZilla).ID
	writes := func() (n int) {
		for _, r := range cloud.requests(t) {
			if r.Method == "POST" && !r.SignIn {
				n++
			}
		}
		return n
	}
	for i, text := range strings.Split(*freezes, ",") {
		t.Run(text, func(t *testing.T) {
			length, err := time.ParseDuration(text)
			require.NoError(t, err)
			before, connections := writes(), strings.Count(b.log(), "connected to the MQTT broker")
			require.NoError(t, b.process.Process.Signal(syscall.SIGSTOP))
			defer func() { _ = b.process.Process.Signal(syscall.SIGCONT) }()
			time.Sleep(time.Second)
			for _, sent := range []struct{ key, payload string }{{"heating_enabled", "ON"}, {"target_temperature", fmt.Sprint(60 + i)}, {"heating_utilisation", "90"}} {
				watcher.publish(t, kettle+"/"+sent.key+"/set", sent.payload, false)
				time.Sleep((length - 2*time.Second) / 3)
			}
			watcher.publish(t, kettle+"/pump_enabled/set", "ON", false)
			time.Sleep(time.Second)
			require.NoError(t, b.process.Process.Signal(syscall.SIGCONT))

			b.waitForLog(t, 10*time.Second, "has not run for a while")
			within(t, patience, "a new connection", func() error {
				if strings.Count(b.log(), "connected to the MQTT broker") == connections {
					return errors.New("not yet")
				}
				return nil
			})
			within(t, patience, "the outcome of the first", func() error {
				refusals := 0
				for _, m := range watcher.all() {
					if m.topic == kettle+"/result" && holdsAll(m.payload, []string{"heating_enabled", "rejected", "came while the bridge was asleep"}) {
						refusals++
					}
				}
				if refusals != i+1 {
					return fmt.Errorf("refused %d times", refusals)
				}
				return nil
			})
			time.Sleep(3 * time.Second) // for what should not happen
			assert.Equal(t, before, writes(), "nothing is carried out late")

			watcher.waitFor(t, patience, "rapt/bridge/availability", equal("online"))
			watcher.publish(t, kettle+"/pump_utilisation/set", fmt.Sprint(20+i), false)
			within(t, patience, "a command that comes now", func() error {
				if n := writes(); n != before+1 {
					return fmt.Errorf("%d writes", n)
				}
				return nil
			})
		})
	}
	assert.True(t, b.running())
}

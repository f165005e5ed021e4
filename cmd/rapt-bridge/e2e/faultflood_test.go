package e2e

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.golang/paho"
)

// A flood of messages that the bridge refuses: how many are sent a second where the machine can, and how many at least.
const (
	floodRate  = 1850
	leastFlood = 1000
	flooders   = 4
)

// refusedFlood publishes what the bridge refuses for a minute, and sends commands meanwhile.
func refusedFlood(c *trial) {
	before, start := len(c.log()), time.Now()
	sent := c.flood(start.Add(time.Minute))
	time.Sleep(2 * time.Second)
	commands, slowest := 0, time.Duration(0)
	for time.Since(start) < 55*time.Second {
		slowest = max(slowest, c.expectApplied("in the flood"))
		commands++
		time.Sleep(2 * time.Second)
	}
	messages := sent()
	seconds := time.Since(start).Seconds()
	rate, log := float64(messages)/seconds, float64(len(c.log())-before)/seconds
	c.outcome.figures = fmt.Sprintf("%.0f messages/s, %.2f kB/s of log, %d commands, the slowest %.2f s", rate, log/1000, commands, slowest.Seconds())
	if rate < leastFlood {
		c.broke("%.0f messages a second are no flood", rate)
	}
	if log > 4000 {
		c.broke("%.0f bytes of log a second", log)
	}
	if slowest > 2*time.Second {
		c.broke("a command took %s", slowest)
	}
}

// flood publishes what the bridge refuses, from several clients; the function waits for its end and returns how many messages
// it were.
func (c *trial) flood(until time.Time) (sent func() int64) {
	start, kettle := time.Now(), c.targets[len(c.targets)-1]
	keys := []string{"pump_utilisation", "no_such_key", strings.Repeat("k", 2000)}
	var messages atomic.Int64
	var clients sync.WaitGroup
	for first := range flooders {
		client := newSubscriber(c.t, c.t, c.broker, "", "", fmt.Sprintf("%s-nothing-%d", c.prefix, first))
		clients.Go(func() {
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for i := first; time.Now().Before(until); <-tick.C {
				for ; i < int(time.Since(start).Seconds()*floodRate); i += flooders {
					topic := fmt.Sprintf("%s/%s/%s/%s/set", c.prefix, kettle.Family, kettle.ID, keys[i%len(keys)])
					if i%5 == 0 {
						topic = fmt.Sprintf("%s/still/nobody-%d/pump_enabled/set", c.prefix, i)
					}
					if _, err := client.conn.Publish(c.t.Context(), &paho.Publish{Topic: topic, Payload: []byte("not a number")}); err != nil {
						return
					}
					messages.Add(1)
				}
			}
		})
	}
	return func() int64 { clients.Wait(); return messages.Load() }
}

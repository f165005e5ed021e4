package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// reader is a subscriber of the stream with a session that the broker keeps, as a database's would be.
type reader struct {
	mu   sync.Mutex
	rows map[string]map[int64]int // by topic: how often each row came, by its time in microseconds
	keys map[string]int           // by topic and row
}

func startReader(t testing.TB, broker *mosquitto) *reader {
	t.Helper()
	r := &reader{rows: map[string]map[int64]int{}, keys: map[string]int{}}
	address, err := url.Parse(broker.url())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	conn, err := autopaho.NewConnection(ctx, autopaho.ClientConfig{
		ServerUrls: []*url.URL{address}, KeepAlive: 10, SessionExpiryInterval: 3600, ConnectTimeout: 5 * time.Second,
		ReconnectBackoff: autopaho.NewConstantBackoff(200 * time.Millisecond), Errors: log.New(io.Discard, "", 0),
		ClientConfig: paho.ClientConfig{ClientID: "database", OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) {
			r.take(p.Packet)
			return true, nil
		}}},
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		cancel()
		<-conn.Done()
	})
	waiting, done := context.WithTimeout(ctx, patience)
	defer done()
	require.NoError(t, conn.AwaitConnection(waiting))
	_, err = conn.Subscribe(waiting, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "rapt/+/+/telemetry", QoS: 1}}})
	require.NoError(t, err)
	return r
}

func (r *reader) take(p *paho.Publish) {
	var row struct {
		At  time.Time `json:"at"`
		Row string    `json:"row"`
	}
	if json.Unmarshal(p.Payload, &row) != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rows[p.Topic] == nil {
		r.rows[p.Topic] = map[int64]int{}
	}
	r.rows[p.Topic][row.At.UnixMicro()]++
	r.keys[p.Topic+" "+row.Row]++
}

// The main job over HTTP and Mosquitto, the program killed at random moments and once for a minute: every row of every
// device that the cloud has arrives, and no kill repeats more than one.
func TestNoReadingIsLostWhenTheProgramIsKilled(t *testing.T) {
	t.Parallel()
	broker := startMosquitto(t, t, mosquittoOptions{})
	reader := startReader(t, broker)
	cloud := startCloud(t, t, raptsim.Options{Devices: []raptsim.DeviceSpec{
		{Family: raptsim.Hydrometer, Name: "Pill", ReportEvery: 20 * time.Second, Jitter: 0.02, TimeDigits: 7},
		{Family: raptsim.TemperatureController, Name: "Fridge", ReportEvery: 8 * time.Second, Jitter: 0.02, TimeDigits: 7},
		{Family: raptsim.BrewZilla, Name: "Kettle", ReportEvery: 6 * time.Second, Jitter: 0.02, TimeDigits: 7},
		{Family: raptsim.ExternalDevice, Name: "Tilt", ReportEvery: 15 * time.Second, Jitter: 0.02, TimeDigits: 7},
	}})
	settings := cloud.account().with(settings{"MQTT_URL": broker.url(), "HISTORY_DAYS": "0"})
	// Every start signs in, and polls have four sign-ins in an hour: this one begins with all of them.
	unused, err := json.Marshal(map[string]any{"ledger": limit.NewKey("brewer@example.com", "demo-secret").Unused(time.Now())})
	require.NoError(t, err)
	newMQTTClient(t, t, broker, "", "").publish(t, "rapt/bridge/state", string(unused), true)
	program := startBridge(t, t, settings)
	time.Sleep(75 * time.Second) // its rhythms are known
	from := time.Now()
	kills := 0
	for _, away := range []time.Duration{0, time.Minute, 5 * time.Second} {
		time.Sleep(5*time.Second + rand.N(10*time.Second))
		program.kill(t)
		kills++
		time.Sleep(away)
		program = startBridge(t, t, settings)
	}
	// A row that a poll misses from now on may take an hour. Those of before are asked for with the gap.
	until := time.Now()
	time.Sleep(30 * time.Second)

	client, err := raptclient.New(raptclient.Options{APIURL: cloud.url, AuthURL: cloud.url, Username: "brewer@example.com", APISecret: "demo-secret"})
	require.NoError(t, err)
	defer client.CloseIdleConnections()
	wanted := map[string][]int64{}
	for _, f := range device.Families() {
		for _, d := range cloud.devices(t) {
			if d.Family != string(f.Name) {
				continue
			}
			list, err := f.Telemetry(context.Background(), client, d.ID, from, until)
			require.NoError(t, err)
			require.NotEmpty(t, list.Rows, d.Name)
			for _, row := range list.Rows {
				topic := fmt.Sprintf("rapt/%s/%s/telemetry", f.Name, d.ID)
				wanted[topic] = append(wanted[topic], row.At.UnixMicro())
			}
		}
	}
	within(t, 2*time.Minute, "every row", func() error {
		reader.mu.Lock()
		defer reader.mu.Unlock()
		for topic, rows := range wanted {
			for i, at := range rows {
				if reader.rows[topic][at] == 0 {
					return fmt.Errorf("%s: row %d of %d is missing, of %s; killed from %s on", topic, i, len(rows), time.UnixMicro(at), from)
				}
			}
		}
		return nil
	})
	repeated := 0
	reader.mu.Lock()
	defer reader.mu.Unlock()
	for topic, rows := range reader.rows {
		for at, n := range rows {
			if n > 1 {
				t.Logf("%s: %d times %s", topic, n, time.UnixMicro(at))
				repeated += n - 1
			}
		}
	}
	for key, n := range reader.keys {
		assert.LessOrEqual(t, n, 2, key)
	}
	assert.LessOrEqual(t, repeated, kills, "a kill repeats one row at the most")
	assert.NotContains(t, program.log(), "level=ERROR")
}

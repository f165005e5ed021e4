package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/require"
)

// message is a message as a subscriber saw it.
type message struct {
	topic    string
	payload  string
	retained bool // it was published to be retained
	qos      byte
	reply    []byte // correlation data
}

// mqttClient is a subscriber of all topics that remembers what came, and connects again by itself.
type mqttClient struct {
	conn *autopaho.ConnectionManager

	mu      sync.Mutex
	history []message
	last    map[string]message
}

// newMQTTClient connects to the plain listener of a broker as a user (an empty name: anonymous), subscribes to every
// topic, and returns when the subscription stands.
func newMQTTClient(t testing.TB, s scope, broker *mosquitto, username, password string) *mqttClient {
	t.Helper()
	return newSubscriber(t, s, broker, username, password, "#")
}

// newSubscriber is newMQTTClient for the topics that match some filters.
func newSubscriber(t testing.TB, s scope, broker *mosquitto, username, password string, filters ...string) *mqttClient {
	t.Helper()
	var subscriptions []paho.SubscribeOptions
	for _, filter := range filters {
		subscriptions = append(subscriptions, paho.SubscribeOptions{Topic: filter, QoS: 1, RetainAsPublished: true})
	}
	address, err := url.Parse(broker.url())
	require.NoError(t, err)
	c := &mqttClient{last: map[string]message{}}
	ctx, cancel := context.WithCancel(context.Background())
	subscribed := make(chan error, 1)
	c.conn, err = autopaho.NewConnection(ctx, autopaho.ClientConfig{
		ServerUrls:                    []*url.URL{address},
		KeepAlive:                     10,
		CleanStartOnInitialConnection: true,
		ConnectUsername:               username,
		ConnectPassword:               []byte(password),
		ConnectTimeout:                5 * time.Second,
		ReconnectBackoff:              autopaho.NewConstantBackoff(200 * time.Millisecond),
		OnConnectionUp: func(conn *autopaho.ConnectionManager, _ *paho.Connack) {
			go func() {
				_, err := conn.Subscribe(ctx, &paho.Subscribe{Subscriptions: subscriptions})
				select {
				case subscribed <- err:
				default:
				}
			}()
		},
		Errors: log.New(io.Discard, "", 0),
		ClientConfig: paho.ClientConfig{
			OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) {
				c.received(p.Packet)
				return true, nil
			}},
		},
	})
	require.NoError(t, err)
	s.Cleanup(func() {
		ending, done := context.WithTimeout(context.Background(), 2*time.Second)
		defer done()
		_ = c.conn.Disconnect(ending)
		cancel()
		<-c.conn.Done()
	})
	select {
	case err := <-subscribed:
		require.NoError(t, err, "subscribe to every topic")
	case <-time.After(patience):
		t.Fatal("no connection to the broker as " + username)
	}
	return c
}

func (c *mqttClient) received(p *paho.Publish) {
	m := message{topic: p.Topic, payload: string(p.Payload), retained: p.Retain, qos: p.QoS}
	if p.Properties != nil {
		m.reply = p.Properties.CorrelationData
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.history = append(c.history, m)
	c.last[p.Topic] = m
}

// get is the last message of a topic; ok is false when none came or when the last one cleared the topic.
func (c *mqttClient) get(topic string) (m message, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m, ok = c.last[topic]
	return m, ok && m.payload != ""
}

// topics are those that begin with prefix and hold a retained message, in order.
func (c *mqttClient) topics(prefix string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []string
	for topic, m := range c.last {
		if strings.HasPrefix(topic, prefix) && m.retained && m.payload != "" {
			found = append(found, topic)
		}
	}
	slices.Sort(found)
	return found
}

// all is every message that came so far, in order.
func (c *mqttClient) all() []message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.history)
}

// waitFor waits until the last message of a topic satisfies accept, and returns it. A nil accept takes any payload
// but the empty one.
func (c *mqttClient) waitFor(t testing.TB, limit time.Duration, topic string, accept func(payload string) bool) message {
	t.Helper()
	var found message
	within(t, limit, "message on "+topic, func() error {
		m, ok := c.get(topic)
		switch {
		case accept == nil && !ok:
			return errors.New("none")
		case accept != nil && !accept(m.payload):
			return fmt.Errorf("the last is %q", m.payload)
		}
		found = m
		return nil
	})
	return found
}

// equal accepts one payload.
func equal(payload string) func(string) bool { return func(p string) bool { return p == payload } }

// taken accepts the result of a command that the cloud took, and maybe the device already.
func taken(payload string) bool {
	return strings.Contains(payload, `"outcome":"applied"`) || strings.Contains(payload, `"outcome":"confirmed"`)
}

// publish publishes with QoS 1 and returns when the broker has it.
func (c *mqttClient) publish(t testing.TB, topic, payload string, retain bool) {
	t.Helper()
	c.send(t, &paho.Publish{Topic: topic, Payload: []byte(payload), QoS: 1, Retain: retain})
}

// send publishes a message with all that MQTT 5 has, and returns when the broker has it.
func (c *mqttClient) send(t testing.TB, p *paho.Publish) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, c.conn.AwaitConnection(ctx))
	_, err := c.conn.Publish(ctx, p)
	require.NoError(t, err, "publish to %s", p.Topic)
}

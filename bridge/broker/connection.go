package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cenkalti/backoff/v4"
	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"

	"github.com/rapt-bridge/rapt-bridge/bridge/internal/retry"
)

// EventKind is what an event tells.
type EventKind int

// The kinds of events.
const (
	Up       EventKind = iota // connected and subscribed
	Down                      // connection lost
	Failed                    // something didn't work; the connection tries on
	Received                  // a message
)

// Event is what the connection tells its user.
type Event struct {
	Kind EventKind
	// Connection is the connection that it came by, counted from 1; 0 before the first one.
	Connection int
	Err        error // of Down and Failed, in words for people
	Message    Message
}

// Connection is the connection as its user sees it: events come in, publications go out, and nothing of it ever blocks
// the user.
type Connection struct {
	Events chan Event
	Out    chan Publication
	// Renew makes the connection anew and returns the number of the one that it gives up: what has come by that one, or still
	// comes by it, is from before. It returns at once; the old connection is given up when nothing comes by it any more, so
	// that no message is lost without a word.
	Renew func() int
	// EndRestore gives the subscriptions of Options.Restore up, for good. It returns at once.
	EndRestore func()
	// Close publishes a last message, disconnects and returns, within the context's time.
	Close func(ctx context.Context, last Publication)
}

// Options are what a Connection is made of.
type Options struct {
	Find     Find
	ClientID string
	// Will is what the broker publishes when the connection is lost.
	Will Publication
	// Filters are subscribed on every connection. Retained messages on them are of no use.
	Filters []string
	// Restore are subscribed too, until EndRestore, for what the broker retains there.
	Restore []string
	Log     *slog.Logger
}

const (
	publishTimeout   = 30 * time.Second
	subscribeTimeout = 30 * time.Second
	findTimeout      = 10 * time.Second

	shortestReconnect = time.Second
	longestReconnect  = 30 * time.Second
)

// Connect starts the connection. It goes on trying until ctx ends, whatever goes wrong; the error is that of finding the
// broker at the start.
func Connect(ctx context.Context, o Options) (*Connection, error) {
	server, err := o.Find(ctx)
	if err != nil {
		return nil, err
	}
	out := &Connection{Events: make(chan Event, 64), Out: make(chan Publication)}
	c := &client{
		options: o, events: out.Events, out: out.Out, backOff: retry.New(shortestReconnect, longestReconnect, 0),
		renew: make(chan bool, 1), closed: make(chan struct{}),
	}
	c.ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	c.server.Store(&server)
	if err := c.start(); err != nil {
		c.cancel()
		return nil, fmt.Errorf("mqtt: %w", err)
	}
	c.work.Go(c.supervise)
	publishing, stopPublishing := context.WithCancel(c.ctx)
	c.stopPublishing, c.published = stopPublishing, make(chan struct{})
	c.work.Go(func() { c.publish(publishing) })
	out.Renew = func() int {
		last := int(c.connections.Load())
		c.makeAnew(true)
		return last
	}
	out.EndRestore = func() {
		if !c.restored.Swap(true) && len(o.Restore) > 0 {
			c.work.Go(c.unsubscribeRestore)
		}
	}
	out.Close = c.close
	return out, nil
}

// client is what is behind a Connection.
type client struct {
	options  Options
	events   chan Event
	out      <-chan Publication
	server   atomic.Pointer[Server]
	restored atomic.Bool
	ctx      context.Context // ends when the connection is closed
	cancel   context.CancelFunc
	work     sync.WaitGroup
	renew    chan bool    // asks for a connection made anew, with true once nothing comes any more
	messages atomic.Int64 // that have come
	// connections is how many there have been.
	connections atomic.Int64
	closed      chan struct{} // closed when supervise has ended

	manager atomic.Pointer[autopaho.ConnectionManager]
	end     context.CancelFunc // of manager

	// What follows belongs to the manager's goroutine, of which there is one at a time.
	backOff backoff.BackOff
	ready   bool // a connection has been up
	refused bool // the broker refused the credentials: look them up again

	stopPublishing context.CancelFunc
	published      chan struct{} // closed when publish has ended
}

// start makes a connection, with a manager of its own that reconnects when it is lost.
func (c *client) start() error {
	ctx, end := context.WithCancel(c.ctx)
	manager, err := autopaho.NewConnection(ctx, c.config())
	if err != nil {
		end()
		return err
	}
	c.end = end
	c.manager.Store(manager)
	return nil
}

// supervise makes the connection anew when it is of no use although it is up.
func (c *client) supervise() {
	defer close(c.closed)
	for {
		select {
		case <-c.ctx.Done():
			c.end()
			<-c.manager.Load().Done()
			return
		case drain := <-c.renew:
			if drain {
				c.awaitQuiet()
			}
			c.end()
			<-c.manager.Load().Done()
			if err := c.start(); err != nil {
				c.tell(Event{Kind: Failed, Err: fmt.Errorf("mqtt: %w", err)})
			}
		}
	}
}

// What the kernel holds of a connection comes within moments. It is waited for until nothing has come for a quiet time,
// and for the longest time at most.
const (
	drainQuiet   = 250 * time.Millisecond
	drainLongest = 2 * time.Second
)

func (c *client) awaitQuiet() {
	for range drainLongest / drainQuiet {
		before := c.messages.Load()
		select {
		case <-time.After(drainQuiet):
		case <-c.ctx.Done():
			return
		}
		if c.messages.Load() == before {
			return
		}
	}
}

func (c *client) config() autopaho.ClientConfig {
	cfg := clientConfig(func() Server { return *c.server.Load() }, c.options.ClientID)
	build := cfg.ConnectPacketBuilder
	cfg.ConnectPacketBuilder = func(p *paho.Connect, u *url.URL) (*paho.Connect, error) {
		c.lookUpAgain()
		return build(p, u)
	}
	cfg.ReconnectBackoff = c.reconnectAfter
	cfg.WillMessage = &paho.WillMessage{Topic: c.options.Will.Topic, Payload: c.options.Will.Payload, QoS: 1, Retain: c.options.Will.Retain}
	cfg.OnConnectionUp = func(m *autopaho.ConnectionManager, _ *paho.Connack) {
		c.ready = true
		c.connections.Add(1)
		c.work.Go(func() { c.subscribe(m) })
	}
	cfg.OnConnectError = c.failed
	cfg.OnPublishReceived = []func(paho.PublishReceived) (bool, error){c.received}
	cfg.OnClientError = func(err error) { c.tell(Event{Kind: Down, Err: lossReason(err)}) }
	cfg.OnServerDisconnect = func(d *paho.Disconnect) {
		c.tell(Event{Kind: Down, Err: disconnectReason(d, c.options.ClientID)})
	}
	return cfg
}

// reconnectAfter waits a second at least after a connection or an attempt, so that two clients with one id don't take
// the connection from each other in a tight loop.
func (c *client) reconnectAfter(attempt int) time.Duration {
	if attempt == 0 {
		c.backOff.Reset()
	}
	wait := c.backOff.NextBackOff()
	if attempt == 0 && !c.ready {
		return 0
	}
	return wait
}

// lookUpAgain asks for the credentials anew where the broker has refused them.
func (c *client) lookUpAgain() {
	if !c.refused {
		return
	}
	ctx, cancel := context.WithTimeout(c.ctx, findTimeout)
	defer cancel()
	found, err := c.options.Find(ctx)
	if err != nil {
		return // the next attempt looks again
	}
	was := c.server.Load()
	c.server.Store(&Server{URL: was.URL, TLS: was.TLS, Username: found.Username, Password: found.Password})
	c.refused = false
}

func (c *client) failed(err error) {
	if c.ctx.Err() != nil {
		return
	}
	var connack *autopaho.ConnackError
	if errors.As(err, &connack) && (connack.ReasonCode == packets.ConnackBadUsernameOrPassword || connack.ReasonCode == packets.ConnackNotAuthorized) {
		c.refused = true
	}
	c.tell(Event{Kind: Failed, Err: connectReason(err, c.options.ClientID)})
}

// subscribe subscribes on a new connection and tells the user when that is done. A connection whose subscriptions are
// not answered in time is of no use and is made anew.
func (c *client) subscribe(manager *autopaho.ConnectionManager) {
	sub := &paho.Subscribe{}
	for _, f := range c.options.Filters {
		// Retained messages on these are of no use (2), and one that arrives should be known as such.
		sub.Subscriptions = append(sub.Subscriptions, paho.SubscribeOptions{Topic: f, QoS: 1, RetainHandling: 2, RetainAsPublished: true})
	}
	if !c.restored.Load() {
		for _, f := range c.options.Restore {
			sub.Subscriptions = append(sub.Subscriptions, paho.SubscribeOptions{Topic: f, QoS: 1, RetainAsPublished: true})
		}
	}
	ctx, cancel := context.WithTimeout(c.ctx, subscribeTimeout)
	defer cancel()
	suback, err := manager.Subscribe(ctx, sub)
	switch {
	case err == nil:
	case suback != nil:
		c.tell(Event{Kind: Failed, Err: fmt.Errorf("the broker doesn't let user %q subscribe to %s (reasons %x); check its access rules", c.server.Load().Username, strings.Join(topicsOf(sub), " "), suback.Reasons)})
	case c.ctx.Err() != nil || errors.Is(err, autopaho.ConnectionDownError):
		return // the next connection subscribes
	default:
		c.tell(Event{Kind: Down, Err: fmt.Errorf("the broker doesn't answer the subscription (%w); connecting anew", err)})
		c.makeAnew(false)
		return
	}
	c.tell(Event{Kind: Up})
}

func (c *client) makeAnew(drain bool) {
	select {
	case c.renew <- drain:
	default: // it is asked for already
	}
}

func topicsOf(sub *paho.Subscribe) []string {
	var topics []string
	for _, o := range sub.Subscriptions {
		topics = append(topics, o.Topic)
	}
	return topics
}

func (c *client) unsubscribeRestore() {
	ctx, cancel := context.WithTimeout(c.ctx, subscribeTimeout)
	defer cancel()
	if _, err := c.manager.Load().Unsubscribe(ctx, &paho.Unsubscribe{Topics: c.options.Restore}); err != nil && c.ctx.Err() == nil {
		c.options.Log.Debug("mqtt: the subscriptions could not be given up; the next connection doesn't have them", slog.Any("error", err))
	}
}

// received hands a message over; the acknowledgement follows.
func (c *client) received(p paho.PublishReceived) (bool, error) {
	c.messages.Add(1)
	m := Message{Topic: p.Packet.Topic, Payload: p.Packet.Payload, Retained: p.Packet.Retain}
	if props := p.Packet.Properties; props != nil {
		m.ResponseTopic, m.Correlation = props.ResponseTopic, props.CorrelationData
		m.ID = requestID(props)
	}
	c.tell(Event{Kind: Received, Message: m})
	return true, nil
}

// requestID is the user property "id" of a command, or its correlation data where that can be read.
func requestID(props *paho.PublishProperties) string {
	id := props.User.Get("id")
	if id == "" && utf8.Valid(props.CorrelationData) {
		id = string(props.CorrelationData)
	}
	if len(id) > 128 || strings.ContainsFunc(id, unicode.IsControl) {
		return ""
	}
	return id
}

func (c *client) tell(e Event) {
	e.Connection = int(c.connections.Load())
	select {
	case c.events <- e:
	case <-c.ctx.Done():
	}
}

// publish carries publications to the broker, one after the other, so that their order holds.
func (c *client) publish(ctx context.Context) {
	defer close(c.published)
	for {
		select {
		case <-ctx.Done():
			return
		case p := <-c.out:
			c.send(ctx, p)
		}
	}
}

func (c *client) send(ctx context.Context, p Publication) {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	packet := &paho.Publish{Topic: p.Topic, Payload: p.Payload, Retain: p.Retain, QoS: 1}
	if p.Correlation != nil {
		packet.Properties = &paho.PublishProperties{CorrelationData: p.Correlation}
	}
	reply, err := c.manager.Load().Publish(ctx, packet)
	switch {
	case err == nil || c.ctx.Err() != nil:
	case reply != nil && reply.ReasonCode >= 0x80:
		c.tell(Event{Kind: Failed, Err: fmt.Errorf("the broker doesn't let user %q publish to %s (reason 0x%x); check its access rules", c.server.Load().Username, p.Topic, reply.ReasonCode)})
	case !errors.Is(err, autopaho.ConnectionDownError):
		c.options.Log.Debug("mqtt: a message didn't reach the broker; all are published again on the next connection", slog.String("topic", p.Topic), slog.Any("error", err))
	}
	p.acked(err == nil)
}

func (c *client) close(ctx context.Context, last Publication) {
	// What still comes in is not read any more, and must not stand in the way of the answer to the last message.
	c.work.Go(func() {
		for {
			select {
			case <-c.events:
			case <-c.ctx.Done():
				return
			}
		}
	})
	// Nothing may follow the last message, or the bridge would seem online for ever.
	c.stopPublishing()
	<-c.published
	manager := c.manager.Load()
	_, _ = manager.Publish(ctx, &paho.Publish{Topic: last.Topic, Payload: last.Payload, Retain: last.Retain, QoS: 1})
	_ = manager.Disconnect(ctx)
	c.cancel()
	<-c.closed
	c.work.Wait()
}

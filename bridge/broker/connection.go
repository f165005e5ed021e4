package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"

	"github.com/rapt-bridge/rapt-bridge/internal/retry"
)

// EventKind is what an event tells.
type EventKind int

// The kinds of events.
const (
	Up          EventKind = iota // connected and subscribed
	Down                         // connection lost
	Failed                       // something didn't work; the connection tries on
	Received                     // a message
	Oversized                    // a publication is too large for the broker and is not sent
	Undelivered                  // a publication that is kept was sent and not acknowledged; the broker may have it or not
)

// Event is what the connection tells its user.
type Event struct {
	Kind EventKind
	// Connection is the connection that it came by, counted from 1; 0 before the first one.
	Connection  int
	Err         error       // of Down, Failed and Oversized, in words for people
	Topic       string      // of Oversized
	Standby     bool        // of Up: under the standby's client id
	Taken       bool        // of Down: another client has taken the client id
	Message     Message     // of Received
	Undelivered Publication // of Undelivered
}

// Connection is the connection as its user sees it: events come in, publications go out, and nothing of it ever blocks
// the user.
type Connection struct {
	Events chan Event
	Out    chan Publication
	// Renew makes the connection anew and returns the number of the one that it gives up: what has come by that one, or still
	// comes by it, is from before. It returns at once; the old connection is given up when nothing comes by it any more, so
	// that no message is lost without a word. Where there is a standby's connection, that one comes first.
	Renew func() int
	// Take leaves the standby's connection for one under Options.ClientID, whose subscriptions have those of
	// Options.Restore again when restore is set. It returns at once; Up follows, or Down and a standby's Up.
	Take func(restore bool)
	// EndRestore gives the subscriptions of Options.Restore up, for good. It returns at once.
	EndRestore func()
	// Close publishes a last message, unless it has no topic or the connection is a standby's, disconnects and returns,
	// within the context's time.
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
	// Foreign are subscribed like those of Restore; other programs publish there too.
	Foreign []string
	// Standby, when set, has every connection start as a standby's, until Take.
	Standby *Standby
	Log     *slog.Logger

	// dial makes a connection in virtual time; nil for the network.
	dial func(context.Context, autopaho.ClientConfig, *url.URL) (net.Conn, error)
}

// Standby is a connection under a client id of its own, without a will, that only looks.
type Standby struct {
	ClientID string
	// Filters are subscribed with what the broker retains there.
	Filters []string
}

const (
	findTimeout = 10 * time.Second

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
		inbox: newInbox(), renew: make(chan struct{}, 1), closed: make(chan struct{}),
	}
	c.ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	c.server.Store(&server)
	c.named.Store(o.Standby == nil)
	if err := c.start(); err != nil {
		c.cancel()
		return nil, fmt.Errorf("mqtt: %w", err)
	}
	c.work.Go(c.supervise)
	c.work.Go(c.forward)
	publishing, stopPublishing := context.WithCancel(c.ctx)
	c.stopPublishing, c.published = stopPublishing, make(chan struct{})
	c.work.Go(func() { c.publish(publishing) })
	out.Renew = func() int {
		last := int(c.connections.Load())
		c.drain.Store(true)
		if !c.look() {
			c.makeAnew()
		}
		return last
	}
	out.Take = func(restore bool) {
		if restore {
			c.restored.Store(false)
		}
		c.atOnce.Store(true)
		c.named.Store(true)
		c.makeAnew()
	}
	out.EndRestore = func() {
		if !c.restored.Swap(true) && len(o.Restore)+len(o.Foreign) > 0 {
			c.work.Go(c.unsubscribeRestore)
		}
	}
	out.Close = c.close
	return out, nil
}

// client is what is behind a Connection.
type client struct {
	options   Options
	events    chan Event
	out       <-chan Publication
	inbox     *inbox
	server    atomic.Pointer[Server]
	restored  atomic.Bool
	named     atomic.Bool     // the connection is, or is to be, under Options.ClientID
	maxPacket atomic.Uint32   // the largest that the broker takes, in bytes; 0 for no limit
	atOnce    atomic.Bool     // the next attempt waits for nothing
	ctx       context.Context // ends when the connection is closed
	cancel    context.CancelFunc
	work      sync.WaitGroup
	renew     chan struct{} // asks for a connection made anew
	drain     atomic.Bool   // the connection is given up once nothing comes by it any more
	messages  atomic.Int64  // that have come
	// connections is how many there have been.
	connections atomic.Int64
	closed      chan struct{} // closed when supervise has ended

	manager atomic.Pointer[managed]
	end     context.CancelFunc // of manager

	// What follows belongs to the manager's goroutine, of which there is one at a time.
	backOff backoff.BackOff
	ready   bool // a connection has been up
	refused bool // the broker refused the credentials: look them up again
	failing bool // an attempt under Options.ClientID has failed: the wait goes on growing

	stopPublishing context.CancelFunc
	published      chan struct{} // closed when publish has ended
}

// managed is a manager with the context that it lives in.
type managed struct {
	*autopaho.ConnectionManager
	ctx context.Context
}

// start makes a connection, with a manager of its own that reconnects when it is lost.
func (c *client) start() error {
	ctx, end := context.WithCancel(c.ctx)
	manager, err := autopaho.NewConnection(ctx, c.config(c.named.Load()))
	if err != nil {
		end()
		return err
	}
	c.end = end
	c.manager.Store(&managed{manager, ctx})
	return nil
}

// supervise makes the connection anew when it is of no use although it is up, when it is to be under the other client
// id, and when one under Options.ClientID is over: where there is a standby's, that one looks first who is there.
func (c *client) supervise() {
	defer close(c.closed)
	for {
		manager := c.manager.Load()
		select {
		case <-c.ctx.Done():
		case <-c.renew:
			if c.drain.Swap(false) {
				c.awaitQuiet()
			}
		}
		c.end()
		<-manager.Done()
		if c.ctx.Err() != nil {
			return
		}
		if err := c.start(); err != nil {
			c.emit(Event{Kind: Failed, Err: fmt.Errorf("mqtt: %w", err)})
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

// look has the next connection be a standby's, and reports whether there is such a one.
func (c *client) look() bool {
	if c.options.Standby == nil {
		return false
	}
	c.named.Store(false)
	c.makeAnew()
	return true
}

// makeAnew asks for a connection made anew.
func (c *client) makeAnew() {
	select {
	case c.renew <- struct{}{}:
	default: // it is asked for already
	}
}

func (c *client) config(named bool) autopaho.ClientConfig {
	clientID := c.options.ClientID
	if !named {
		clientID = c.options.Standby.ClientID
	}
	cfg := clientConfig(func() Server { return *c.server.Load() }, clientID)
	build := cfg.ConnectPacketBuilder
	cfg.ConnectPacketBuilder = func(p *paho.Connect, u *url.URL) (*paho.Connect, error) {
		c.lookUpAgain()
		return build(p, u)
	}
	cfg.AttemptConnection = c.options.dial
	cfg.ReconnectBackoff = c.reconnectAfter
	if named {
		cfg.WillMessage = &paho.WillMessage{Topic: c.options.Will.Topic, Payload: c.options.Will.Payload, QoS: 1, Retain: c.options.Will.Retain}
	}
	// Where there is a standby's connection, that one comes first whichever was lost.
	cfg.OnConnectionDown = func() bool { return !c.look() }
	cfg.OnConnectionUp = func(m *autopaho.ConnectionManager, ack *paho.Connack) {
		c.ready = true
		c.connections.Add(1)
		c.maxPacket.Store(maxPacketOf(ack))
		c.failing = c.failing && !named
		c.work.Go(func() { c.subscribe(m, named) })
	}
	cfg.OnConnectError = func(err error) { c.failed(err, named) }
	cfg.OnPublishReceived = []func(paho.PublishReceived) (bool, error){c.received}
	cfg.OnClientError = func(err error) { c.emit(Event{Kind: Down, Err: lossReason(err)}) }
	cfg.OnServerDisconnect = func(d *paho.Disconnect) {
		c.emit(Event{Kind: Down, Err: disconnectReason(d, clientID), Taken: named && d.ReasonCode == packets.DisconnectSessionTakenOver})
	}
	return cfg
}

// reconnectAfter waits a second at least after a connection or an attempt, so that two clients with one id don't take
// the connection from each other in a tight loop.
func (c *client) reconnectAfter(attempt int) time.Duration {
	if c.atOnce.Swap(false) {
		return 0
	}
	if attempt == 0 && !c.failing {
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

func (c *client) failed(err error, named bool) {
	if c.ctx.Err() != nil {
		return
	}
	if named && c.look() { // meanwhile another may have come
		c.failing = true
	}
	var connack *autopaho.ConnackError
	if errors.As(err, &connack) && (connack.ReasonCode == packets.ConnackBadUsernameOrPassword || connack.ReasonCode == packets.ConnackNotAuthorized) {
		c.refused = true
	}
	c.emit(Event{Kind: Failed, Err: connectReason(err, c.options.ClientID)})
}

func (c *client) emit(e Event) {
	if e.Connection = int(c.connections.Load()); e.Kind == Received {
		e.Connection = e.Message.connection
	}
	if e.Kind == Down {
		c.inbox.clear()
	}
	select {
	case c.events <- e:
	case <-c.ctx.Done():
	}
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
	if c.named.Load() && last.Topic != "" {
		_, _ = manager.Publish(ctx, &paho.Publish{Topic: last.Topic, Payload: last.Payload, Retain: last.Retain, QoS: 1})
	}
	_ = manager.Disconnect(ctx)
	c.cancel()
	<-c.closed
	c.work.Wait()
}

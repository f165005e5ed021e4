package bridge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
)

// publication is a message on its way to the broker.
type publication struct {
	topic       string
	payload     []byte
	retain      bool
	correlation []byte
	handed      func() // called once it is with the broker, or can't get there
}

type eventKind int

const (
	brokerUp   eventKind = iota // connected and subscribed
	brokerDown                  // connection lost
	brokerFail                  // an attempt to connect failed
	arrived                     // a message
)

// event is what the broker's side tells the loop.
type event struct {
	kind eventKind
	err  error
	msg  message
}

// link is the connection to the broker as the loop sees it: events come in, publications go out, and nothing of it
// ever blocks the loop.
type link struct {
	events chan event
	out    chan publication
	// subscribe and unsubscribe start the change and return at once.
	subscribe, unsubscribe func(filters ...string)
	// close publishes a last message, disconnects and returns, within the context's time.
	close func(ctx context.Context, last publication)
}

const (
	keepAlive       = 30 * time.Second
	publishTimeout  = 30 * time.Second
	shortestReconn  = time.Second
	longestReconn   = 30 * time.Second
	brokerHintMQTT5 = "the broker must speak MQTT 5 (Mosquitto since 1.6, EMQX, HiveMQ); one that speaks only MQTT 3.1.1 can't be used"
)

// connect starts the connection to the broker. It goes on trying until ctx ends, whatever goes wrong.
func connect(ctx context.Context, o *Options, will publication, filters []string, takeover []string) (*link, error) {
	l := &link{events: make(chan event, 64), out: make(chan publication)}
	broker, err := firstBroker(ctx, o)
	if err != nil {
		return nil, err
	}
	s := &session{link: l, options: o, filters: filters, takeover: takeover}
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.broker.Store(&broker)
	cfg := s.config(will)
	s.manager, err = autopaho.NewConnection(s.ctx, cfg)
	if err != nil {
		s.cancel()
		return nil, fmt.Errorf("mqtt: %w", err)
	}
	publishing, stopPublishing := context.WithCancel(s.ctx)
	s.stopPublishing, s.published = stopPublishing, make(chan struct{})
	s.work.Go(func() { s.publish(publishing) })
	l.subscribe = func(filters ...string) { s.work.Go(func() { s.request(filters, true) }) }
	l.unsubscribe = func(filters ...string) { s.work.Go(func() { s.request(filters, false) }) }
	l.close = s.close
	return l, nil
}

func firstBroker(ctx context.Context, o *Options) (Broker, error) {
	if o.FindBroker == nil {
		return o.Broker, nil
	}
	return o.FindBroker(ctx)
}

// session is the broker's side of a link.
type session struct {
	link     *link
	options  *Options
	broker   atomic.Pointer[Broker]
	filters  []string // of commands and Home Assistant's birth
	takeover []string // of what an earlier run retained, until the first connection has read it
	refused  bool     // the broker refused the credentials: look them up again
	manager  *autopaho.ConnectionManager
	ctx      context.Context // ends when the link is closed
	cancel   context.CancelFunc
	work     sync.WaitGroup

	stopPublishing context.CancelFunc
	published      chan struct{} // closed when publish has ended
	ready          bool          // a connection has been up
}

func (s *session) config(will publication) autopaho.ClientConfig {
	return autopaho.ClientConfig{
		ServerUrls:                    []*url.URL{s.broker.Load().URL},
		TlsCfg:                        s.broker.Load().TLS,
		KeepAlive:                     uint16(keepAlive / time.Second),
		CleanStartOnInitialConnection: true,
		ReconnectBackoff:              s.reconnectAfter,
		ConnectTimeout:                10 * time.Second,
		WillMessage:                   &paho.WillMessage{Topic: will.topic, Payload: will.payload, QoS: 1, Retain: true},
		ConnectPacketBuilder:          s.connectPacket,
		OnConnectionUp: func(m *autopaho.ConnectionManager, _ *paho.Connack) {
			s.ready = true
			s.work.Go(func() { s.up(m) })
		},
		OnConnectError: func(err error) { s.failed(err) },
		ClientConfig: paho.ClientConfig{
			ClientID:          s.options.ClientID,
			OnPublishReceived: []func(paho.PublishReceived) (bool, error){s.received},
			OnClientError:     func(err error) { s.tell(event{kind: brokerDown, err: lossReason(err)}) },
			OnServerDisconnect: func(d *paho.Disconnect) {
				s.tell(event{kind: brokerDown, err: disconnectReason(d, s.options.ClientID)})
			},
		},
	}
}

// reconnectAfter waits a second at least after a connection or an attempt, so that two clients with one id don't take
// the connection from each other in a tight loop.
func (s *session) reconnectAfter(attempt int) time.Duration {
	if attempt == 0 && !s.ready {
		return 0
	}
	wait := shortestReconn
	for range min(attempt, 10) {
		wait *= 2
	}
	return min(wait, longestReconn)
}

// connectPacket makes every connection start clean: what was sent while the bridge was away must never arrive later.
func (s *session) connectPacket(c *paho.Connect, _ *url.URL) (*paho.Connect, error) {
	if s.refused && s.options.FindBroker != nil {
		ctx, cancel := context.WithTimeout(s.ctx, 10*time.Second)
		defer cancel()
		if b, err := s.options.FindBroker(ctx); err == nil {
			s.broker.Store(&Broker{URL: s.broker.Load().URL, TLS: s.broker.Load().TLS, Username: b.Username, Password: b.Password})
			s.refused = false
		}
	}
	c.CleanStart = true
	b := s.broker.Load()
	c.UsernameFlag, c.Username = b.Username != "", b.Username
	c.PasswordFlag, c.Password = b.Password != "", []byte(b.Password)
	return c, nil
}

func (s *session) failed(err error) {
	if s.ctx.Err() != nil {
		return
	}
	var connack *autopaho.ConnackError
	if errors.As(err, &connack) && (connack.ReasonCode == packets.ConnackBadUsernameOrPassword || connack.ReasonCode == packets.ConnackNotAuthorized) {
		s.refused = true
	}
	s.tell(event{kind: brokerFail, err: connectReason(err, s.options.ClientID)})
}

// up subscribes on a new connection and tells the loop when that is done. The manager is passed because the first
// connection may be up before the session knows it.
func (s *session) up(manager *autopaho.ConnectionManager) {
	sub := &paho.Subscribe{}
	for _, f := range s.filters {
		// Retained messages on these are of no use (2), and one that arrives should be known as such.
		sub.Subscriptions = append(sub.Subscriptions, paho.SubscribeOptions{Topic: f, QoS: 1, RetainHandling: 2, RetainAsPublished: true})
	}
	for _, f := range s.takeover {
		sub.Subscriptions = append(sub.Subscriptions, paho.SubscribeOptions{Topic: f, QoS: 1, RetainAsPublished: true})
	}
	ctx, cancel := context.WithTimeout(s.ctx, publishTimeout)
	defer cancel()
	suback, err := manager.Subscribe(ctx, sub)
	if err != nil {
		if suback != nil {
			err = fmt.Errorf("the broker doesn't let user %q subscribe to %s (reasons %x); check its access rules", s.broker.Load().Username, strings.Join(topicsOf(sub), " "), suback.Reasons)
		}
		s.tell(event{kind: brokerFail, err: err})
		if suback == nil {
			return
		}
	}
	s.tell(event{kind: brokerUp})
}

func topicsOf(sub *paho.Subscribe) []string {
	var topics []string
	for _, o := range sub.Subscriptions {
		topics = append(topics, o.Topic)
	}
	return topics
}

func (s *session) request(filters []string, on bool) {
	ctx, cancel := context.WithTimeout(s.ctx, publishTimeout)
	defer cancel()
	var err error
	if on {
		sub := &paho.Subscribe{}
		for _, f := range filters {
			sub.Subscriptions = append(sub.Subscriptions, paho.SubscribeOptions{Topic: f, QoS: 1, RetainAsPublished: true})
		}
		_, err = s.manager.Subscribe(ctx, sub)
	} else {
		_, err = s.manager.Unsubscribe(ctx, &paho.Unsubscribe{Topics: filters})
	}
	if err != nil && s.ctx.Err() == nil {
		s.options.Log.Debug("mqtt: the subscriptions could not be changed", slog.Any("error", err))
	}
}

// received hands a message over; the acknowledgement follows.
func (s *session) received(p paho.PublishReceived) (bool, error) {
	m := message{topic: p.Packet.Topic, payload: p.Packet.Payload, retained: p.Packet.Retain}
	if props := p.Packet.Properties; props != nil {
		m.responseTopic, m.correlation = props.ResponseTopic, props.CorrelationData
		m.id = requestID(props)
	}
	s.tell(event{kind: arrived, msg: m})
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

func (s *session) tell(e event) {
	select {
	case s.link.events <- e:
	case <-s.ctx.Done():
	}
}

// publish carries publications to the broker, one after the other, so that their order holds.
func (s *session) publish(ctx context.Context) {
	defer close(s.published)
	for {
		select {
		case <-ctx.Done():
			return
		case p := <-s.link.out:
			s.send(ctx, p)
		}
	}
}

func (s *session) send(ctx context.Context, p publication) {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	packet := &paho.Publish{Topic: p.topic, Payload: p.payload, Retain: p.retain, QoS: 1}
	if p.correlation != nil {
		packet.Properties = &paho.PublishProperties{CorrelationData: p.correlation}
	}
	reply, err := s.manager.Publish(ctx, packet)
	switch {
	case err == nil || s.ctx.Err() != nil:
	case reply != nil && reply.ReasonCode >= 0x80:
		s.tell(event{kind: brokerFail, err: fmt.Errorf("the broker doesn't let user %q publish to %s (reason 0x%x); check its access rules", s.broker.Load().Username, p.topic, reply.ReasonCode)})
	case !errors.Is(err, autopaho.ConnectionDownError):
		s.options.Log.Debug("mqtt: a message didn't reach the broker; all are published again on the next connection", slog.String("topic", p.topic), slog.Any("error", err))
	}
	if p.handed != nil {
		p.handed()
	}
}

func (s *session) close(ctx context.Context, last publication) {
	// What still comes in is not read any more, and must not stand in the way of the answer to the last message.
	s.work.Go(func() {
		for {
			select {
			case <-s.link.events:
			case <-s.ctx.Done():
				return
			}
		}
	})
	// Nothing may follow the last message, or the bridge would seem online for ever.
	s.stopPublishing()
	<-s.published
	_, _ = s.manager.Publish(ctx, &paho.Publish{Topic: last.topic, Payload: last.payload, Retain: last.retain, QoS: 1})
	_ = s.manager.Disconnect(ctx)
	s.cancel()
	<-s.manager.Done()
	s.work.Wait()
}

// lossReason says how a connection was lost.
func lossReason(err error) error {
	switch text := err.Error(); {
	case errors.Is(err, io.EOF), endedByPeer(text), strings.Contains(text, "closed network connection"):
		return errors.New("the broker closed the connection; it may be restarting")
	case strings.Contains(text, "PINGRESP"):
		return errors.New("the broker doesn't answer any more; check that it runs and the network to it")
	}
	return fmt.Errorf("the connection to the broker was lost: %w", err)
}

// connectReason says why a connection could not be made, and what to do.
func connectReason(err error, clientID string) error {
	var (
		connack *autopaho.ConnackError
		dns     *net.DNSError
	)
	switch {
	case errors.As(err, &connack):
		return connackReason(connack, clientID)
	case errors.As(err, &dns):
		return fmt.Errorf("the broker's host name can't be found (%w); check mqtt.url", dns)
	case strings.Contains(err.Error(), "remote error: tls:"):
		return fmt.Errorf("the broker doesn't take the TLS connection (%w); if it asks for a client certificate, give mqtt.cert_file and mqtt.key_file", unwrapped(err))
	case strings.Contains(err.Error(), "does not look like a TLS handshake"):
		return errors.New("the broker doesn't speak TLS on this port; use its TLS port, or mqtt:// in mqtt.url")
	case isUntrusted(err):
		return fmt.Errorf("the broker's certificate is not trusted (%w); give the CA that signed it as mqtt.ca_file", unwrapped(err))
	case strings.Contains(err.Error(), "connection refused"):
		return fmt.Errorf("nothing listens at the broker's address (%w); check mqtt.url and that the broker runs", unwrapped(err))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), endedByPeer(err.Error()):
		// A refused client certificate can look like this too: the broker may close before its reason is read.
		return fmt.Errorf("the broker ended the connection during the handshake; check mqtt.url (mqtts:// on a TLS port, with mqtt.cert_file and mqtt.key_file where it asks for a client certificate; mqtt:// on another); %s", brokerHintMQTT5)
	}
	return unwrapped(err)
}

func endedByPeer(text string) bool {
	for _, sign := range []string{"EOF", "reset by peer", "broken pipe"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

func connackReason(e *autopaho.ConnackError, clientID string) error {
	switch e.ReasonCode {
	case packets.ConnackBadUsernameOrPassword, packets.ConnackNotAuthorized:
		return fmt.Errorf("the broker refuses the user name or password (reason 0x%x); check mqtt.username and mqtt.password", e.ReasonCode)
	case packets.ConnackUnsupportedProtocolVersion, 1:
		return errors.New(brokerHintMQTT5)
	case packets.ConnackInvalidClientID:
		return fmt.Errorf("the broker refuses the client id %q; check mqtt.client_id", clientID)
	}
	return fmt.Errorf("the broker refuses the connection: %s (reason 0x%x)", e.Reason, e.ReasonCode)
}

func disconnectReason(d *paho.Disconnect, clientID string) error {
	if d.ReasonCode == packets.DisconnectSessionTakenOver {
		return fmt.Errorf("another client with the client id %q has connected and taken the connection over; give each bridge its own mqtt.client_id", clientID)
	}
	return fmt.Errorf("the broker ended the connection (reason 0x%x)", d.ReasonCode)
}

func isUntrusted(err error) bool {
	return strings.Contains(err.Error(), "x509:") || strings.Contains(err.Error(), "tls:")
}

// unwrapped leaves out autopaho's own words, which repeat the broker's address.
func unwrapped(err error) error {
	if inner := errors.Unwrap(err); inner != nil && strings.HasPrefix(err.Error(), "failed to connect to") {
		return inner
	}
	return err
}

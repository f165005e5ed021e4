package broker

import (
	"context"
	"log/slog"
	"net"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/packets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// server stands in for a broker in virtual time: it answers CONNECT and PINGREQ, and SUBSCRIBE and PUBLISH where it should.
type server struct {
	answersSubscribe func(connection int) bool
	answersPublish   func(connection int) bool
	connections      int
	subscribed       [][]string // filters by SUBSCRIBE
	unsubscribed     []string
	connected        []*packets.Connect
	conns            []net.Conn
	published        []string // topics
}

// dial is a new connection to the server.
func (s *server) dial(context.Context, autopaho.ClientConfig, *url.URL) (net.Conn, error) {
	ours, theirs := net.Pipe()
	n := s.connections
	s.connections++
	s.conns = append(s.conns, theirs)
	go s.serve(n, theirs)
	return packets.NewThreadSafeConn(ours), nil // subscribing and a ping may write at the same time
}

func (s *server) serve(n int, conn net.Conn) {
	defer conn.Close()
	for {
		p, err := packets.ReadPacket(conn)
		if err != nil {
			return
		}
		switch p.Type {
		case packets.CONNECT:
			s.connected = append(s.connected, p.Content.(*packets.Connect))
			_, err = packets.NewControlPacket(packets.CONNACK).WriteTo(conn)
		case packets.PINGREQ:
			_, err = packets.NewControlPacket(packets.PINGRESP).WriteTo(conn)
		case packets.SUBSCRIBE:
			sub := p.Content.(*packets.Subscribe)
			var filters []string
			for _, o := range sub.Subscriptions {
				filters = append(filters, o.Topic)
			}
			s.subscribed = append(s.subscribed, filters)
			if s.answersSubscribe == nil || s.answersSubscribe(n) {
				ack := packets.NewControlPacket(packets.SUBACK)
				ack.Content.(*packets.Suback).PacketID = sub.PacketID
				ack.Content.(*packets.Suback).Reasons = make([]byte, len(filters))
				_, err = ack.WriteTo(conn)
			}
		case packets.UNSUBSCRIBE:
			un := p.Content.(*packets.Unsubscribe)
			s.unsubscribed = append(s.unsubscribed, un.Topics...)
			ack := packets.NewControlPacket(packets.UNSUBACK)
			ack.Content.(*packets.Unsuback).PacketID = un.PacketID
			ack.Content.(*packets.Unsuback).Reasons = make([]byte, len(un.Topics))
			_, err = ack.WriteTo(conn)
		case packets.PUBLISH:
			published := p.Content.(*packets.Publish)
			s.published = append(s.published, published.Topic)
			if s.answersPublish == nil || s.answersPublish(n) {
				ack := packets.NewControlPacket(packets.PUBACK)
				ack.Content.(*packets.Puback).PacketID = published.PacketID
				_, err = ack.WriteTo(conn)
			}
		case packets.DISCONNECT:
			return
		}
		if err != nil {
			return
		}
	}
}

// connectTo connects to a server; events are the kinds of what the connection tells.
func connectTo(t *testing.T, s *server) (c *Connection, events func() []EventKind) {
	t.Helper()
	address, err := url.Parse("mqtt://broker.invalid:1883")
	require.NoError(t, err)
	c, err = Connect(t.Context(), Options{
		Find: Known(Server{URL: address}), ClientID: "test", Will: Publication{Topic: "will", Payload: []byte("offline")},
		Filters: []string{"commands/#"}, Restore: []string{"states/#", "configs/#"}, Log: slog.New(slog.DiscardHandler), dial: s.dial,
	})
	require.NoError(t, err)
	return c, func() (kinds []EventKind) {
		synctest.Wait()
		for {
			select {
			case e := <-c.Events:
				kinds = append(kinds, e.Kind)
			default:
				return kinds
			}
		}
	}
}

func closed(c *Connection) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c.Close(ctx, Publication{Topic: "will", Payload: []byte("offline")})
}

func TestTheFiltersOfTheRestoreLiveForTheRestoreAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		c, events := connectTo(t, s)
		defer closed(c)
		assert.Equal(t, []EventKind{Up}, events())
		s.conns[0].Close()
		time.Sleep(5 * time.Second)
		assert.Equal(t, []EventKind{Down, Up}, events())
		c.EndRestore()
		synctest.Wait()
		s.conns[1].Close()
		time.Sleep(5 * time.Second)
		assert.Equal(t, []EventKind{Down, Up}, events())
		assert.Equal(t, [][]string{
			{"commands/#", "states/#", "configs/#"},
			{"commands/#", "states/#", "configs/#"}, // the restore had not ended
			{"commands/#"},
		}, s.subscribed)
		assert.Equal(t, []string{"states/#", "configs/#"}, s.unsubscribed)
	})
}

func TestASubscriptionWithoutAnAnswerMakesTheConnectionAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answersSubscribe: func(connection int) bool { return connection >= 2 }}
		c, events := connectTo(t, s)
		defer closed(c)
		time.Sleep(answerTimeout - time.Second)
		assert.Empty(t, events(), "it may still come")
		time.Sleep(2 * time.Minute)
		assert.Equal(t, []EventKind{Down, Down, Up}, events())
		assert.Equal(t, 3, s.connections)
		c.Out <- Publication{Topic: "state", Payload: []byte("1"), Retain: true}
		synctest.Wait()
	})
}

func TestABrokerThatNeverAnswersSubscriptionsIsNotStormed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answersSubscribe: func(int) bool { return false }}
		c, events := connectTo(t, s)
		defer closed(c)
		for range 600 {
			time.Sleep(time.Second)
			events()
		}
		assert.LessOrEqual(t, s.connections, 21, "one for each time-out")
		assert.GreaterOrEqual(t, s.connections, 10)
	})
}

func TestTheBrokerIsToldWhatItMaySend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		c, events := connectTo(t, s)
		defer closed(c)
		require.Equal(t, []EventKind{Up}, events())
		said := s.connected[0].Properties
		require.NotNil(t, said.MaximumPacketSize)
		assert.EqualValues(t, 65_536, *said.MaximumPacketSize, "bytes")
		require.NotNil(t, said.ReceiveMaximum)
		assert.EqualValues(t, 1024, *said.ReceiveMaximum, "messages without an acknowledgement")
		assert.True(t, s.connected[0].CleanStart)
	})
}

// TestWhatTheKernelHoldsComesBeforeANewConnection: what was sent before a connection is made anew has an outcome.
func TestWhatTheKernelHoldsComesBeforeANewConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		c, events := connectTo(t, s)
		defer closed(c)
		require.Equal(t, []EventKind{Up}, events())
		require.Equal(t, 1, c.Renew())
		time.Sleep(drainQuiet / 2)
		held := packets.NewControlPacket(packets.PUBLISH)
		held.Content.(*packets.Publish).Topic = "commands/heating/set"
		_, err := held.WriteTo(s.conns[0])
		require.NoError(t, err)
		time.Sleep(drainLongest + 2*time.Second)
		assert.Equal(t, []EventKind{Received, Up}, events())
	})
}

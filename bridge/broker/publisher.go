package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
)

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

// retryAfter is how long what could not leave, for want of a connection, waits before it comes back.
const retryAfter = 100 * time.Millisecond

func (c *client) send(sending context.Context, p Publication) {
	if most, size := c.maxPacket.Load(), p.packetSize(); most > 0 && size > int(most) {
		c.emit(Event{Kind: Oversized, Topic: p.Topic, Err: oversizedReason(p, size, most)})
		p.acked(true)
		return
	}
	manager := c.manager.Load()
	ctx, cancel := context.WithTimeout(sending, answerTimeout)
	defer cancel()
	defer context.AfterFunc(manager.ctx, cancel)() // the answer of a connection that is given up never comes
	packet := &paho.Publish{Topic: p.Topic, Payload: p.Payload, Retain: p.Retain, QoS: 1}
	if p.Correlation != nil {
		packet.Properties = &paho.PublishProperties{CorrelationData: p.Correlation}
	}
	reply, err := manager.Publish(ctx, packet)
	switch {
	case err == nil || c.ctx.Err() != nil:
	case reply != nil && reply.ReasonCode >= 0x80:
		c.emit(Event{Kind: Failed, Err: fmt.Errorf("the broker doesn't let user %q publish to %s (reason 0x%x); check its access rules", c.server.Load().Username, p.Topic, reply.ReasonCode)})
	case p.Keep && !p.again:
		if p.again = !errors.Is(err, autopaho.ConnectionDownError); !p.again {
			select {
			case <-time.After(retryAfter): // the loss is told meanwhile
			case <-sending.Done():
			}
		}
		c.emit(Event{Kind: Undelivered, Undelivered: p})
		return
	case !errors.Is(err, autopaho.ConnectionDownError):
		c.options.Log.Debug("mqtt: a message didn't reach the broker; all are published again on the next connection", slog.String("topic", p.Topic), slog.Any("error", err))
	}
	p.acked(err == nil)
}

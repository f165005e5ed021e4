package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
)

// subscribe subscribes on a new connection and tells the user when that is done. A connection whose subscriptions are
// not answered in time is of no use and is made anew.
func (c *client) subscribe(manager *autopaho.ConnectionManager, named bool) {
	sub := c.subscriptions(named)
	ctx, cancel := context.WithTimeout(c.ctx, answerTimeout)
	defer cancel()
	suback, err := manager.Subscribe(ctx, sub)
	switch {
	case err == nil:
	case suback != nil:
		c.emit(Event{Kind: Failed, Err: fmt.Errorf("the broker doesn't let user %q subscribe to %s (reasons %x); check its access rules", c.server.Load().Username, strings.Join(topicsOf(sub), " "), suback.Reasons)})
	case c.ctx.Err() != nil || errors.Is(err, autopaho.ConnectionDownError):
		return // the next connection subscribes
	default:
		c.emit(Event{Kind: Down, Err: fmt.Errorf("the broker doesn't answer the subscription (%w); connecting anew", err)})
		if !c.look() {
			c.makeAnew()
		}
		return
	}
	c.emit(Event{Kind: Up, Standby: !named})
}

// subscriptions are those of a connection. Where others publish, they are of QoS 0: a Mosquitto that leaves out a message of
// QoS 1 because it is too large for this client counts it as under way for ever, and after twenty sends nothing of QoS 1
// any more (seen with 2.0). Nothing is lost by that: the sessions are clean, so what isn't delivered on a connection isn't
// delivered later either.
func (c *client) subscriptions(named bool) *paho.Subscribe {
	sub := &paho.Subscribe{}
	if !named {
		for _, f := range c.options.Standby.Filters {
			sub.Subscriptions = append(sub.Subscriptions, paho.SubscribeOptions{Topic: f})
		}
		return sub
	}
	for _, f := range c.options.Filters {
		// Retained messages on these are of no use (2), and one that arrives should be known as such.
		sub.Subscriptions = append(sub.Subscriptions, paho.SubscribeOptions{Topic: f, RetainHandling: 2, RetainAsPublished: true})
	}
	if !c.restored.Load() {
		for _, f := range c.options.Restore {
			sub.Subscriptions = append(sub.Subscriptions, paho.SubscribeOptions{Topic: f, QoS: 1, RetainAsPublished: true})
		}
		for _, f := range c.options.Foreign {
			sub.Subscriptions = append(sub.Subscriptions, paho.SubscribeOptions{Topic: f, RetainAsPublished: true})
		}
	}
	return sub
}

func topicsOf(sub *paho.Subscribe) []string {
	var topics []string
	for _, o := range sub.Subscriptions {
		topics = append(topics, o.Topic)
	}
	return topics
}

func (c *client) unsubscribeRestore() {
	ctx, cancel := context.WithTimeout(c.ctx, answerTimeout)
	defer cancel()
	if _, err := c.manager.Load().Unsubscribe(ctx, &paho.Unsubscribe{Topics: slices.Concat(c.options.Restore, c.options.Foreign)}); err != nil && c.ctx.Err() == nil {
		c.options.Log.Debug("mqtt: the subscriptions could not be given up; the next connection doesn't have them", slog.Any("error", err))
	}
}

// received hands a message over; the acknowledgement follows.
func (c *client) received(p paho.PublishReceived) (bool, error) {
	c.messages.Add(1)
	m := Message{Topic: p.Packet.Topic, Payload: p.Packet.Payload, Retained: p.Packet.Retain, connection: int(c.connections.Load())}
	if props := p.Packet.Properties; props != nil {
		m.ResponseTopic, m.Correlation = props.ResponseTopic, props.CorrelationData
		m.ID = requestID(props)
	}
	if c.named.Load() && c.restored.Load() {
		c.inbox.put(m)
	} else {
		c.emit(Event{Kind: Received, Message: m}) // what the broker retains is needed as a whole
	}
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

package broker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
)

const (
	quietFor   = time.Second // after the last retained message another one is waited for
	leaveAfter = 1500 * time.Millisecond
)

// Retained connects to the broker under a client id of its own, so that a running connection is left alone, and returns
// the payloads retained on a filter. It publishes nothing. The error of the first attempt is returned.
func Retained(ctx context.Context, find Find, clientID, filter string) (payloads [][]byte, err error) {
	err = visit(ctx, find, clientID, func(ctx context.Context, v visitor) error {
		payloads, err = collect(ctx, v, filter)
		return err
	})
	return payloads, err
}

// Ask connects in the same way, publishes a question, and hands what comes on a topic to take until it is the answer.
func Ask(ctx context.Context, find Find, clientID string, question Publication, answers string, take func(payload []byte) bool) error {
	return visit(ctx, find, clientID, func(ctx context.Context, v visitor) error {
		if err := v.subscribe(ctx, answers); err != nil {
			return err
		}
		if _, err := v.Publish(ctx, &paho.Publish{Topic: question.Topic, Payload: question.Payload, QoS: 1}); err != nil {
			return fmt.Errorf("the broker doesn't let user %q publish to %s; check its access rules", v.user, question.Topic)
		}
		for {
			select {
			case p := <-v.seen:
				if take(p.Payload) {
					return nil
				}
			case <-ctx.Done():
				return errNoAnswer
			}
		}
	})
}

var errNoAnswer = errors.New("no answer within the time allowed")

// visitor is a connection for one purpose.
type visitor struct {
	*autopaho.ConnectionManager
	user string
	seen <-chan *paho.Publish // what comes
}

func (v visitor) subscribe(ctx context.Context, filter string) error {
	if _, err := v.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: filter, QoS: 1}}}); err != nil {
		return fmt.Errorf("the broker doesn't let user %q subscribe to %s; check its access rules", v.user, filter)
	}
	return nil
}

// visit connects under a client id of its own for as long as do takes.
func visit(ctx context.Context, find Find, clientID string, do func(context.Context, visitor) error) error {
	server, err := find(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failures, seen := make(chan error, 1), make(chan *paho.Publish)
	cfg := clientConfig(func() Server { return server }, clientID)
	cfg.ReconnectBackoff = func(int) time.Duration { return 0 }
	cfg.OnConnectError = func(err error) {
		select {
		case failures <- connectReason(err, clientID):
		default:
		}
		cancel() // one attempt tells
	}
	cfg.OnPublishReceived = []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) {
		select {
		case seen <- p.Packet:
		case <-ctx.Done():
		}
		return true, nil
	}}
	manager, err := autopaho.NewConnection(ctx, cfg)
	if err != nil {
		return fmt.Errorf("mqtt: %w", err)
	}
	defer func() {
		end, stop := context.WithTimeout(context.WithoutCancel(ctx), leaveAfter)
		defer stop()
		_ = manager.Disconnect(end)
	}()
	if err := manager.AwaitConnection(ctx); err != nil {
		select {
		case err := <-failures:
			return err
		default:
			return errors.New("no connection within the time allowed; check mqtt.url")
		}
	}
	return do(ctx, visitor{manager, server.Username, seen})
}

// PublishOnce connects to the broker under a client id of its own, publishes one message, and leaves.
func PublishOnce(ctx context.Context, find Find, clientID string, p Publication) error {
	server, err := find(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	manager, err := autopaho.NewConnection(ctx, clientConfig(func() Server { return server }, clientID))
	if err != nil {
		return fmt.Errorf("mqtt: %w", err)
	}
	if err := manager.AwaitConnection(ctx); err != nil {
		return err
	}
	_, err = manager.Publish(ctx, &paho.Publish{Topic: p.Topic, Payload: p.Payload, Retain: p.Retain, QoS: 1})
	end, stop := context.WithTimeout(context.WithoutCancel(ctx), leaveAfter)
	defer stop()
	_ = manager.Disconnect(end)
	return err
}

// collect subscribes and returns what comes until the broker has been quiet for a moment.
func collect(ctx context.Context, v visitor, filter string) ([][]byte, error) {
	subscribed := make(chan error, 1)
	go func() { subscribed <- v.subscribe(ctx, filter) }()
	var payloads [][]byte
	var quiet <-chan time.Time
	for {
		select {
		case err := <-subscribed:
			if err != nil {
				return nil, err
			}
			quiet = time.After(quietFor)
		case p := <-v.seen:
			if !p.Retain {
				continue // it is published now, to all who have subscribed
			}
			payloads = append(payloads, p.Payload)
			if !strings.ContainsAny(filter, "+#") {
				return payloads, nil // a topic retains one
			}
			if quiet != nil {
				quiet = time.After(quietFor)
			}
		case <-quiet:
			return payloads, nil
		case <-ctx.Done():
			return nil, errors.New("no answer from the broker within the time allowed")
		}
	}
}

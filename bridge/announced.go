package bridge

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"

	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// retainedWithin is how long after the last retained message another one is waited for.
const retainedWithin = time.Second

// Announced connects to the broker of o under a client id of its own, so that a running bridge is left alone, and
// returns the payloads retained where Home Assistant looks for devices, those of other programs too. It publishes
// nothing. The error of the first attempt is returned.
func Announced(ctx context.Context, o Options) ([][]byte, error) {
	o.defaults()
	b, err := firstBroker(ctx, &o)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	topics := discovery.Topics{Prefix: o.TopicPrefix, DiscoveryPrefix: o.DiscoveryPrefix}
	failures, seen := make(chan error, 1), make(chan []byte)
	manager, err := autopaho.NewConnection(ctx, autopaho.ClientConfig{
		ServerUrls: []*url.URL{b.URL}, TlsCfg: b.TLS, KeepAlive: uint16(keepAlive / time.Second),
		CleanStartOnInitialConnection: true, ConnectUsername: b.Username, ConnectPassword: []byte(b.Password),
		ReconnectBackoff: func(attempt int) time.Duration { return time.Duration(min(attempt, 1)) * shortestReconn },
		OnConnectError: func(err error) {
			select {
			case failures <- connectReason(err, o.ClientID):
			default:
			}
		},
		ClientConfig: paho.ClientConfig{
			ClientID: o.ClientID + "-announced",
			OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) {
				select {
				case seen <- p.Packet.Payload:
				case <-ctx.Done():
				}
				return true, nil
			}},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("mqtt: %w", err)
	}
	defer func() {
		end, stop := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
		defer stop()
		_ = manager.Disconnect(end)
	}()
	connected := make(chan error, 1)
	go func() { connected <- manager.AwaitConnection(ctx) }()
	select {
	case err := <-failures:
		return nil, err // one attempt tells
	case err := <-connected:
		if err != nil {
			return nil, errors.New("no connection within the time allowed; check mqtt.url")
		}
	}
	subscribed := make(chan error, 1)
	go func() {
		_, err := manager.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: topics.ConfigFilter(), QoS: 1}}})
		subscribed <- err
	}()
	var payloads [][]byte
	var quiet <-chan time.Time // the broker has sent all that it retains
	for {
		select {
		case err := <-subscribed:
			if err != nil {
				return nil, fmt.Errorf("the broker doesn't let user %q subscribe to %s; check its access rules", b.Username, topics.ConfigFilter())
			}
			quiet = time.After(retainedWithin)
		case p := <-seen:
			payloads = append(payloads, p)
			if quiet != nil {
				quiet = time.After(retainedWithin)
			}
		case <-quiet:
			return payloads, nil
		case <-ctx.Done():
			return nil, errors.New("no answer from the broker within the time allowed")
		}
	}
}

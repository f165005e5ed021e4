// Package quota is a RAPT account for a program beside the bridge, such as an export: its requests stay within the same
// ceiling, and count in the same log, which the broker retains.
package quota

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// Options are what an Account is made of.
type Options struct {
	RAPT                                     raptclient.Options
	MaxRequestsPerHour, MaxRequestsPerMinute int
	// History says that the bridge keeps a part of the hour for rows that are missing.
	History bool
	// FindBroker finds the broker that retains the log of requests; nil where there is none.
	FindBroker broker.Find
	// ClientID is the bridge's; the account connects under one of its own.
	ClientID    string
	TopicPrefix string
}

// Account is a RAPT account with a ceiling of requests. While a bridge runs, it asks that one for each request, which counts
// there like a request for missed readings. A bridge that doesn't answer is an older one: then it takes no more than what is
// left of the share that is for those.
type Account struct {
	Client *raptclient.Client
	// Waiting is told when a request has to wait for the ceiling.
	Waiting func(until time.Time)

	options  Options
	requests *limit.RequestLog
	key      limit.Key      // of the log as the broker retains it
	saved    limit.SavedLog // as it was retained
	purpose  limit.Purpose
	retained map[string]json.RawMessage // the bridge's document; nil for one that is not to be trusted, or another account's
	running  bool                       // a bridge runs
	alone    bool                       // and doesn't answer
	used     bool
}

const (
	brokerTimeout = 15 * time.Second
	answerTimeout = 5 * time.Second // of the bridge to a question
)

// Open reads what the broker retains of the hour's requests. Without a broker, or one that knows nothing, it starts
// with a quarter of the hour, like the bridge.
func Open(ctx context.Context, o Options) (*Account, error) {
	a := &Account{
		options: o, requests: limit.NewRequestLog(o.MaxRequestsPerHour, o.MaxRequestsPerMinute), key: limit.NewKey(o.RAPT.Username, o.RAPT.APISecret),
		Waiting: func(time.Time) {},
	}
	if o.History {
		a.requests.ShareWithBackfill()
	}
	if o.FindBroker != nil {
		if err := a.read(ctx); err != nil {
			return nil, fmt.Errorf("the requests of this hour can't be read from the broker: %w", err)
		}
	} else {
		a.requests.Reserve(time.Now())
	}
	if a.running {
		a.purpose = limit.ForBackfill
	}
	api := o.RAPT
	api.Permit = a.permit
	client, err := raptclient.New(api)
	a.Client = client
	return a, err
}

func (a *Account) topics() discovery.Topics {
	return discovery.Topics{Prefix: a.options.TopicPrefix}
}

// read takes the log of requests that the broker retains, and whether a bridge runs.
func (a *Account) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	online, err := broker.Retained(ctx, a.options.FindBroker, a.options.ClientID+"-account", a.topics().BridgeAvailability())
	if err != nil {
		return err
	}
	a.running = len(online) > 0 && string(online[0]) == "online"
	states, err := broker.Retained(ctx, a.options.FindBroker, a.options.ClientID+"-account", a.topics().BridgeState())
	if err != nil {
		return err
	}
	now := time.Now()
	if len(states) == 0 {
		a.retained = map[string]json.RawMessage{}
		a.requests.Reserve(now)
		return nil
	}
	var (
		retained map[string]json.RawMessage
		saved    limit.SavedLog
	)
	if json.Unmarshal(states[0], &retained) != nil || json.Unmarshal(retained["ledger"], &saved) != nil || a.key.Check(saved) != nil {
		a.requests.Reserve(now)
		return nil
	}
	a.retained, a.saved = retained, saved
	a.requests.Restore(saved, now, now)
	return nil
}

// permit waits until a request may leave, and counts it.
func (a *Account) permit(ctx context.Context, r raptclient.Request) error {
	for {
		now := time.Now()
		at, err := a.next(ctx, now, r.SignIn)
		if err != nil {
			return err
		}
		if !at.After(now) {
			a.requests.Record(now, a.purpose, r.SignIn)
			a.used = true
			return nil
		}
		if at.Sub(now) > time.Minute {
			a.Waiting(at)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(at.Sub(now)):
		}
	}
}

// next is when a request may leave, or when to ask again; at once for now or earlier.
func (a *Account) next(ctx context.Context, now time.Time, signIn bool) (time.Time, error) {
	if a.running && !a.alone {
		at, err := a.ask(ctx, now, signIn)
		if err == nil || ctx.Err() != nil {
			return at, err
		}
		a.alone = true
	}
	return times.Latest(a.requests.NextAllowed(now, a.purpose, signIn), a.requests.SilentUntil), nil
}

// ask asks the bridge.
func (a *Account) ask(ctx context.Context, now time.Time, signIn bool) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	asked := a.key.AskPermit(now, signIn)
	question, _ := json.Marshal(asked) // it holds nothing that can't be JSON
	var answer limit.Permit
	err := broker.Ask(ctx, a.options.FindBroker, a.options.ClientID+"-account",
		broker.Publication{Topic: a.topics().BridgeCommand("permit"), Payload: question}, a.topics().BridgePermit(),
		func(payload []byte) bool {
			answer = limit.Permit{}
			return json.Unmarshal(payload, &answer) == nil && a.key.Answers(asked, answer)
		})
	if err != nil {
		return now, err
	}
	return now.Add(time.Duration(answer.WaitMS) * time.Millisecond), nil
}

// Close leaves the log of requests with the broker for the bridge's next start. A bridge that runs keeps its own.
func (a *Account) Close() {
	a.Client.CloseIdleConnections()
	if !a.used || a.running || a.retained == nil {
		return
	}
	now := time.Now()
	log := a.requests.Save(now, now)
	log.KeepChanges(a.saved)
	ledger, _ := json.Marshal(a.key.Sign(log))
	a.retained["ledger"] = ledger
	doc, _ := json.Marshal(a.retained)
	ctx, cancel := context.WithTimeout(context.Background(), brokerTimeout)
	defer cancel()
	_ = broker.PublishOnce(ctx, a.options.FindBroker, a.options.ClientID+"-account", broker.Publication{Topic: a.topics().BridgeState(), Payload: doc, Retain: true})
}

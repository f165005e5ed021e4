// Package quota is a RAPT account for a program beside the bridge, such as an export: its requests stay within the same
// ceiling, and count in the same log, which the broker retains.
package quota

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
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
	// Waiting is told when a request has to wait: for the ceiling, or because the cloud asks for fewer requests (429).
	Waiting func(until time.Time, limited bool)

	options  Options
	requests *limit.RequestLog
	key      limit.Key                  // of the log as the broker retains it
	saved    limit.SavedLog             // as it was retained
	retained map[string]json.RawMessage // the bridge's document; nil for one that is not to be trusted, or another account's
	own      *limit.RequestLog          // what the log of the bridge that runs lacks
	running  bool                       // a bridge runs
	alone    time.Time                  // until when it is not asked, since it didn't answer
}

const (
	brokerTimeout = 15 * time.Second
	answerTimeout = 5 * time.Second // of the bridge to a question
	askAgain      = time.Minute     // after one that it didn't answer
)

// Open reads what the broker retains of the hour's requests. Without a broker, or one that knows nothing, it starts
// with a quarter of the hour, like the bridge.
func Open(ctx context.Context, o Options) (*Account, error) {
	a := &Account{options: o, key: limit.NewKey(o.RAPT.Username, o.RAPT.APISecret), Waiting: func(time.Time, bool) {}}
	a.own = a.log()
	if o.FindBroker != nil {
		var err error
		if a.running, err = a.online(ctx); err == nil {
			err = a.read(ctx)
		}
		if err != nil {
			return nil, fmt.Errorf("the requests of this hour can't be read from the broker: %w", err)
		}
	} else {
		a.requests = a.log()
		a.requests.Reserve(time.Now())
	}
	api := o.RAPT
	api.Permit = a.permit
	api.Answered = func(e raptclient.Exchange) {
		a.answered(ctx, e)
		if o.RAPT.Answered != nil {
			o.RAPT.Answered(e)
		}
	}
	client, err := raptclient.New(api)
	a.Client = client
	return a, err
}

// log is an empty log of requests.
func (a *Account) log() *limit.RequestLog {
	l := limit.NewRequestLog(a.options.MaxRequestsPerHour, a.options.MaxRequestsPerMinute)
	if a.options.History {
		l.ShareWithBackfill()
	}
	return l
}

func (a *Account) topics() discovery.Topics {
	return discovery.Topics{Prefix: a.options.TopicPrefix}
}

// latest is what the broker retains on a topic; nil for nothing.
func (a *Account) latest(ctx context.Context, topic string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	payloads, err := broker.Retained(ctx, a.options.FindBroker, a.options.ClientID+"-account", topic)
	if err != nil || len(payloads) == 0 {
		return nil, err
	}
	return payloads[0], nil
}

// online reads whether a bridge runs.
func (a *Account) online(ctx context.Context) (bool, error) {
	payload, err := a.latest(ctx, a.topics().BridgeAvailability())
	return string(payload) == "online", err
}

// read takes the log of requests that the broker retains.
func (a *Account) read(ctx context.Context) error {
	state, err := a.latest(ctx, a.topics().BridgeState())
	if err != nil {
		return err
	}
	a.requests, a.retained, a.saved = a.log(), nil, limit.SavedLog{}
	now := time.Now()
	if state == nil {
		a.retained = map[string]json.RawMessage{}
		a.requests.Reserve(now)
		return nil
	}
	var (
		retained map[string]json.RawMessage
		saved    limit.SavedLog
	)
	if json.Unmarshal(state, &retained) != nil || json.Unmarshal(retained["ledger"], &saved) != nil || a.key.Check(saved) != nil {
		a.requests.Reserve(now)
		return nil
	}
	a.retained, a.saved = retained, saved
	a.requests.Restore(saved, now, now)
	return nil
}

// follow reads whether a bridge has started or ended meanwhile. The log of one that has ended has this program's requests too.
// Where the broker doesn't tell, all stays as it was.
func (a *Account) follow(ctx context.Context) {
	if a.options.FindBroker == nil {
		return
	}
	running, err := a.online(ctx)
	ended := a.running && !running
	if err != nil || ended && a.read(ctx) != nil {
		return
	}
	a.running = running
	if ended {
		now := time.Now()
		a.requests.Restore(a.own.Save(now, now), now, now)
		a.own = a.log()
		a.save(ctx)
	}
}

// purpose is what requests count for.
func (a *Account) purpose() limit.Purpose {
	if a.running {
		return limit.ForBackfill
	}
	return limit.ForPoll
}

// permit waits until a request may leave, and counts it.
func (a *Account) permit(ctx context.Context, r raptclient.Request) error {
	for {
		a.follow(ctx)
		now := time.Now()
		at, err := a.next(ctx, now, r.SignIn)
		if err != nil {
			return err
		}
		if !at.After(now) {
			a.requests.Record(now, a.purpose(), r.SignIn)
			if a.running && now.Before(a.alone) {
				a.own.Record(now, a.purpose(), r.SignIn)
			}
			a.save(ctx)
			return nil
		}
		if limited := at.Equal(a.requests.SilentUntil); limited || at.Sub(now) > time.Minute {
			a.Waiting(at, limited)
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
	if a.requests.SilentUntil.After(now) {
		return a.requests.SilentUntil, nil
	}
	if a.running && !now.Before(a.alone) {
		at, err := a.ask(ctx, now, signIn)
		if err == nil || ctx.Err() != nil || errors.Is(err, errRefused) {
			return at, err
		}
		a.alone = time.Now().Add(askAgain)
	}
	return a.requests.NextAllowed(now, a.purpose(), signIn), nil
}

// answered keeps the silence after a 429, for the next program and a bridge that starts too.
func (a *Account) answered(ctx context.Context, e raptclient.Exchange) {
	if e.Status != http.StatusTooManyRequests {
		return
	}
	a.requests.OnRateLimit(time.Now(), e.RateLimit)
	a.own.SilentUntil, a.own.OffFrom = a.requests.SilentUntil, a.requests.OffFrom
	a.save(ctx)
}

var errRefused = errors.New("the bridge refuses the question for a request")

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
	switch {
	case err != nil:
		return now, err
	case answer.Error != "":
		return now, fmt.Errorf("%w: %s", errRefused, answer.Error)
	}
	return now.Add(time.Duration(answer.WaitMS) * time.Millisecond), nil
}

// save leaves the log of requests with the broker before a request leaves, for a bridge that starts. One that runs keeps its own.
func (a *Account) save(ctx context.Context) {
	if a.options.FindBroker == nil || a.running || a.retained == nil {
		return
	}
	now := time.Now()
	log := a.requests.Save(now, now)
	log.KeepChanges(a.saved)
	saved, _ := json.Marshal(a.key.Sign(log))
	a.retained["ledger"] = saved
	doc, _ := json.Marshal(a.retained)
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	_ = broker.PublishOnce(ctx, a.options.FindBroker, a.options.ClientID+"-account", broker.Publication{Topic: a.topics().BridgeState(), Payload: doc, Retain: true})
}

// Close closes the connections.
func (a *Account) Close() { a.Client.CloseIdleConnections() }

package bridge

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/internal/clock"
	"github.com/rapt-bridge/rapt-bridge/bridge/web"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// withoutOne is the longest that an account may be without an active bridge: one and a half keepalives and ten seconds.
const withoutOne = 55 * time.Second

// member is one bridge of a pair.
type member struct {
	*world
	watched *watched
	seat    *seat
	newest  *web.Snapshot
	ended   error
	mu      sync.Mutex
}

// pair is two bridges of one account on one broker.
type pair struct {
	hub *pairBroker
	one *member
	two *member
}

func newPair() *pair { return newPairOf(raptsim.Options{}) }

func newPairOf(o raptsim.Options) *pair {
	p := &pair{hub: newPairBroker()}
	cloud := newWorld(o, nil).cloud
	p.one, p.two = p.member(cloud), p.member(cloud)
	return p
}

func (p *pair) member(cloud *raptsim.Cloud) *member {
	m := &member{watched: &watched{RoundTripper: cloud.Transport()}}
	m.watched.seat = func() *seat { m.mu.Lock(); defer m.mu.Unlock(); return m.seat }
	m.world = &world{cloud: cloud, log: &bytes.Buffer{}}
	m.adapt = func(o *Options) {
		o.RAPT.Transport = m.watched
		o.OnSnapshot = func(s *web.Snapshot) { m.mu.Lock(); defer m.mu.Unlock(); m.newest = s }
	}
	return m
}

func (p *pair) start(t *testing.T, m *member) {
	t.Helper()
	b, err := newBridge(m.options(), clock.New)
	require.NoError(t, err)
	seat := p.hub.connect(b)
	m.mu.Lock()
	m.seat = seat
	m.mu.Unlock()
	b.mqtt.conn = seat.conn
	ctx, end := context.WithCancel(context.Background())
	m.end, m.done = end, make(chan struct{})
	go func() {
		defer close(m.done)
		err := b.run(ctx)
		m.mu.Lock()
		defer m.mu.Unlock()
		m.ended = err
	}()
}

// kill ends a bridge as SIGKILL does: the broker publishes its will.
func (p *pair) kill(m *member) {
	m.seat.locked(func() { m.seat.dead = true })
	p.hub.gone(m.seat)
	m.halt()
}

func (p *pair) halt() {
	for _, m := range []*member{p.one, p.two} {
		if m.done != nil {
			m.halt()
		}
	}
	p.hub.work.Wait()
}

func (p *pair) active() *member {
	p.hub.mu.Lock()
	defer p.hub.mu.Unlock()
	for _, m := range []*member{p.one, p.two} {
		if p.hub.named != nil && m.seat == p.hub.named {
			return m
		}
	}
	return nil
}

func (p *pair) changes() int {
	p.hub.mu.Lock()
	defer p.hub.mu.Unlock()
	return len(p.hub.changes)
}

// asPair runs a test with a pair of which the first is active and the second stands by.
func asPair(t *testing.T, test func(t *testing.T, p *pair)) {
	t.Helper()
	asPairOf(t, raptsim.Options{}, test)
}

// asPairOf does so with a cloud of its own.
func asPairOf(t *testing.T, o raptsim.Options, test func(t *testing.T, p *pair)) {
	t.Helper()
	inBubble(t, func(t *testing.T) {
		p := newPairOf(o)
		defer p.halt()
		p.start(t, p.one)
		pass(time.Minute)
		p.start(t, p.two)
		pass(time.Minute)
		require.Same(t, p.one, p.active())
		test(t, p)
		assert.Zero(t, p.one.watched.without, "the name is what lets a bridge use the API")
		assert.Zero(t, p.two.watched.without)
		all := slices.Concat(p.one.watched.times, p.two.watched.times)
		slices.SortFunc(all, time.Time.Compare)
		assert.LessOrEqual(t, mostIn(all, time.Hour), 240, "the ceiling is kept by both together")
		signIns := slices.Concat(p.one.watched.signIns, p.two.watched.signIns)
		slices.SortFunc(signIns, time.Time.Compare)
		assert.LessOrEqual(t, mostIn(signIns, time.Hour), 6)
	})
}

func TestTheSecondBridgeStandsBy(t *testing.T) {
	asPair(t, func(t *testing.T, p *pair) {
		pass(2 * time.Hour)
		assert.Empty(t, p.two.watched.times)
		assert.Equal(t, 1, p.changes())
		assert.Len(t, p.two.lines("another bridge of the account is active; standing by"), 1)
		assert.Empty(t, p.two.lines("level=WARN"))
		p.two.mu.Lock()
		defer p.two.mu.Unlock()
		assert.True(t, p.two.newest.Standby)
		assert.True(t, p.two.newest.Connected)
		assert.False(t, p.one.newest.Standby)
	})
}

func TestTheSecondBridgeTakesOver(t *testing.T) {
	for name, c := range map[string]struct {
		end    func(p *pair)
		within time.Duration
	}{
		"when the first is killed":    {func(p *pair) { p.kill(p.one) }, 5 * time.Second},
		"when the first says goodbye": {func(p *pair) { p.one.halt() }, 5 * time.Second},
		"when the broker takes the first for dead": {func(p *pair) {
			p.one.seat.locked(func() { p.one.seat.cut = true })
			time.Sleep(45 * time.Second)
			p.hub.gone(p.one.seat)
		}, withoutOne},
	} {
		t.Run(name, func(t *testing.T) {
			asPair(t, func(t *testing.T, p *pair) {
				pass(time.Hour)
				at := time.Now()
				c.end(p)
				pass(5 * time.Minute)
				require.Same(t, p.two, p.active())
				assert.LessOrEqual(t, p.two.watched.since(at), c.within)
				assert.Len(t, p.two.lines("the active bridge is gone; taking its place"), 1)
				assert.Len(t, p.two.lines("took over from an earlier run"), 1, "with the count of requests")
				changes := p.changes()
				if p.one.seat.dead {
					p.start(t, p.one)
				} else {
					p.one.seat.locked(func() { p.one.seat.cut = false })
				}
				asked := len(p.one.watched.times)
				pass(time.Hour)
				assert.Same(t, p.two, p.active(), "the name is not taken back")
				assert.Equal(t, changes, p.changes())
				assert.Len(t, p.one.watched.times, asked)
			})
		})
	}
}

func TestABrokersRestartLeavesOneActive(t *testing.T) {
	for name, away := range map[string]time.Duration{"short": time.Second, "long": 5 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			asPair(t, func(t *testing.T, p *pair) {
				pass(time.Hour)
				p.hub.restart(away)
				at := time.Now()
				pass(10 * time.Minute)
				require.Same(t, p.one, p.active(), "it was active before")
				assert.Equal(t, 2, p.changes())
				assert.LessOrEqual(t, p.one.watched.since(at), 5*time.Minute)
			})
		})
	}
}

func TestABridgeThatDiesWithTheBrokerIsReplaced(t *testing.T) {
	asPair(t, func(t *testing.T, p *pair) {
		pass(time.Hour)
		p.one.seat.locked(func() { p.one.seat.dead = true; p.hub.named = nil }) // no will: the broker dies too
		p.one.halt()
		p.hub.restart(time.Second)
		at := time.Now()
		pass(5 * time.Minute)
		require.Same(t, p.two, p.active())
		assert.LessOrEqual(t, p.two.watched.since(at), withoutOne)
	})
}

func TestTwoBridgesThatStartTogether(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		p := newPair()
		defer p.halt()
		p.start(t, p.one)
		p.start(t, p.two)
		pass(time.Hour)
		require.NotNil(t, p.active())
		assert.LessOrEqual(t, p.changes(), 2)
		before := p.changes()
		pass(3 * time.Hour)
		assert.Equal(t, before, p.changes())
		assert.Zero(t, p.one.watched.without+p.two.watched.without)
	})
}

// Each is killed in turn, every five minutes for three hours: the ceiling and the sign-ins hold for both together.
func TestTheCeilingIsKeptByBothTogether(t *testing.T) {
	asPair(t, func(t *testing.T, p *pair) {
		for range 18 {
			pass(5 * time.Minute)
			victim := p.active()
			require.NotNil(t, victim)
			p.kill(victim)
			pass(30 * time.Second)
			p.start(t, victim)
			pass(4*time.Minute + 30*time.Second)
		}
		assert.Greater(t, len(p.one.watched.times), 20)
		assert.Greater(t, len(p.two.watched.times), 20)
	})
}

func TestOneThatLosesTheNameDoesNotTakeItBack(t *testing.T) {
	asPair(t, func(t *testing.T, p *pair) {
		pass(10 * time.Minute)
		p.two.seat.conn.Take(true) // as another version would, that doesn't look
		pass(time.Hour)
		assert.Same(t, p.two, p.active())
		assert.Equal(t, 2, p.changes())
		assert.NotEmpty(t, p.one.lines("another bridge of the account is active"))
	})
}

func TestOneThatDiesBeforeItIsOnlineIsReplaced(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		p := newPair()
		p.hub.mute = true // it goes on reading what is retained
		defer p.halt()
		p.start(t, p.one)
		pass(2 * time.Second)
		p.start(t, p.two)
		pass(2 * time.Second)
		require.Same(t, p.one, p.active())
		require.NotEmpty(t, p.two.lines("another bridge of the account is active"))
		p.kill(p.one)
		at := time.Now()
		pass(time.Minute)
		require.Same(t, p.two, p.active())
		assert.LessOrEqual(t, p.two.watched.since(at), 15*time.Second, "its own restore takes 10 s of them")
		assert.Zero(t, p.one.watched.without+p.two.watched.without)
	})
}

func TestAForgedSignDoesNotHoldABridgeForEver(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		p := newPair()
		defer p.halt()
		p.start(t, p.one)
		p.one.seat.receive("rapt/bridge/standby", `{"instance":"forged","active":true}`)
		pass(time.Minute)
		require.Nil(t, p.active())
		pass(time.Minute)
		assert.Same(t, p.one, p.active())
	})
}

// TestOneThatIsNeverOnlineIsNotReplaced: the broker's access rules may forbid it to say so.
func TestOneThatIsNeverOnlineIsNotReplaced(t *testing.T) {
	asPair(t, func(t *testing.T, p *pair) {
		p.two.seat.receive("rapt/bridge/availability", "offline")
		pass(6 * time.Hour)
		assert.Same(t, p.one, p.active())
		assert.Equal(t, 1, p.changes())
		assert.Empty(t, p.two.watched.times)
	})
}

func TestAnotherAccountsBridgeEndsAndClearsNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		p := newPair()
		defer p.halt()
		p.start(t, p.one)
		pass(10 * time.Minute)
		retained := len(p.hub.retained)
		adapt := p.two.adapt
		p.two.adapt = func(o *Options) { adapt(o); o.RAPT.Username = "neighbour@example.com" }
		p.start(t, p.two)
		pass(10 * time.Second)
		p.two.mu.Lock()
		ended := p.two.ended
		p.two.mu.Unlock()
		require.ErrorContains(t, ended, "mqtt.topic_prefix")
		assert.NotContains(t, ended.Error(), "example.com")
		assert.Len(t, p.hub.retained, retained)
		assert.Equal(t, "online", string(p.hub.retained["rapt/bridge/availability"]))
		assert.Same(t, p.one, p.active())

		p.one.halt()
		p.start(t, p.two)
		pass(10 * time.Second)
		p.two.mu.Lock()
		defer p.two.mu.Unlock()
		require.ErrorContains(t, p.two.ended, "mqtt.topic_prefix", "whether the other one runs or not")
		assert.Len(t, p.hub.retained, retained)
		assert.Empty(t, p.two.watched.times)
	})
}

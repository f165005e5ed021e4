package broker

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// empty takes everything out, as text.
func (o *Outbox) empty() []string {
	var out []string
	for p, ok := o.Next(); ok; p, ok = o.Next() {
		o.Sent()
		out = append(out, p.Topic+"="+string(p.Payload))
	}
	return out
}

func kept(topic, payload string) Publication {
	return Publication{Topic: topic, Payload: []byte(payload), Retain: true}
}

func TestTheLatestStateTakesThePlaceOfTheOneThatWaits(t *testing.T) {
	o := NewOutbox()
	o.Put(kept("a", "1"))
	o.Put(kept("b", "1"))
	o.Put(kept("a", "2"))
	assert.Equal(t, []string{"a=2", "b=1"}, o.empty())
	o.Put(kept("a", "3"))
	assert.Equal(t, []string{"a=3"}, o.empty(), "and goes out again after that")
	_, ok := o.Next()
	assert.False(t, ok)
}

func TestAMessageIsMadeWhenItsTurnComes(t *testing.T) {
	o := NewOutbox()
	made := map[string]int{}
	long := func(topic, payload string) Publication {
		return Publication{Topic: topic, Retain: true, Make: func() []byte { made[payload]++; return []byte(payload) }}
	}
	o.Put(kept("a", "1"))
	o.Put(long("b", "1"))
	o.Put(long("c", "2"))
	o.Put(long("b", "3"))
	_, _ = o.Next()
	assert.Empty(t, made, "nothing that waits")
	o.Sent()
	for range 3 {
		p, _ := o.Next()
		assert.Equal(t, "3", string(p.Payload))
	}
	assert.Equal(t, map[string]int{"3": 1}, made, "once, and what was replaced never")
	assert.Equal(t, []string{"b=3", "c=2"}, o.empty())
	o.Put(long("b", "4"))
	o.Put(kept("b", ""))
	assert.Equal(t, []string{"b="}, o.empty(), "a device that has left is not announced after it")
}

func TestOutcomesAllGoOutInTheirOrder(t *testing.T) {
	o := NewOutbox()
	for i := range 3 {
		o.Put(Publication{Topic: "result", Payload: fmt.Append(nil, i)})
		o.Put(kept("state", fmt.Sprint(i)))
	}
	assert.Equal(t, []string{"result=0", "state=2", "result=1", "result=2"}, o.empty())
}

func TestASlowBrokerGetsNoBacklog(t *testing.T) {
	o := NewOutbox()
	for i := range 10_000 {
		o.Put(kept(fmt.Sprint("topic ", i%12), fmt.Sprint(i)))
	}
	assert.Len(t, o.items, 12)
	assert.Len(t, o.empty(), 12)
	assert.Empty(t, o.items)
}

// TestNobodyWaitsForAMessageThatNeverGoesOut: a request leaves only when the count of it is with the broker, so the
// word of that must come whatever happens to the message.
func TestNobodyWaitsForAMessageThatNeverGoesOut(t *testing.T) {
	o := NewOutbox()
	acked := map[string]int{}
	with := func(payload string) Publication {
		p := kept("state", payload)
		p.OnAcked = func(bool) { acked[payload]++ }
		return p
	}
	o.Put(with("1"))
	o.Put(with("2"))
	o.Put(kept("state", "3"))
	assert.Empty(t, acked, "none is with the broker yet")
	p, ok := o.Next()
	require.True(t, ok)
	assert.Equal(t, "3", string(p.Payload))
	o.Sent()
	p.OnAcked(true)
	assert.Equal(t, map[string]int{"1": 1, "2": 1}, acked, "the latest stands for all that it replaced")

	o.Put(with("4"))
	o.Clear()
	assert.Equal(t, 1, acked["4"], "the broker is away: waiting for it would never end")
	_, ok = o.Next()
	assert.False(t, ok)
}

func TestWhatIsKeptWaitsForTheNextConnection(t *testing.T) {
	o := NewOutbox()
	lost := 0
	o.Put(kept("a", "1"))
	o.Put(Publication{Topic: "result", Payload: []byte("1"), Keep: true})
	o.Put(Publication{Topic: "row", OnAcked: func(bool) { lost++ }})
	o.Put(Publication{Topic: "result", Payload: []byte("2"), Keep: true})
	o.Clear()
	o.Put(kept("a", "2"))
	assert.Equal(t, 1, lost)
	assert.Equal(t, []string{"result=1", "result=2", "a=2"}, o.empty())
}

func TestTheOldestOutcomesGoWhenTooManyWait(t *testing.T) {
	o := NewOutbox()
	lost := 0
	for i := range maxUnretained + 50 {
		o.Put(Publication{Topic: "result", Payload: fmt.Append(nil, i), OnAcked: func(delivered bool) {
			require.False(t, delivered)
			lost++
		}})
	}
	o.Put(kept("state", "1"))
	assert.Equal(t, 50, lost)
	assert.Equal(t, 50, o.Dropped())
	assert.Zero(t, o.Dropped(), "said once")
	p, ok := o.Next()
	require.True(t, ok)
	assert.Equal(t, "50", string(p.Payload), "the oldest went")
	all := o.empty()
	assert.Len(t, all, maxUnretained+1)
	assert.Equal(t, "state=1", all[len(all)-1])
}

func TestLargeOutcomesAreBoundedByTheirSize(t *testing.T) {
	o := NewOutbox()
	for range 100 {
		o.Put(Publication{Topic: "result", Payload: make([]byte, 100<<10)})
	}
	assert.LessOrEqual(t, o.bytes, maxUnretainedBytes)
	assert.Equal(t, 90, o.Dropped())
	o.empty()
	assert.Zero(t, o.bytes)
	assert.Zero(t, o.Len())
}

// TestWhatIsDroppedLeavesNothingBehind has a broker that takes nothing at all, not even the first message.
func TestWhatIsDroppedLeavesNothingBehind(t *testing.T) {
	o := NewOutbox()
	o.Put(Publication{Topic: "state", Payload: []byte("1"), Retain: true})
	for i := range 20 * maxUnretained {
		o.Put(Publication{Topic: "result", Payload: []byte(strconv.Itoa(i))})
		assert.LessOrEqual(t, len(o.order), 2*(maxUnretained+1)+1)
	}
	assert.Equal(t, 19*maxUnretained, o.Dropped())
	first, _ := o.Next()
	assert.Equal(t, "state", first.Topic)
	for i := range maxUnretained {
		o.Sent()
		p, ok := o.Next()
		assert.True(t, ok)
		assert.Equal(t, strconv.Itoa(19*maxUnretained+i), string(p.Payload))
	}
	o.Sent()
	_, more := o.Next()
	assert.False(t, more)
}

func TestWhatGoesFirstLeavesBeforeAllThatWaits(t *testing.T) {
	o, acked := NewOutbox(), 0
	count := func(bool) { acked++ }
	for _, topic := range []string{"a", "state", "b"} {
		o.Put(Publication{Topic: topic, Retain: true, OnAcked: count})
	}
	o.Put(Publication{Topic: "result"})
	o.Put(Publication{Topic: "state", Payload: []byte("2"), Retain: true, First: true, OnAcked: count})
	o.Put(Publication{Topic: "state", Payload: []byte("3"), Retain: true, OnAcked: count})
	var left []string
	for p, ok := o.Next(); ok; p, ok = o.Next() {
		left = append(left, p.Topic+string(p.Payload))
		p.acked(true)
		o.Sent()
	}
	assert.Equal(t, []string{"state3", "a", "b", "result"}, left)
	assert.Equal(t, 5, acked)
	assert.Zero(t, o.Len())
}

// Results wait for a broker that is away, over several losses of it, in bounds.
func TestWhatIsKeptIsBounded(t *testing.T) {
	o := NewOutbox()
	for i := range 10_000 {
		o.Put(Publication{Topic: "result", Payload: []byte(strconv.Itoa(i)), Keep: true})
		if i%1000 == 0 {
			o.Clear()
		}
	}
	o.Clear()
	assert.Equal(t, maxUnretained, o.Len())
	p, _ := o.Next()
	assert.Equal(t, "9000", string(p.Payload), "the newest, in their order")
}

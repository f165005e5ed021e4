package bridge

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// empty takes everything out, as text.
func (o *outbox) empty() []string {
	var out []string
	for p, ok := o.next(); ok; p, ok = o.next() {
		o.sent()
		out = append(out, p.topic+"="+string(p.payload))
	}
	return out
}

func kept(topic, payload string) publication {
	return publication{topic: topic, payload: []byte(payload), retain: true}
}

func TestTheLatestStateTakesThePlaceOfTheOneThatWaits(t *testing.T) {
	o := newOutbox()
	o.put(kept("a", "1"))
	o.put(kept("b", "1"))
	o.put(kept("a", "2"))
	assert.Equal(t, []string{"a=2", "b=1"}, o.empty())
	o.put(kept("a", "3"))
	assert.Equal(t, []string{"a=3"}, o.empty(), "and goes out again after that")
	_, ok := o.next()
	assert.False(t, ok)
}

func TestOutcomesAllGoOutInTheirOrder(t *testing.T) {
	o := newOutbox()
	for i := range 3 {
		o.put(publication{topic: "result", payload: fmt.Append(nil, i)})
		o.put(kept("state", fmt.Sprint(i)))
	}
	assert.Equal(t, []string{"result=0", "state=2", "result=1", "result=2"}, o.empty())
}

func TestASlowBrokerGetsNoBacklog(t *testing.T) {
	o := newOutbox()
	for i := range 10_000 {
		o.put(kept(fmt.Sprint("topic ", i%12), fmt.Sprint(i)))
	}
	assert.Len(t, o.items, 12)
	assert.Len(t, o.empty(), 12)
	assert.Empty(t, o.items)
}

// TestNobodyWaitsForAMessageThatNeverGoesOut: a request leaves only when the count of it is with the broker, so the
// word of that must come whatever happens to the message.
func TestNobodyWaitsForAMessageThatNeverGoesOut(t *testing.T) {
	o := newOutbox()
	told := map[string]int{}
	with := func(payload string) publication {
		p := kept("state", payload)
		p.handed = func() { told[payload]++ }
		return p
	}
	o.put(with("1"))
	o.put(with("2"))
	o.put(kept("state", "3"))
	assert.Empty(t, told, "none is with the broker yet")
	p, ok := o.next()
	require.True(t, ok)
	assert.Equal(t, "3", string(p.payload))
	o.sent()
	p.handed()
	assert.Equal(t, map[string]int{"1": 1, "2": 1}, told, "the latest stands for all that it replaced")

	o.put(with("4"))
	o.clear()
	assert.Equal(t, 1, told["4"], "the broker is away: waiting for it would never end")
	_, ok = o.next()
	assert.False(t, ok)
}

package broker

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func (b *inbox) drain() (out []string) {
	for m, ok := b.next(); ok; m, ok = b.next() {
		out = append(out, m.Topic+"="+string(m.Payload))
	}
	return out
}

func TestMessagesOfOneTopicKeepTheirOrder(t *testing.T) {
	b := newInbox()
	for _, payload := range []string{"1", "2", "3"} {
		b.put(Message{Topic: "a", Payload: []byte(payload)})
	}
	assert.Equal(t, []string{"a=1", "a=2", "a=3"}, b.drain())
}

func TestAFloodOnOneTopicKeepsTheLatestAndHoldsUpNoOther(t *testing.T) {
	b := newInbox()
	for i := range 5000 {
		b.put(Message{Topic: "flood", Payload: fmt.Append(nil, i)})
	}
	b.put(Message{Topic: "kettle", Payload: []byte("OFF")})
	got := b.drain()
	assert.Len(t, got, maxOfTopic+1)
	assert.Equal(t, "kettle=OFF", got[1], "its turn comes after one of the other")
	assert.Equal(t, "flood=4999", got[len(got)-1])
	assert.Equal(t, 5000-maxOfTopic, b.dropped)
}

func TestAFloodOnManyTopicsIsBounded(t *testing.T) {
	b := newInbox()
	for i := range 5000 {
		b.put(Message{Topic: fmt.Sprint(i), Payload: make([]byte, 60_000)})
	}
	assert.LessOrEqual(t, b.bytes, maxInboxBytes)
	assert.Positive(t, b.count)
	b.clear()
	assert.Empty(t, b.drain())
	assert.Zero(t, b.bytes)
	for i := range 5000 {
		b.put(Message{Topic: fmt.Sprint(i)})
	}
	assert.Len(t, b.drain(), maxInbox)
	assert.Zero(t, b.count)
	assert.Zero(t, b.bytes)
}

func TestLargeMessagesInThePlaceOfSmallOnesAreBounded(t *testing.T) {
	b := newInbox()
	for _, size := range []int{1, 60_000} {
		for i := range 64 {
			for range maxOfTopic {
				b.put(Message{Topic: fmt.Sprint(i), Payload: make([]byte, size)})
			}
		}
		assert.LessOrEqual(t, b.bytes, maxInboxBytes)
	}
	last := Message{Topic: "0", Payload: make([]byte, 60_000), Correlation: []byte("last")}
	b.put(last)
	b.put(Message{Topic: "0", Payload: make([]byte, maxInboxBytes)})
	bytes, count := 0, 0
	for m, ok := b.next(); ok; m, ok = b.next() {
		bytes, count = bytes+m.size(), count+1
		assert.Less(t, len(m.Payload), maxInboxBytes, "what never fits displaces nothing")
	}
	assert.Greater(t, bytes, maxInboxBytes/2, "there is no less room than before")
	assert.Equal(t, 2*64*maxOfTopic+2, count+b.dropped)
	assert.Zero(t, b.bytes)
	assert.Zero(t, b.count)
}

package broker

import "sync"

// What may wait between the broker and a user that takes its time. Of one topic the latest messages are kept: a value that
// is followed by newer ones is of no use. So a flood on one topic, or on many, doesn't hold up what comes on another.
const (
	maxOfTopic    = 16
	maxInbox      = 1024
	maxInboxBytes = 4 << 20
)

// inbox holds messages by topic and hands them out in turns, one of each topic.
type inbox struct {
	mu      sync.Mutex
	topics  map[string][]Message
	turns   []string // topics with messages, the next first
	count   int
	bytes   int
	dropped int
	ready   chan struct{} // has something in it when there may be a message
}

func newInbox() *inbox { return &inbox{topics: map[string][]Message{}, ready: make(chan struct{}, 1)} }

func (m *Message) size() int { return len(m.Topic) + len(m.Payload) + len(m.Correlation) + 100 }

// put takes a message in. Where there is no room, the oldest of its topic go until there is, or itself where they would not
// make enough.
func (b *inbox) put(m Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	waiting := b.topics[m.Topic]
	leave, bytes := 0, b.bytes+m.size() // how many of the topic have to go, and what waits then
	for leave < len(waiting) && (len(waiting)-leave >= maxOfTopic || b.count-leave >= maxInbox || bytes > maxInboxBytes) {
		bytes -= waiting[leave].size()
		leave++
	}
	if b.count-leave >= maxInbox || bytes > maxInboxBytes {
		b.dropped++
		return
	}
	if len(waiting) == 0 {
		b.turns = append(b.turns, m.Topic)
	}
	b.topics[m.Topic] = append(waiting[leave:], m)
	b.dropped += leave
	b.count += 1 - leave
	b.bytes = bytes
	select {
	case b.ready <- struct{}{}:
	default:
	}
}

// next is the message whose turn it is; false for none.
func (b *inbox) next() (Message, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.turns) == 0 {
		return Message{}, false
	}
	topic := b.turns[0]
	b.turns = b.turns[1:]
	waiting := b.topics[topic]
	m := waiting[0]
	if waiting = waiting[1:]; len(waiting) > 0 {
		b.topics[topic] = waiting
		b.turns = append(b.turns, topic)
	} else {
		delete(b.topics, topic)
	}
	b.count--
	b.bytes -= m.size()
	return m, true
}

// clear forgets what waits: it came by a connection that is gone.
func (b *inbox) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.topics)
	b.turns, b.count, b.bytes = nil, 0, 0
}

// forward hands messages over until the connection is closed.
func (c *client) forward() {
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-c.inbox.ready:
		}
		for m, ok := c.inbox.next(); ok; m, ok = c.inbox.next() {
			c.emit(Event{Kind: Received, Message: m})
		}
	}
}

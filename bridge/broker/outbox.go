package broker

import (
	"slices"
	"strconv"
)

// What may wait towards a broker that takes its time, beside the latest message of each retained topic.
const (
	maxUnretained      = 1000
	maxUnretainedBytes = 1 << 20
)

// Outbox holds what is to be published, in order but for what goes first. A retained message that waits is replaced by a newer one for its
// topic, so a slow broker gets the latest state and never a backlog. Of the others the oldest go when too many wait.
type Outbox struct {
	order      []string // keys, oldest first; a message that is not retained has a key of its own
	items      map[string]Publication
	serial     int
	unretained []string // keys of the messages that are not retained, oldest first
	bytes      int      // of their payloads
	dropped    int
}

// NewOutbox is an empty outbox.
func NewOutbox() *Outbox { return &Outbox{items: map[string]Publication{}} }

// Put queues a publication.
func (o *Outbox) Put(p Publication) {
	if !p.Retain {
		o.serial++
		key := p.Topic + "#" + strconv.Itoa(o.serial)
		o.unretained = append(o.unretained, key)
		o.bytes += len(p.Payload)
		o.items[key] = p
		o.order = append(o.order, key)
		o.bound()
		return
	}
	old, waits := o.items[p.Topic]
	p.OnAcked = both(old.OnAcked, p.OnAcked)
	o.items[p.Topic] = p
	if waits && p.First {
		i := slices.Index(o.order, p.Topic)
		o.order = slices.Delete(o.order, i, i+1)
	}
	switch {
	case p.First:
		o.order = slices.Insert(o.order, 0, p.Topic)
	case !waits:
		o.order = append(o.order, p.Topic)
	}
}

// bound drops the oldest messages that are not retained while too many wait.
func (o *Outbox) bound() {
	for len(o.unretained) > maxUnretained || o.bytes > maxUnretainedBytes && len(o.unretained) > 1 {
		key := o.unretained[0]
		o.unretained = o.unretained[1:]
		p := o.items[key]
		o.bytes -= len(p.Payload)
		delete(o.items, key) // its place in the order is passed over
		o.dropped++
		p.acked(false)
	}
	if len(o.order) > 2*len(o.items) {
		o.order = slices.DeleteFunc(o.order, func(key string) bool { _, waits := o.items[key]; return !waits })
	}
}

// Dropped returns how many messages were dropped since it was last asked.
func (o *Outbox) Dropped() int {
	n := o.dropped
	o.dropped = 0
	return n
}

func both(first, second func(bool)) func(bool) {
	switch {
	case first == nil:
		return second
	case second == nil:
		return first
	}
	return func(delivered bool) {
		first(delivered)
		second(delivered)
	}
}

// Next is the publication to go out next; false when there is none.
func (o *Outbox) Next() (Publication, bool) {
	for len(o.order) > 0 {
		if p, ok := o.items[o.order[0]]; ok {
			if p.Make != nil {
				p.Payload, p.Make = p.Make(), nil
				o.items[o.order[0]] = p
			}
			return p, true
		}
		o.order = o.order[1:]
	}
	o.order = nil
	return Publication{}, false
}

// Sent removes what Next returned.
func (o *Outbox) Sent() {
	key := o.order[0]
	if len(o.unretained) > 0 && o.unretained[0] == key {
		o.unretained = o.unretained[1:]
		o.bytes -= len(o.items[key].Payload)
	}
	delete(o.items, key)
	o.order = o.order[1:]
}

// Len is how many publications wait.
func (o *Outbox) Len() int { return len(o.items) }

// Clear forgets everything but what is to be kept: the broker is away, and on the next connection the latest is published
// anew.
func (o *Outbox) Clear() {
	was := *o
	*o = *NewOutbox()
	o.dropped = was.dropped
	for _, key := range was.order {
		switch p, ok := was.items[key]; {
		case !ok: // it was dropped
		case p.Keep && !p.Retain:
			o.Put(p)
		default:
			p.acked(false)
		}
	}
}

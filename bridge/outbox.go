package bridge

import "fmt"

// outbox holds what is to be published, in order. A retained message that waits is replaced by a newer one for its
// topic, so a slow broker gets the latest state and never a backlog.
type outbox struct {
	order  []string // topics, oldest first; a topic without retain has a key of its own
	items  map[string]publication
	serial int
}

func newOutbox() *outbox { return &outbox{items: map[string]publication{}} }

func (o *outbox) put(p publication) {
	key := p.topic
	if !p.retain {
		o.serial++
		key = fmt.Sprintf("%s#%d", p.topic, o.serial)
	}
	if old, waits := o.items[key]; waits {
		if old.handed != nil {
			p.handed = both(old.handed, p.handed)
		}
		o.items[key] = p
		return
	}
	o.items[key] = p
	o.order = append(o.order, key)
}

func both(first, second func()) func() {
	return func() {
		first()
		if second != nil {
			second()
		}
	}
}

// next is the publication to go out next; false when there is none.
func (o *outbox) next() (publication, bool) {
	if len(o.order) == 0 {
		return publication{}, false
	}
	return o.items[o.order[0]], true
}

// sent removes what next returned.
func (o *outbox) sent() {
	delete(o.items, o.order[0])
	o.order = o.order[1:]
	if len(o.order) == 0 {
		o.order = nil
	}
}

// clear forgets everything: the broker is away, and on the next connection the latest is published anew.
func (o *outbox) clear() {
	for _, key := range o.order {
		if handed := o.items[key].handed; handed != nil {
			handed()
		}
	}
	*o = *newOutbox()
}

package broker

// Publication is a message on its way to the broker.
type Publication struct {
	Topic       string
	Payload     []byte
	Make        func() []byte // makes the payload of a retained message when its turn comes, so that many take no memory; nil for one that is made
	Retain      bool
	Correlation []byte
	// First has a retained message go before all that waits: something else waits for its acknowledgement.
	First bool
	// Keep has a message that is not retained wait for the next connection while the broker is away, and come back as
	// Undelivered when there was none, and once when it broke under the message.
	Keep bool
	// OnAcked, when set, is called once: with true when the broker has acknowledged the message, or is there and takes none
	// of this size, with false when it can't
	// get there, because the broker is away, refuses it, or a newer message took its place and can't get there either.
	OnAcked func(delivered bool)

	again bool // it has come back before
}

func (p Publication) acked(delivered bool) {
	if p.OnAcked != nil {
		p.OnAcked(delivered)
	}
}

// packetSize is the size of the message's packet in bytes, or some bytes more.
func (p Publication) packetSize() int {
	const headers = 16 // of the packet, the topic's and the packet's number, and the properties
	return headers + len(p.Topic) + len(p.Payload) + len(p.Correlation)
}

// Message is a message of the broker.
type Message struct {
	Topic         string
	Payload       []byte
	Retained      bool
	ResponseTopic string
	Correlation   []byte
	ID            string // the user property "id" or the correlation data, where that can be read

	connection int // that it came by
}

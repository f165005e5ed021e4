package command

import (
	"errors"
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
)

// Ref is what a command's topic names.
type Ref struct {
	device.Ref
	Key string
}

// String is the reference as one word.
func (r Ref) String() string { return string(r.Family) + "/" + r.ID + "/" + r.Key }

// Request is a message on a command's topic, and where its answer goes.
type Request struct {
	Ref
	Payload       []byte
	Retained      bool
	Asleep        bool   // it came while the bridge did not run, and its time is over
	ResponseTopic string // of MQTT 5; empty for none
	Correlation   []byte
	ID            string    // that the sender gave, empty for none
	At            time.Time // steady time of its arrival
}

// Command is a request that may be carried out.
type Command struct {
	Request
	Asked  Asked
	Setter device.Setter // without keys for telemetry to submit
	// Off is set for the safe direction: heating, pump or regulation off, no heating power, a lower target for a kettle. It
	// goes before other commands.
	Off bool

	// Again is set where it switches off what was switched off a short while ago: it uses what is left for all commands, and
	// nothing of what is kept for switching off.
	Again bool

	// AwaitsList is set until the list of the family has been answered once: before that nobody knows whether the device
	// exists and what its limits are.
	AwaitsList bool
	// NotBefore is when it may be sent at the earliest: the cloud takes one submission a minute.
	NotBefore time.Time
	// Attempts is how often it left without an answer.
	Attempts int
	// VerifyAt is when to read back whether an unanswered call was carried out; zero when there is nothing to verify.
	VerifyAt time.Time
	// Why is what it waits for, in words, where that is not its turn.
	Why string
}

// Expires is when the command is no longer to be sent.
func (c *Command) Expires() time.Time {
	at := c.At
	if c.NotBefore.After(at) {
		at = c.NotBefore
	}
	return at.Add(MaxWait)
}

// Reserved reports whether the command may use what is kept for switching off.
func (c *Command) Reserved() bool { return c.Off && !c.Again }

// Change names what the command changes, for the limit of changes; empty for what that limit does not hold back.
func (c *Command) Change() string {
	if c.Off || c.Submits() {
		return ""
	}
	return c.Ref.String()
}

// Submits reports whether the command hands a reading to the cloud.
func (c *Command) Submits() bool { return c.Asked.Telemetry != nil }

// Shown is the value of the command's key in a reading; false where the cloud doesn't show it.
func (c *Command) Shown(r device.Reading) (device.Value, bool) {
	v, _ := r.Value(c.Key)
	return v, v.Known()
}

// confirmedBy reports whether a value that the cloud shows is what the command asks for.
func (c *Command) confirmedBy(shown device.Value) bool { return shown.Confirms(c.Key, c.Asked.Value) }

// sharesCall reports whether one call can carry out both commands.
func (c *Command) sharesCall(other *Command) bool {
	return c.Ref.Ref == other.Ref.Ref && len(c.Setter.Keys) > 1 && slices.Contains(c.Setter.Keys, other.Key)
}

// ErrGainsUnknown is why a gain is not set: the call would overwrite the others with made-up ones.
var ErrGainsUnknown = errors.New("the device's other PID gains are not known yet, and all three are set together; try again after its next reading")

// Arguments are the values of the call that carries out the commands, which share it: what they ask for, and for the
// other keys what the device shows. The error is ErrGainsUnknown where it doesn't show one of them, which may have changed
// since the commands were checked.
func Arguments(batch []*Command, shown device.Reading) ([]device.Value, error) {
	setter := batch[0].Setter
	out := make([]device.Value, len(setter.Keys))
	for i, key := range setter.Keys {
		out[i], _ = shown.Value(key)
		for _, c := range batch {
			if c.Key == key {
				out[i] = c.Asked.Value
			}
		}
		if !out[i].Known() {
			return nil, ErrGainsUnknown
		}
	}
	return out, nil
}

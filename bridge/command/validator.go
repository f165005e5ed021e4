package command

import (
	"errors"
	"fmt"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/internal/text"
)

// Validator decides whether a request becomes a command.
type Validator struct {
	ReadOnly bool
	Families []*device.Family
}

// Errors of a request, whatever it asks for.
var (
	ErrReadOnly = errors.New("the bridge is set to read only (control.read_only)")
	ErrAsleep   = errors.New("it came while the bridge was asleep; publish it again if it is still meant")
	ErrRetained = errors.New("it is a retained message, which would be repeated at every start; publish it without retain")
)

// Admit says why a request is refused whatever it asks for; nil for one that is not.
func (v Validator) Admit(r Request) error {
	switch {
	case r.Retained:
		return ErrRetained
	case r.Asleep:
		return ErrAsleep
	case v.ReadOnly:
		return ErrReadOnly
	}
	return nil
}

// Parse reads a request, or says why it is refused. What the device itself decides is Check's.
func (v Validator) Parse(r Request) (*Command, error) {
	if err := v.Admit(r); err != nil {
		return nil, err
	}
	f := v.family(r.Family)
	if f == nil {
		return nil, fmt.Errorf("there is no family %s", text.Quote(string(r.Family)))
	}
	row, ok := find(f, r.Key)
	if !ok {
		return nil, fmt.Errorf("%s can't be set on a %s; what can is %s", text.Quote(r.Key), r.Family, settable(f))
	}
	payload, err := plainText(r.Payload)
	if err != nil {
		return nil, fmt.Errorf("%w; accepted is %s", err, row.accepts)
	}
	asked, err := row.parse(payload)
	if err != nil {
		return nil, err
	}
	c := &Command{Request: r, Asked: asked}
	c.Setter, _ = f.Setter(r.Key)
	c.compare(f, device.Reading{})
	return c, nil
}

// Check holds a command against its device: whether there is one, and whether the value is within the limits that Home
// Assistant shows. It says too whether the command switches something off. shown is the device as it is published, described as it is announced; found is false for no device.
func (v Validator) Check(c *Command, shown device.Reading, described discovery.Device, found bool) error {
	if !found {
		return fmt.Errorf("there is no %s %s in the RAPT account", c.Family, text.Quote(c.Ref.ID))
	}
	c.compare(v.family(c.Family), shown)
	n, ok := c.Asked.Value.Number()
	if !ok {
		return nil
	}
	if err := discovery.CheckLimits(described, c.Key, n); err != nil {
		return err
	}
	if len(c.Setter.Keys) > 1 {
		for _, key := range c.Setter.Keys {
			if other, _ := shown.Value(key); !other.Known() {
				return ErrGainsUnknown
			}
		}
	}
	return nil
}

func (v Validator) family(name discovery.Family) *device.Family {
	for _, f := range v.Families {
		if f.Name == name {
			return f
		}
	}
	return nil
}

func find(f *device.Family, key string) (row, bool) {
	for _, r := range rows() {
		if r.key == key && r.takes(f) {
			return r, true
		}
	}
	return row{}, false
}

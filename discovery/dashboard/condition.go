package dashboard

import (
	"slices"

	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// condition is one of Home Assistant's conditions for when a card or a section is shown. Of several all must hold.
type condition struct {
	Condition string   `yaml:"condition"`
	Entity    string   `yaml:"entity"`
	State     []string `yaml:"state,omitempty,flow"`
	StateNot  []string `yaml:"state_not,omitempty,flow"`
	Above     float64  `yaml:"above,omitempty"`
	Below     float64  `yaml:"below,omitempty"`
}

// What Home Assistant shows of an entity without a value, and of one whose device is silent.
const (
	unknown     = "unknown"
	unavailable = "unavailable"
)

// known holds while an entity has a value.
func known(entity string) condition {
	return condition{Condition: "state", Entity: entity, StateNot: []string{unknown, unavailable}}
}

// on holds while a binary sensor is on.
func on(entity string) condition {
	return condition{Condition: "state", Entity: entity, State: []string{"on"}}
}

// shownIf has a card appear only while all conditions hold.
func (c card) shownIf(conditions ...condition) card {
	if c.Type != "" {
		c.Visibility = append(slices.Clone(c.Visibility), conditions...)
	}
	return c
}

// whileKnown has a card disappear while its entity has no value.
func (c card) whileKnown() card {
	return c.shownIf(known(c.Entity))
}

// whileOn has the card of a binary sensor appear only while that is on.
func (c card) whileOn() card {
	return c.shownIf(on(c.Entity))
}

// shownIf has a section appear only while all conditions hold.
func (s section) shownIf(conditions ...condition) section {
	s.Visibility = append(slices.Clone(s.Visibility), conditions...)
	return s
}

// inBatch holds while a batch is in the device, and while the device is silent: its beer is still there.
func (s shownDevice) inBatch() condition {
	return condition{Condition: "state", Entity: s.entity["stage"], StateNot: noBatch()}
}

// withoutBatch is the opposite of inBatch.
func (s shownDevice) withoutBatch() condition {
	return condition{Condition: "state", Entity: s.entity["stage"], State: noBatch()}
}

// noBatch are the states of a stage without a batch. The bridge shows them in its language, which is not always that of a
// dashboard that was copied.
func noBatch() []string {
	states := []string{unknown}
	for _, language := range discovery.Languages() {
		if none := discovery.Translate(language, "none"); !slices.Contains(states, none) {
			states = append(states, none)
		}
	}
	return states
}

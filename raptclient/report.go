package raptclient

import (
	"fmt"
	"strings"

	"github.com/rapt-bridge/rapt-bridge/internal/text"
)

// List is the reply of an endpoint that answers with several items, in the cloud's order (telemetry: oldest first).
// The list is complete only when Skipped is 0: a skipped item is a device that exists and has no id of its own.
type List[D any] struct {
	Items []D
	Report
}

// Item is the reply of an endpoint that answers with one item.
type Item[D any] struct {
	Value D
	Report
}

// Report says what of one reply could not be read. All counts are occurrences in this reply.
type Report struct {
	// Skipped counts the items left out: not an object, without a valid id, or with the id of an earlier item.
	Skipped int
	// WrongType counts fields that hold something else than the contract says. They are null in the item.
	WrongType int
	// UnknownFields counts fields that the contract doesn't have.
	UnknownFields int
	// UnknownValues counts texts outside the contract's enumerations. They are kept in the item as they came.
	UnknownValues int
	// Notices holds what was seen for the first time in this client's life.
	Notices []Notice
}

// noticesEach is how many notices of one answer have a line each; the others share one.
const noticesEach = 10

// Lines are the notices as a log has them.
func (r Report) Lines() (lines []string) {
	var more []string
	for i, n := range r.Notices {
		if i < noticesEach {
			lines = append(lines, n.String())
		} else {
			more = append(more, n.Field)
		}
	}
	if len(more) > 0 {
		fields := text.Line(strings.Join(more, ", "), 255)
		lines = append(lines, fmt.Sprintf("%s: so it is with %d more: %s", r.Notices[0].Resource, len(more), fields))
	}
	return lines
}

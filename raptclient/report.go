package raptclient

import "fmt"

// List is the reply of an endpoint that answers with several items, in the cloud's order (telemetry: newest first).
// The list is complete only when Skipped is 0: a skipped item is a device that exists and can't be told apart.
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

// NoticeKind says what sort of oddity a [Notice] tells of.
type NoticeKind string

const (
	UnknownField NoticeKind = "unknown_field"
	UnknownValue NoticeKind = "unknown_value"
	WrongType    NoticeKind = "wrong_type"
	SkippedItem  NoticeKind = "skipped_item"
)

// Notice tells once of something in the cloud's replies that the contract doesn't have.
type Notice struct {
	Kind NoticeKind
	// Resource is the endpoint's first segment, for example "Hydrometers".
	Resource string
	// Field is the path of the field within an item, for example "activeProfileSession.profile.name". Empty for
	// a skipped item.
	Field string
	// Detail has at most 80 characters: the kind of JSON that was found, the unknown text, the reason of the skip.
	Detail string
}

// noticeSentences has the sentence of each kind; the verbs stand for resource, field and detail in this order.
var noticeSentences = map[NoticeKind]string{
	UnknownField: "%[1]s: the cloud sends a field that is not known, %[2]s (%[3]s)",
	UnknownValue: "%[1]s: %[2]s has a value that is not known, %[3]s",
	WrongType:    "%[1]s: %[2]s can't be read and counts as unknown, %[3]s",
	SkippedItem:  "%[1]s: an item was left out, %[3]s",
}

// String is the notice as a sentence without a full stop.
func (n Notice) String() string {
	return fmt.Sprintf(noticeSentences[n.Kind], n.Resource, n.Field, n.Detail)
}

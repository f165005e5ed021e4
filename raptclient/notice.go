package raptclient

import (
	"fmt"
	"strings"

	"github.com/rapt-bridge/rapt-bridge/internal/text"
)

// NoticeKind says what a [Notice] is about.
type NoticeKind string

const (
	UnknownField NoticeKind = "unknown_field"
	UnknownValue NoticeKind = "unknown_value"
	WrongType    NoticeKind = "wrong_type"
	SkippedItem  NoticeKind = "skipped_item"
	// TokenLifetime is of a sign-in; it comes in the report of the next list or item.
	TokenLifetime NoticeKind = "token_lifetime"
)

// Notice is something in the cloud's replies that the contract doesn't have. It is given once in the client's life.
type Notice struct {
	Kind NoticeKind
	// Resource is the endpoint's first segment, for example "Hydrometers", or [SignInEndpoint].
	Resource string
	// Field is the path of the field within an item, for example "activeProfileSession.profile.name". Empty for
	// a skipped item.
	Field string
	// Detail has at most 80 characters: the kind of JSON that was found, the unknown text, the reason of the skip, the
	// lifetime.
	Detail string
}

// noticeSentences has the sentence of each kind; the verbs stand for resource, field and detail in this order.
var noticeSentences = map[NoticeKind]string{
	UnknownField:  "%[1]s: the cloud sends a field that is not known, %[2]s (%[3]s)",
	UnknownValue:  "%[1]s: %[2]s has a value that is not known, %[3]s",
	WrongType:     "%[1]s: %[2]s can't be read and counts as unknown, %[3]s",
	SkippedItem:   "%[1]s: an item was left out, %[3]s",
	TokenLifetime: "%[1]s: %[2]s is %[3]s",
}

// String is the notice as a sentence without a full stop.
func (n Notice) String() string {
	return fmt.Sprintf(noticeSentences[n.Kind], n.Resource, n.Field, n.Detail)
}

// wrong counts a field that holds something else than the contract says.
func (d *decoding) wrong(f *field, got string) {
	d.report.WrongType++
	d.notice(WrongType, f.name, got+" instead of "+expected[f.kind])
}

// notice adds a notice of a field of the object that is being read, unless the client has given it before.
func (d *decoding) notice(k NoticeKind, name, detail string) {
	path := strings.Join(d.path, ".")
	if path != "" && name != "" {
		path += "."
	}
	if n, first := d.first(Notice{Kind: k, Resource: d.resource, Field: path + name, Detail: detail}); first {
		d.report.Notices = append(d.report.Notices, n)
	}
}

// The names of fields and what they hold come from the cloud, so what is kept of them is bounded.
const (
	maxNotices   = 1000
	noticeLength = 80
)

// first reports whether a notice is new. Unknown values are noticed once for each value, the others once for each field.
func (r *reader) first(n Notice) (Notice, bool) {
	same := n
	same.Field, same.Detail = text.Line(n.Field, 2*noticeLength), text.Line(n.Detail, noticeLength)
	if n.Kind == UnknownField || n.Kind == WrongType {
		same.Detail = ""
	}
	if !r.remember(same) {
		return n, false
	}
	// Redacted before it is shortened, lest the cut leave half a secret.
	n.Field, n.Detail = text.Line(r.redact(n.Field), 2*noticeLength), text.Line(r.redact(n.Detail), noticeLength)
	return n, true
}

// remember reports whether a notice is new, and keeps it.
func (r *reader) remember(n Notice) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, noticed := r.noticed[n]; noticed || len(r.noticed) >= maxNotices {
		return false
	}
	r.noticed[n] = struct{}{}
	return true
}

// later keeps a new notice for the next report.
func (r *reader) later(n Notice) {
	n, first := r.first(n)
	if !first {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = append(r.waiting, n)
}

// addWaiting puts what was kept for it into a report.
func (r *reader) addWaiting(to *Report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	to.Notices = append(r.waiting, to.Notices...)
	r.waiting = nil
}

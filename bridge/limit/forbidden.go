package limit

import (
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

const (
	// AfterForbidden is how long what the cloud forbids (403) is left alone.
	AfterForbidden = time.Hour

	// offWhileForbidden is the least time from a 403 to the next try to switch something off. A command waits for a minute at
	// the most, so each one leaves.
	offWhileForbidden = 30 * time.Second

	// refusedLists are so many lists that are forbidden, one after the other without an answer between them, that the account
	// as such may be refused; mostlyRefused are so many where no list was ever answered: some may be closed to the account.
	refusedLists  = 2
	mostlyRefused = 4
)

// lists are the families' lists by what the cloud lets the account read.
type lists struct {
	answered  map[string]bool
	forbidden map[string]bool // 403, and nothing was answered since
	closed    map[string]bool // 403, while other endpoints are answered
}

func newLists() lists {
	return lists{answered: map[string]bool{}, forbidden: map[string]bool{}, closed: map[string]bool{}}
}

// isList tells the endpoint of a family's list from others, which may be forbidden to an account that reads its lists.
func isList(endpoint string) bool {
	resource, what, _ := strings.Cut(endpoint, "/")
	return what == "Get"+resource || what == "GetAll"
}

// listAnswered takes an answer of an endpoint.
func (l *lists) listAnswered(endpoint string) {
	if isList(endpoint) {
		l.answered[endpoint] = true
		delete(l.closed, endpoint)
	}
}

// accountAnswered takes an answer of any endpoint: lists that were forbidden just before are closed, and the account is well.
func (l *lists) accountAnswered() {
	maps.Copy(l.closed, l.forbidden)
	clear(l.forbidden)
}

// forbid takes a 403 of an endpoint, and reports whether it says that the account as such is refused.
func (l *lists) forbid(endpoint string) bool {
	if !isList(endpoint) || l.closed[endpoint] {
		return false
	}
	l.forbidden[endpoint] = true
	if len(l.answered) == 0 {
		return len(l.forbidden) >= mostlyRefused
	}
	for endpoint := range l.forbidden {
		if l.answered[endpoint] {
			return len(l.forbidden) >= refusedLists
		}
	}
	return false
}

// onStatus takes the status of an answer before what became of its call.
func (h *Health) onStatus(now time.Time, e raptclient.Exchange) {
	switch {
	case e.Err == nil && e.Status >= http.StatusOK && e.Status < http.StatusMultipleChoices:
		h.lists.listAnswered(e.Endpoint)
	case h.silentUntil().After(now):
		h.offFrom = now.Add(offWhileLimited)
	case e.Status == http.StatusForbidden && h.isForbidden():
		h.offFrom = now.Add(offWhileForbidden)
	}
}

// isForbidden reports whether the account as such is refused with a 403.
func (h *Health) isForbidden() bool { return h.Status == Rejected && !h.offFrom.IsZero() }

// onForbiddenEndpoint takes a 403 that isn't the sign-in's.
func (h *Health) onForbiddenEndpoint(now time.Time, endpoint string, clock func(time.Time) string) {
	switch {
	case h.lists.forbid(endpoint):
		h.onForbidden(now, clock)
	case !h.isForbidden():
		h.Reason = "the RAPT Cloud refuses " + endpoint + " (403)"
	default: // the account is refused anyway
		h.Explanation = forbidden()
	}
}

// onForbidden takes a 403 that is for the account as such.
func (h *Health) onForbidden(now time.Time, clock func(time.Time) string) {
	until, offFrom := now.Add(AfterForbidden), times.Latest(h.offFrom, now)
	h.Explanation = forbidden()
	h.pause(Rejected, until, true, "the RAPT Cloud refuses this account altogether (403): access may have been revoked or banned; look into the RAPT app or ask KegLand; next try at "+clock(until)+", but for what switches something off")
	h.offFrom = offFrom
}

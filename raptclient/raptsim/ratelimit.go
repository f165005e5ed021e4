package raptsim

import (
	"net/http"
	"strconv"
	"time"
)

// rateLimit counts requests in an hour that begins with the first of them.
type rateLimit struct {
	began time.Time
	used  int
}

// count takes a request into the count. It returns what is left, negative when there was nothing left for it, and the
// end of the hour.
func (l *rateLimit) count(limit int, now time.Time) (left int, reset time.Time) {
	if l.began.IsZero() || now.Sub(l.began) >= time.Hour {
		*l = rateLimit{began: now}
	}
	if l.used++; l.used > limit {
		return -1, l.began.Add(time.Hour)
	}
	return limit - l.used, l.began.Add(time.Hour)
}

// limitHeaders tells the caller what is left; reset is by the cloud's clock.
func limitHeaders(h http.Header, left int, reset time.Time) {
	h.Set("X-Rate-Limit-Limit", "1h")
	h.Set("X-Rate-Limit-Remaining", strconv.Itoa(max(left, 0)))
	h.Set("X-Rate-Limit-Reset", reset.UTC().Format("2006-01-02T15:04:05.0000000Z"))
}

func seconds(d time.Duration) string {
	return strconv.Itoa(int((d + time.Second - 1) / time.Second))
}

package web

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stream is an open stream of events.
type stream struct {
	*client
	body *bufio.Reader
}

func (s *served) stream(t *testing.T) *stream {
	t.Helper()
	c := s.dial()
	require.NoError(t, c.send("GET /events HTTP/1.1", "Host: x", ""))
	response := c.response(t)
	require.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
	return &stream{c, bufio.NewReader(response.Body)}
}

// next returns the events that the server sends at once, by name; a comment is an event with no name.
func (s *stream) next(t *testing.T) map[string]string {
	t.Helper()
	events, name, data := map[string]string{}, "", []string{}
	for s.body.Buffered() > 0 || len(events) == 0 || name != "" {
		line, err := s.body.ReadString('\n')
		require.NoError(t, err)
		switch line = strings.TrimSuffix(line, "\n"); {
		case strings.HasPrefix(line, "event: "):
			name = line[len("event: "):]
		case strings.HasPrefix(line, "data: "):
			data = append(data, line[len("data: "):])
		case line == ":":
			events[""] = ""
		case line == "" && name != "":
			events[name], name, data = strings.Join(data, "\n"), "", []string{}
		default:
			require.Contains(t, []string{"", "retry: 3000"}, line)
		}
	}
	return events
}

func TestEventsCarryWhatHasChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := serve(Options{})
		now := time.Now()
		fresh := func(change func(*Snapshot)) *Snapshot {
			s := &Snapshot{At: now, Started: now, Since: now, Connected: true, APIStatus: "ok", Devices: brewing().Devices[2:3]}
			s.Devices[0].LastActivity, s.Devices[0].Expected = now, time.Time{}
			change(s)
			return s
		}
		server.Show(fresh(func(*Snapshot) {}))
		page := server.stream(t)
		first := page.next(t)
		assert.Len(t, first, len(partIDs()), "all of the page at first: it may have missed something")
		for _, p := range server.parts().all {
			assert.Equal(t, string(p.html), first[p.id])
		}

		server.Show(fresh(func(s *Snapshot) { s.Devices[0].Gravity.V = 1.0123 }))
		news := page.next(t)
		assert.Len(t, news, 1)
		assert.Contains(t, news["devices"], "1.0123")

		// Nothing new but the time: a sign of life every quarter of a minute, and ages when they change.
		signs := 0
		for {
			news = page.next(t)
			if news["devices"] != "" {
				break
			}
			assert.Contains(t, news, "")
			signs++
		}
		assert.Equal(t, 3, signs)
		assert.Equal(t, time.Minute, time.Since(now))
		assert.Contains(t, news["devices"], "1 min ago")
		_ = page.Close()
		server.end(t)
	})
}

func TestAStreamOutlivesTheTimeOutsOfRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := serve(Options{})
		page := server.stream(t)
		for start := time.Now(); time.Since(start) < 24*time.Hour; {
			page.next(t)
		}
		assert.Len(t, server.streams, 1)
		_ = page.Close()
		server.end(t)
	})
}

func TestAClosedPageFreesItsStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := serve(Options{})
		for range 3 * maxStreams {
			page := server.stream(t)
			page.next(t)
			_ = page.Close()
			synctest.Wait()
		}
		assert.Empty(t, server.streams)
		server.end(t)
	})
}

func TestThereAreOnlySoManyStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := serve(Options{})
		pages := []*stream{}
		for range maxStreams {
			pages = append(pages, server.stream(t))
		}
		w := httptest.NewRecorder()
		server.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/events", nil))
		assert.Equal(t, http.StatusServiceUnavailable, w.Code)
		assert.Equal(t, "60", w.Header().Get("Retry-After"))
		assert.Equal(t, http.StatusOK, get(t, server.Server, "/").Code, "the page itself is there all the same")
		for _, page := range pages {
			_ = page.Close()
		}
		server.end(t)
	})
}

func TestShowNeverWaitsForAPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := serve(Options{})
		deaf := server.dial()
		require.NoError(t, deaf.send("GET /events HTTP/1.1", "Host: x", ""))
		start := time.Now()
		for range 10_000 {
			server.Show(brewing())
		}
		assert.Zero(t, time.Since(start))
		_ = deaf.Close()
		server.end(t)
	})
}

func TestAnEventHoldsTheLinesOfItsPart(t *testing.T) {
	sent := map[string][]byte{}
	parts := []part{{"a", []byte("1\n2\r\n\n3")}, {"b", nil}, {"c", []byte("x")}}
	assert.Equal(t, "event: a\ndata: 1\ndata: 2\ndata: \ndata: 3\n\nevent: c\ndata: x\n\n", string(appendNews(nil, parts, sent)))
	assert.Empty(t, appendNews(nil, parts, sent))
	parts[2].html = []byte("y")
	assert.Equal(t, ":\n\nevent: c\ndata: y\n\n", string(appendNews([]byte(":\n\n"), parts, sent)))
}

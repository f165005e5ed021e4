package web

import (
	"bytes"
	"net/http"
	"time"
)

// ageEvery is how often a stream looks whether ages on the page have changed, and shows that it is still there: proxies
// close what is silent for a minute.
const ageEvery = 15 * time.Second

// events is a stream of the page's parts, each sent when it has changed: the event's name is the part's id, its data
// the part's HTML.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		w.Header().Set("Retry-After", "60")
		http.Error(w, "Too many pages are open. Close some, or reload this one from time to time.", http.StatusServiceUnavailable)
		return
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // when it passed, the server would take the client for gone
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // for nginx in front of Home Assistant

	age := time.NewTicker(ageEvery)
	defer age.Stop()
	sent := map[string][]byte{}
	message := []byte("retry: 3000\n\n")
	for {
		changed := *s.changed.Load()
		message = appendNews(message, s.parts().all, sent)
		if len(message) > 0 {
			_ = control.SetWriteDeadline(time.Now().Add(s.limits.write))
			if _, err := w.Write(message); err != nil {
				return
			}
			if err := control.Flush(); err != nil {
				return
			}
		}
		message = message[:0]
		select {
		case <-r.Context().Done():
			return
		case <-changed:
		case <-age.C:
			message = append(message, ":\n\n"...)
		}
	}
}

// appendNews appends an event for each part that is not as it was sent, and notes it as sent.
func appendNews(to []byte, parts []part, sent map[string][]byte) []byte {
	for _, p := range parts {
		if bytes.Equal(sent[p.id], p.html) {
			continue
		}
		sent[p.id] = p.html
		to = append(to, "event: "+p.id+"\n"...)
		for line := range bytes.Lines(p.html) {
			to = append(append(append(to, "data: "...), bytes.TrimRight(line, "\r\n")...), '\n')
		}
		to = append(to, '\n')
	}
	return to
}

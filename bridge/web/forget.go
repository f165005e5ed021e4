package web

import (
	"net/http"
)

// maxFormBytes is more than the page's own form takes.
const maxFormBytes = 1 << 10

const notForgotten = "The lists of the RAPT Cloud have this device, so it stays. Take it out of the account in the RAPT app first."

// forget takes a device out that the lists lack. A browser's form is sent back to the page, a script gets the text alone.
func (s *Server) forget(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	id := r.PostFormValue("id")
	known, missing := s.find(id)
	switch {
	case missing:
		s.options.Forget(id)
		s.answerForm(w, r, "removed")
	case known:
		http.Error(w, notForgotten, http.StatusConflict)
	default:
		s.answerForm(w, r, "gone")
	}
}

// find reports whether the newest snapshot has a device of that id, and whether the lists lack it.
func (s *Server) find(id string) (known, missing bool) {
	latest := s.latest.Load()
	if latest == nil {
		return false, false
	}
	for _, d := range latest.Devices {
		if d.ID == id {
			known, missing = true, missing || d.Missing
		}
	}
	return known, missing
}

// answerTo is the answer to one of the page's forms, by the query that a browser is sent back with; nil for none.
func (s *Server) answerTo(query string) *answer {
	asked := s.plan()
	switch query {
	case "again":
		if asked.Now {
			asked = answer{Text: "The bridge was asked a moment ago; fresh readings show within some seconds."}
		}
	case "removed":
		asked = answer{Text: "The device is taken out. One that the RAPT Cloud lists again comes back."}
	case "gone":
		asked = answer{Text: "The bridge has no such device now."}
	case "asked":
	default:
		return nil
	}
	return &asked
}

// fragment is what a script of the page accepts: the answer as a piece of HTML.
const fragment = "text/html; fragment=1"

// answerForm answers what one of the page's forms has sent, with one of answerTo.
func (s *Server) answerForm(w http.ResponseWriter, r *http.Request, query string) {
	text := s.execute("answer", s.answerTo(query))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if r.Header.Get("Accept") == fragment {
		w.WriteHeader(http.StatusAccepted)
	} else {
		// As it is, relative: http.Redirect would make it a path from the root, which under a prefix is another's.
		w.Header().Set("Location", "./?"+query)
		w.WriteHeader(http.StatusSeeOther)
	}
	_, _ = w.Write(text)
}

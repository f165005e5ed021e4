package web

import (
	"net/http"
)

// maxFormBytes is more than the page's own form takes.
const maxFormBytes = 1 << 10

const (
	forgotten    = "The device is taken out. One that the RAPT Cloud lists again comes back."
	notForgotten = "The lists of the RAPT Cloud have this device, so it stays. Take it out of the account in the RAPT app first."
)

// forget takes a device out that the lists lack. A browser's form is sent back to the page, a script gets the text alone.
func (s *Server) forget(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	id := r.PostFormValue("id")
	if !s.isMissing(id) {
		http.Error(w, notForgotten, http.StatusConflict)
		return
	}
	s.options.Forget(id)
	s.answerForm(w, r, answer{Text: forgotten})
}

// isMissing reports whether the newest snapshot has a device of that id that the lists lack.
func (s *Server) isMissing(id string) bool {
	latest := s.latest.Load()
	if latest == nil {
		return false
	}
	for _, d := range latest.Devices {
		if d.Missing && d.ID == id {
			return true
		}
	}
	return false
}

// fragment is what a script of the page accepts: the answer as a piece of HTML.
const fragment = "text/html; fragment=1"

// answerForm answers what one of the page's forms has sent.
func (s *Server) answerForm(w http.ResponseWriter, r *http.Request, a answer) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if r.Header.Get("Accept") == fragment {
		w.WriteHeader(http.StatusAccepted)
	} else {
		// As it is, relative: http.Redirect would make it a path from the root, which under a prefix is another's.
		w.Header().Set("Location", "./?asked")
		w.WriteHeader(http.StatusSeeOther)
	}
	_, _ = w.Write(s.execute("answer", a))
}

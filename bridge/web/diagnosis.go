package web

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// diagnosisWithin is how long the loop may take to give the file.
const diagnosisWithin = 5 * time.Second

// diagnose is the page that shows the anonymous file of what the bridge has seen, before its reader saves it.
func (s *Server) diagnose(w http.ResponseWriter, r *http.Request) {
	f := s.frame("Diagnose")
	file := s.askDiagnosis(r.Context())
	if file != nil {
		s.mu.Lock()
		s.read = file
		s.mu.Unlock()
	}
	f.Listing = &listing{string(file), "diagnose.json?shown"}
	s.write(w, "diagnose", f)
}

// diagnosis is the file itself: as it is now, or as it was shown last.
func (s *Server) diagnosis(w http.ResponseWriter, r *http.Request) {
	var file []byte
	disposition := "inline"
	if r.URL.RawQuery == "shown" {
		disposition = "attachment"
		s.mu.Lock()
		file = s.read
		s.mu.Unlock()
	}
	if file == nil {
		file = s.askDiagnosis(r.Context())
	}
	if file == nil {
		http.Error(w, "The bridge doesn't answer. Load this again in a moment.", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Disposition", disposition+`; filename="rapt-diagnose.json"`)
	_, _ = w.Write(file)
}

// askDiagnosis asks the loop for the file, at most once a second however many want it; nil where it gives none in time.
func (s *Server) askDiagnosis(ctx context.Context) []byte {
	select {
	case s.asking <- struct{}{}:
		defer func() { <-s.asking }()
	case <-ctx.Done():
		return nil
	}
	if !s.askedAt.IsZero() && s.options.Now().Sub(s.askedAt).Abs() < renderEvery {
		return s.diagnosed
	}
	// Whoever leaves meanwhile leaves the file to the next, or all who come and go would each ask the loop.
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), diagnosisWithin)
	defer cancel()
	file, err := s.options.Diagnosis(within)
	if err != nil {
		s.options.Log.Debug("the diagnosis could not be made", slog.Any("reason", err))
		file = nil
	}
	s.diagnosed, s.askedAt = file, s.options.Now()
	return file
}

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
	// Each page links to what it shows; in a second nothing else is worth showing.
	s.mu.Lock()
	file, now := s.diagnosed, s.options.Now()
	fresh := file != nil && now.Sub(s.diagnosedAt) < renderEvery && !now.Before(s.diagnosedAt)
	s.mu.Unlock()
	if !fresh {
		if file = s.askDiagnosis(r.Context()); file != nil {
			s.mu.Lock()
			s.diagnosed, s.diagnosedAt = file, now
			s.mu.Unlock()
		}
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
		file = s.diagnosed
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

// askDiagnosis asks the loop for the file; nil where it gives none in time.
func (s *Server) askDiagnosis(ctx context.Context) []byte {
	ctx, cancel := context.WithTimeout(ctx, diagnosisWithin)
	defer cancel()
	file, err := s.options.Diagnosis(ctx)
	if err != nil {
		s.options.Log.Debug("the diagnosis could not be made", slog.Any("reason", err))
		return nil
	}
	return file
}

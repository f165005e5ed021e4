package web

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// diagnosisWithin is how long the loop may take to give the file.
const diagnosisWithin = 5 * time.Second

// diagnosis shows the anonymous file of what the bridge has seen: in the browser first, from where its reader may save it.
func (s *Server) diagnosis(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), diagnosisWithin)
	defer cancel()
	file, err := s.options.Diagnosis(ctx)
	if err != nil {
		s.options.Log.Debug("the diagnosis could not be made", slog.Any("reason", err))
		http.Error(w, "The bridge doesn't answer. Load this again in a moment.", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Disposition", `inline; filename="rapt-diagnose.json"`)
	_, _ = w.Write(file)
}

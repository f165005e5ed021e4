package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
)

func TestTheDiagnosisIsShown(t *testing.T) {
	get := func(s *Server, method string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequest(method, "/diagnose.json", nil))
		return w
	}
	assert.Equal(t, http.StatusNotFound, get(New(Options{}), http.MethodGet).Code)

	s := New(Options{Diagnosis: func(context.Context) ([]byte, error) { return []byte("{}\n"), nil }})
	w := get(s, http.MethodGet)
	assert.Equal(t, http.StatusOK, w.Code)
	assert.Equal(t, "{}\n", w.Body.String())
	assert.Equal(t, "application/json; charset=utf-8", w.Header().Get("Content-Type"))
	assert.Equal(t, `inline; filename="rapt-diagnose.json"`, w.Header().Get("Content-Disposition"))
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	assert.Equal(t, http.StatusMethodNotAllowed, get(s, http.MethodPost).Code)

	w = get(New(Options{Diagnosis: func(context.Context) ([]byte, error) { return nil, errors.New("secret reason") }}), http.MethodGet)
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.NotContains(t, w.Body.String(), "secret")

	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Diagnosis: func(ctx context.Context) ([]byte, error) { <-ctx.Done(); return nil, ctx.Err() }})
		assert.Equal(t, http.StatusServiceUnavailable, get(s, http.MethodGet).Code, "a loop that hangs")
	})
}

package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

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

// Making the file takes the bridge's loop, so a flood of requests costs no more than one a second, hang as it may.
func TestTheDiagnosisIsMadeOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		hangs := false
		s := New(Options{Diagnosis: func(ctx context.Context) ([]byte, error) {
			asked.Add(1)
			if hangs {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			time.Sleep(100 * time.Millisecond)
			return []byte("{}\n"), nil
		}})
		flood := func(status int) {
			var all sync.WaitGroup
			for i := range 50 {
				all.Go(func() {
					w := httptest.NewRecorder()
					s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, []string{"/diagnose.json", "/diagnose"}[i%2], nil))
					if i%2 == 0 {
						assert.Equal(t, status, w.Code)
					}
				})
			}
			all.Wait()
		}
		flood(http.StatusOK)
		assert.EqualValues(t, 1, asked.Load())
		time.Sleep(time.Second)
		flood(http.StatusOK)
		assert.EqualValues(t, 2, asked.Load())

		time.Sleep(time.Second)
		hangs = true
		begin := time.Now()
		flood(http.StatusServiceUnavailable)
		assert.EqualValues(t, 3, asked.Load())
		assert.Equal(t, diagnosisWithin, time.Since(begin), "one after the other")

		time.Sleep(time.Second)
		hangs = false
		var all sync.WaitGroup
		for i := range 50 {
			gone, leave := context.WithTimeout(t.Context(), time.Duration(i)*time.Millisecond)
			defer leave()
			all.Go(func() {
				s.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(gone, http.MethodGet, "/diagnose.json", nil))
			})
		}
		all.Wait()
		flood(http.StatusOK)
		assert.EqualValues(t, 4, asked.Load(), "clients that come and go have it made no more often, and spoil it for nobody")
		time.Sleep(time.Second)
		flood(http.StatusOK)
		assert.EqualValues(t, 5, asked.Load())
	})
}

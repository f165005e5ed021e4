package raptclient

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestARequestLeavesOnce has connections that are kept and break before the second answer: what is asked again is permitted
// anew.
func TestARequestLeavesOnce(t *testing.T) {
	for name, start := range map[string]func(*httptest.Server){"plain": (*httptest.Server).Start, "TLS": (*httptest.Server).StartTLS} {
		t.Run(name, func(t *testing.T) {
			var permitted, arrived atomic.Int32
			s := httptest.NewUnstartedServer(breaking(&arrived))
			start(s)
			defer s.Close()
			c, err := New(Options{
				APIURL: s.URL, AuthURL: s.URL, Username: "brewer@example.com", APISecret: "x", Timeout: 5 * time.Second, Transport: s.Client().Transport,
				Permit: func(context.Context, Request) error { permitted.Add(1); return nil },
			})
			require.NoError(t, err)
			broke := 0
			for range 10 {
				_, err := c.Hydrometers.List(context.Background())
				if err == nil {
					continue
				}
				broke++
				var trans *TransportError
				require.ErrorAs(t, err, &trans)
				assert.False(t, trans.Timeout)
				assert.ErrorContains(t, err, "the connection broke before the answer")
				assert.NotErrorIs(t, err, context.Canceled)
				assert.True(t, Temporary(err) && Sent(err))
			}
			assert.Equal(t, 5, broke, "a connection is kept until it breaks")
			assert.Equal(t, permitted.Load(), arrived.Load())
		})
	}
}

// breaking answers the first request of each connection to the API and breaks the second off.
func breaking(arrived *atomic.Int32) http.Handler {
	var used sync.Map
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived.Add(1)
		if r.URL.Path == "/connect/token" {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Connection", "close")
			_, _ = w.Write([]byte(`{"access_token":"t","token_type":"Bearer","expires_in":3600}`))
			return
		}
		if _, again := used.LoadOrStore(r.RemoteAddr, true); again {
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write([]byte(`[]`))
	})
}

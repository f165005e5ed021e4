package web

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// closed waits until the server closes a connection and returns how long that took and what it wrote before.
func (c *client) closed(t *testing.T) (time.Duration, string) {
	t.Helper()
	start := time.Now()
	rest, err := io.ReadAll(c.in)
	require.NoError(t, err)
	return time.Since(start), string(rest)
}

func TestSlowClientsAreCutOff(t *testing.T) {
	for _, c := range []struct {
		name   string
		lines  []string
		within time.Duration
	}{
		{"says nothing", nil, headerTimeout},
		{"never ends its headers", []string{"GET / HTTP/1.1", "Host: x"}, headerTimeout},
		{"never sends the body that it promised", []string{"POST /refresh HTTP/1.1", "Host: x", "Content-Length: 10", ""}, readTimeout},
		{"keeps a connection that it does not use", []string{"GET /healthz HTTP/1.1", "Host: x", ""}, idleTimeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := serve(Options{})
				client := server.dial()
				if c.lines != nil {
					require.NoError(t, client.send(c.lines...))
				}
				took, _ := client.closed(t)
				assert.LessOrEqual(t, took, c.within+time.Second)
				server.end(t)
			})
		})
	}
}

func TestAClientThatDripsItsHeadersIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := serve(Options{})
		client := server.dial()
		go func() { _, _ = io.Copy(io.Discard, client.in) }()
		start := time.Now()
		require.NoError(t, client.send("GET / HTTP/1.1", "Host: x"))
		for client.send("A: b") == nil {
			time.Sleep(time.Second)
		}
		assert.LessOrEqual(t, time.Since(start), headerTimeout+2*time.Second)
		server.end(t)
	})
}

func TestAClientThatDoesNotReadIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := serve(Options{})
		client := server.dial()
		require.NoError(t, client.send("GET /events HTTP/1.1", "Host: x", ""))
		synctest.Wait()
		assert.Len(t, server.streams, 1)
		time.Sleep(writeTimeout + time.Second)
		synctest.Wait()
		assert.Empty(t, server.streams, "the place of the stream is free again")
		server.end(t)
	})
}

func TestOversizedRequestsAreRefused(t *testing.T) {
	large := strings.Repeat("x", maxHeaderBytes+8<<10)
	for name, lines := range map[string][]string{
		"a long path":   {"GET /" + large + " HTTP/1.1", "Host: x", ""},
		"a long header": {"GET / HTTP/1.1", "Host: x", "A: " + large, ""},
		"many headers":  append(append([]string{"GET / HTTP/1.1", "Host: x"}, strings.Split(strings.Repeat("A: b\n", 8000), "\n")...), ""),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := serve(Options{})
				client := server.dial()
				go func() { _ = client.send(lines...) }()
				response := client.response(t)
				assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, response.StatusCode)
				_ = client.Close()
				server.end(t)
			})
		})
	}
}

func TestALargeBodyIsNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := serve(Options{})
		client := server.dial()
		written := make(chan int)
		go func() {
			_ = client.send("POST /refresh HTTP/1.1", "Host: x", "Content-Length: 1073741824", "")
			n := 0
			for {
				m, err := client.Write(make([]byte, 64<<10))
				n += m
				if err != nil {
					written <- n
					return
				}
			}
		}()
		assert.Equal(t, http.StatusForbidden, client.response(t).StatusCode)
		go func() { _, _ = io.Copy(io.Discard, client.in) }()
		assert.Less(t, <-written, 1<<20)
		server.end(t)
	})
}

func TestServeEndsPromptlyWhateverIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := serve(Options{})
		server.Show(brewing())

		stream := server.dial()
		require.NoError(t, stream.send("GET /events HTTP/1.1", "Host: x", ""))
		assert.Equal(t, http.StatusOK, stream.response(t).StatusCode)
		go func() { _, _ = io.Copy(io.Discard, stream.in) }()

		kept := server.dial()
		require.NoError(t, kept.send("GET /healthz HTTP/1.1", "Host: x", ""))
		_, err := io.Copy(io.Discard, kept.response(t).Body)
		require.NoError(t, err)

		deaf := server.dial()
		require.NoError(t, deaf.send("GET /events HTTP/1.1", "Host: x", ""))
		server.dial() // says nothing
		synctest.Wait()

		assert.LessOrEqual(t, server.end(t), stopWithin)
		synctest.Wait()
		assert.Empty(t, server.streams)
	})
}

func TestServeEndsAtOnceWhenNothingIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := serve(Options{})
		synctest.Wait()
		assert.Zero(t, server.end(t))
	})
}

func TestServeTellsOfAListenerThatFails(t *testing.T) {
	broken := errors.New("no more sockets")
	assert.ErrorIs(t, New(Options{}).Serve(t.Context(), failing{broken}), broken)
	ended, end := context.WithCancel(context.Background())
	end()
	synctest.Test(t, func(t *testing.T) { assert.NoError(t, New(Options{}).Serve(ended, newPipes())) })
}

type failing struct{ error }

func (f failing) Accept() (net.Conn, error) { return nil, f.error }
func (failing) Close() error                { return nil }
func (failing) Addr() net.Addr              { return &net.TCPAddr{} }

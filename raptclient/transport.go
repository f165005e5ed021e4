package raptclient

import (
	"net"
	"net/http"
	"time"
)

// newTransport is a transport with a time-out on every phase of a request that may take timeout as a whole. Connections
// are kept for the next poll. gzip is asked for and undone by the transport itself.
func newTransport(timeout time.Duration) *http.Transport {
	phase := func(d time.Duration) time.Duration { return min(d, timeout) }
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: phase(10 * time.Second), KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:    phase(10 * time.Second),
		ResponseHeaderTimeout:  phase(25 * time.Second),
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConns:           4,
		MaxIdleConnsPerHost:    2,
		MaxResponseHeaderBytes: 64 << 10,
		ForceAttemptHTTP2:      true,
		// A connection that died unnoticed would otherwise hang every HTTP/2 request until its time-out.
		HTTP2: &http.HTTP2Config{SendPingTimeout: phase(15 * time.Second), PingTimeout: phase(10 * time.Second)},
	}
}

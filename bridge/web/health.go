package web

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// The bridge's loop turns every second, and hands over a snapshot at least once a minute; a broker is restarted within
// minutes. What takes longer than these needs somebody to look.
const (
	loopSilent = 20 * time.Second
	loopStalls = 150 * time.Second
	brokerAway = 5 * time.Minute
)

// stalled reports whether the bridge's loop has stopped turning, and for how long it has been quiet. Until its first turn
// and the first snapshot the start counts as one.
func (s *Server) stalled(latest *shown, now time.Time) (quiet time.Duration, stalled bool) {
	if beat := s.beat.Load(); beat != nil {
		if quiet = now.Sub(*beat); quiet >= loopSilent {
			return quiet, true
		}
	}
	came := s.started
	if latest != nil {
		came = latest.came
	}
	quiet = now.Sub(came)
	return quiet, quiet >= loopStalls
}

// unwell is why the bridge is not healthy; empty when it is.
func (s *Server) unwell(now time.Time) string {
	latest := s.latest.Load()
	if quiet, stalled := s.stalled(latest, now); stalled {
		return fmt.Sprintf("the bridge has not moved for %s; restart it", quiet.Round(time.Second))
	}
	if latest == nil || latest.Connected {
		return ""
	}
	// Both times in the snapshot are of one clock at one moment, so a clock that was set does not show here.
	gone := latest.At.Sub(latest.Since) + now.Sub(latest.came)
	if gone < brokerAway {
		return ""
	}
	why := latest.Broken
	if why == "" {
		why = "it does not answer"
	}
	return fmt.Sprintf("the MQTT broker has been away for %s: %s; check that it runs, and the address, user name and password under mqtt",
		gone.Round(time.Second), said(why))
}

func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if why := s.unwell(s.options.Now()); why != "" {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, why+"\n")
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}

// healthPatience is how long CheckHealth waits, as a process that is held up for some seconds is well again by itself; the
// image's HEALTHCHECK gives it a second more.
const healthPatience = 19 * time.Second

// CheckHealth asks the server that listens on addr, a host and a port, whether it is healthy; a host that stands for
// all addresses is asked on loopback. It returns nil or an error that says what is wrong.
func CheckHealth(ctx context.Context, addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("health: the listen address %q has no port: %w", addr, err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, healthPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/healthz", nil)
	if err != nil {
		return fmt.Errorf("health: %w", err)
	}
	// No proxy of the environment, and nothing left behind.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("health: rapt-bridge does not answer; is it running, with http.listen set?: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 4<<10))
	if err != nil {
		return fmt.Errorf("health: %w", err)
	}
	switch text := strings.TrimSpace(string(body)); response.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusServiceUnavailable:
		return fmt.Errorf("not healthy: %s", text)
	default:
		return fmt.Errorf("health: %s answers %s: is another program listening there?", request.URL.Host, response.Status)
	}
}

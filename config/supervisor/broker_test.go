package supervisor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/config"
)

// canary is a secret that must be seen nowhere.
const canary = "hunter2canary"

const found = `{"result":"ok","data":{"addon":"core_mosquitto","host":"core-mosquitto","port":1883,"ssl":false,"username":"addons","password":"` + canary + `","protocol":"3.1.1"}}`

func TestSupervisorsRepliesAreUnderstood(t *testing.T) {
	broker := func(url string) Broker {
		return Broker{URL: url, Username: "addons", Password: config.NewSecret(canary)}
	}
	for name, c := range map[string]struct {
		status int
		body   string
		want   Broker
		err    string
	}{
		"port as number":   {200, found, broker("mqtt://core-mosquitto:1883"), ""},
		"port as string":   {200, strings.Replace(found, "1883", `"1884"`, 1), broker("mqtt://core-mosquitto:1884"), ""},
		"ssl":              {200, strings.Replace(strings.Replace(found, "false", "true", 1), "1883", "8883", 1), broker("mqtts://core-mosquitto:8883"), ""},
		"IPv6":             {200, strings.Replace(found, "core-mosquitto", "fd00::1", 1), broker("mqtt://[fd00::1]:1883"), ""},
		"no password":      {200, `{"result":"ok","data":{"host":"h","port":1,"username":null}}`, Broker{URL: "mqtt://h:1"}, ""},
		"not enabled":      {400, `{"result":"error","message":"Service not enabled"}`, Broker{}, "install the Mosquitto broker"},
		"not there":        {404, `{"result":"error","message":"Service does not exist"}`, Broker{}, "install the Mosquitto broker"},
		"no data":          {200, `{"result":"ok","data":{}}`, Broker{}, "install the Mosquitto broker"},
		"forbidden":        {403, `{"result":"error","message":"No access to mqtt service!"}`, Broker{}, "the Supervisor answered 403 (No access to mqtt service!) and refuses this add-on: start"},
		"unauthorised":     {401, `401: Unauthorized`, Broker{}, "the Supervisor answered 401 and refuses"},
		"broken":           {500, `<html>`, Broker{}, "the Supervisor answered 500: look at"},
		"not JSON":         {200, `<html>` + canary, Broker{}, "a reply that can't be read"},
		"wrong type":       {200, `{"result":"ok","data":{"host":["` + canary + `"]}}`, Broker{}, "a reply that can't be read"},
		"error with 200":   {200, `{"result":"error","message":"busy"}`, Broker{}, "answered 200 (busy): look at"},
		"port 0":           {200, strings.Replace(found, "1883", "0", 1), Broker{}, "a broker without a valid port"},
		"port 70000":       {200, strings.Replace(found, "1883", "70000", 1), Broker{}, "a broker without a valid port"},
		"port as a word":   {200, strings.Replace(found, "1883", `"mqtt"`, 1), Broker{}, "a broker without a valid port"},
		"no port":          {200, strings.Replace(found, "1883", `null`, 1), Broker{}, "a broker without a valid port"},
		"endless":          {200, found + strings.Repeat(" ", maxBody), Broker{}, "a reply that is too long"},
		"another's answer": {302, ``, Broker{}, "the Supervisor answered 302"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, "/services/mqtt", r.URL.Path)
				assert.Equal(t, "Bearer token-of-the-add-on", r.Header.Get("Authorization"))
				if c.status == http.StatusFound {
					w.Header().Set("Location", "/elsewhere")
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			defer server.Close()
			got, err := Client{URL: server.URL + "/", Token: config.NewSecret("token-of-the-add-on")}.Broker(t.Context())
			assert.Equal(t, c.want, got)
			if c.err == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.err)
			assert.NotContains(t, err.Error(), canary)
			assert.Equal(t, strings.Contains(c.err, "Mosquitto"), errors.Is(err, ErrNoBroker))
		})
	}
}

func TestSupervisorIsKnownByItsToken(t *testing.T) {
	s, ok := New([]string{"SUPERVISOR_TOKEN=" + canary})
	assert.True(t, ok)
	assert.Equal(t, canary, s.Token.Reveal())
	assert.NotContains(t, fmt.Sprintf("%+v", s), canary)
	_, ok = New([]string{})
	assert.False(t, ok)
	t.Setenv("SUPERVISOR_TOKEN", "x")
	_, ok = New(nil)
	assert.True(t, ok)
	_, err := Client{URL: "http://\x00"}.Broker(t.Context())
	require.Error(t, err)
}

// answers is a Supervisor without a network.
type answers func(*http.Request) (int, string, error)

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body, err := a(r)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func TestWaitingForTheBroker(t *testing.T) {
	const none = `{"result":"error","message":"Service not enabled"}`
	unreachable := errors.New("connection refused")
	for name, c := range map[string]struct {
		answer func(after time.Duration, r *http.Request) (int, string, error)
		after  [2]time.Duration // the earliest and the latest end
		err    error
		says   string
		logs   int
	}{
		"there at once": {func(time.Duration, *http.Request) (int, string, error) { return 200, found, nil }, [2]time.Duration{}, nil, "", 0},
		"there after a time": {func(d time.Duration, _ *http.Request) (int, string, error) {
			return pick(d > 15*time.Second, found, none)
		}, [2]time.Duration{15 * time.Second, 22 * time.Second}, nil, "", 1},
		"never there": {func(time.Duration, *http.Request) (int, string, error) { return 400, none, nil }, [2]time.Duration{time.Minute, time.Minute}, ErrNoBroker, "", 1},
		"unreachable": {func(time.Duration, *http.Request) (int, string, error) { return 0, "", unreachable }, [2]time.Duration{time.Minute, time.Minute}, unreachable, "", 1},
		"refused":     {func(time.Duration, *http.Request) (int, string, error) { return 403, "{}", nil }, [2]time.Duration{}, nil, "answered 403", 0},
		"hangs": {func(_ time.Duration, r *http.Request) (int, string, error) {
			<-r.Context().Done()
			return 0, "", r.Context().Err()
		}, [2]time.Duration{time.Minute, time.Minute}, context.DeadlineExceeded, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				var log bytes.Buffer
				s := Client{Token: config.NewSecret(canary), HTTP: &http.Client{Timeout: requestTimeout, Transport: answers(func(r *http.Request) (int, string, error) {
					assert.Equal(t, "http://supervisor/services/mqtt", r.URL.String())
					return c.answer(time.Since(start), r)
				})}}
				broker, err := s.WaitForBroker(t.Context(), time.Minute, slog.New(slog.NewTextHandler(&log, nil)))
				switch {
				case c.err != nil:
					require.ErrorIs(t, err, c.err)
				case c.says != "":
					require.ErrorContains(t, err, c.says)
				default:
					require.NoError(t, err)
					assert.Equal(t, "mqtt://core-mosquitto:1883", broker.URL)
				}
				waited := time.Since(start) // on the test's own clock
				assert.GreaterOrEqual(t, waited, c.after[0])
				assert.LessOrEqual(t, waited, c.after[1])
				assert.Equal(t, c.logs, strings.Count(log.String(), "\n"))
				assert.NotContains(t, log.String(), canary)
			})
		})
	}
}

func pick(there bool, yes, no string) (int, string, error) {
	if there {
		return 200, yes, nil
	}
	return 400, no, nil
}

func TestWaitingEndsWithTheProgram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Second, cancel)
		start := time.Now()
		s := Client{HTTP: &http.Client{Transport: answers(func(*http.Request) (int, string, error) { return 404, "", nil })}}
		_, err := s.WaitForBroker(ctx, time.Minute, slog.New(slog.DiscardHandler))
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, 5*time.Second, time.Since(start))
	})
}

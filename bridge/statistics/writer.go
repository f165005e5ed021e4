package statistics

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/history"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/internal/retry"
)

// Options are what a Writer is made of.
type Options struct {
	// URL is that of the WebSocket API, ws:// or wss://.
	URL string
	// Token is a long-lived access token of an administrator, or the Supervisor's.
	Token string
	// Days is how far back hours are looked for that Home Assistant lacks.
	Days int
	Log  *slog.Logger

	gather time.Duration // from the first hour to the work on all that came since; some time when 0
}

const (
	gatherFor  = 30 * time.Second // so that the hours of all devices are written at once
	firstRetry = time.Minute
	lastRetry  = time.Hour
	askAgain   = time.Hour // for what Home Assistant doesn't take yet

	maxPending = 200_000 // hours of values that wait; what comes after them is left out
)

// Missing is a span of which Home Assistant lacks the hours.
type Missing struct {
	Ref device.Ref
	history.Span
}

// Writer writes hours into Home Assistant's statistics.
type Writer struct {
	options Options
	missing chan Missing
	wake    chan struct{}
	units   map[discovery.Family]map[string]string // of the values that are measured

	mu      sync.Mutex
	pending map[entity]map[int64]history.Statistic // by the hour's beginning, in Unix time
	count   int
	devices map[device.Ref]bool // whether Home Assistant's hours of it have been looked at
	status  string

	logged string // what the log has told of
}

// entity is one value of a device.
type entity struct {
	device.Ref
	key string
}

// New is a writer that has not started.
func New(o Options) *Writer {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.gather == 0 {
		o.gather = gatherFor
	}
	return &Writer{
		options: o, missing: make(chan Missing, 1000), units: measuredUnits(), wake: make(chan struct{}, 1),
		pending: map[entity]map[int64]history.Statistic{}, devices: map[device.Ref]bool{}, status: "waiting for the first hour",
	}
}

// Missing are spans of which Home Assistant lacks the hours.
func (w *Writer) Missing() <-chan Missing { return w.missing }

// Status says in words how it is going.
func (w *Writer) Status() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status
}

// SignIn signs in to Home Assistant and out again, for the check of a configuration.
func (w *Writer) SignIn(ctx context.Context) error {
	c, err := connect(ctx, w.options.URL, w.options.Token)
	if err == nil {
		c.close()
	}
	return err
}

// Device makes a device known, so that its hours in Home Assistant are looked at once.
func (w *Writer) Device(ref device.Ref) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.devices[ref]; !known {
		w.devices[ref] = false
		w.signal()
	}
}

// Add takes hours. It never waits.
func (w *Writer) Add(hours []history.Hour) {
	if len(hours) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, h := range hours {
		for key, v := range h.Values {
			e := entity{h.Ref, key}
			if _, measured := w.units[e.Family][key]; !measured || w.count >= maxPending {
				continue
			}
			if w.pending[e] == nil {
				w.pending[e] = map[int64]history.Statistic{}
			}
			if _, there := w.pending[e][h.Start.Unix()]; !there {
				w.count++
			}
			w.pending[e][h.Start.Unix()] = v
		}
	}
	w.signal()
}

// Remove forgets a device.
func (w *Writer) Remove(ref device.Ref) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.devices, ref)
	for e, hours := range w.pending {
		if e.Ref == ref {
			w.count -= len(hours)
			delete(w.pending, e)
		}
	}
}

func (w *Writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default: // it is awake already
	}
}

// Run writes until ctx ends. After trouble it waits whatever comes; else it works some time after something has come, and
// looks again for what Home Assistant hadn't taken yet.
func (w *Writer) Run(ctx context.Context) {
	failures := retry.New(firstRetry, lastRetry, 0)
	wake, again := (<-chan struct{})(w.wake), (<-chan time.Time)(nil)
	for {
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-again:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(w.options.gather):
		}
		left, err := w.attempt(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			wake, again = nil, time.After(failures.NextBackOff())
			continue
		}
		failures.Reset()
		wake, again = w.wake, nil
		if left {
			again = time.After(askAgain)
		}
	}
}

// attempt works once, and tells how it went. left reports whether something waits on.
func (w *Writer) attempt(ctx context.Context) (left bool, err error) {
	written, left, err := w.round(ctx)
	if written > 0 {
		w.options.Log.Info("filled hours that Home Assistant's statistics lacked", slog.Int("hours", written))
	}
	switch {
	case ctx.Err() != nil:
	case err != nil:
		w.setStatus(slog.LevelWarn, "Home Assistant's statistics can't be filled; trying on", reason(err))
	default:
		w.setStatus(slog.LevelInfo, "Home Assistant's statistics can be filled", "")
	}
	return left, err
}

// setStatus logs a state once, and keeps it for the status page.
func (w *Writer) setStatus(level slog.Level, text, why string) {
	w.mu.Lock()
	w.status = text
	if why != "" {
		w.status += ": " + why
	}
	w.mu.Unlock()
	if w.logged == text+why || level == slog.LevelInfo && w.logged == "" {
		w.logged = text + why
		return
	}
	w.logged = text + why
	w.options.Log.Log(context.Background(), level, text, slog.String("reason", why))
}

// reason says in words what is wrong and what to do.
func reason(err error) string {
	var refused *commandError
	if !errors.As(err, &refused) {
		return err.Error()
	}
	switch refused.Code {
	case "unknown_command":
		return "this Home Assistant has no such command; it may be too old (before 2024.12), or its recorder is off"
	case "unauthorized":
		return "the token's user is no administrator of Home Assistant"
	}
	return err.Error()
}

package statistics

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/history"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var pill = device.Ref{Family: discovery.Hydrometer, ID: "00000000-0000-4000-8000-000000000001"}

// assistant stands in for Home Assistant: its registry, its statistics, and what may be wrong with it.
type assistant struct {
	mu       sync.Mutex
	entities []registered
	kept     []kept
	hours    map[string]map[int64]float64 // means by entity id and beginning
	refuse   map[string]string            // error codes by command
	token    string
	asked    []string
	imported []json.RawMessage
}

func newAssistant() *assistant {
	celsius, sg := "°C", "SG"
	temperature := "temperature"
	return &assistant{
		token: "the token", hours: map[string]map[int64]float64{}, refuse: map[string]string{},
		entities: []registered{
			{EntityID: "sensor.my_beer", UniqueID: discovery.UniqueID(pill.ID, "temperature"), Platform: "mqtt"},
			{EntityID: "sensor.pill_gravity", UniqueID: discovery.UniqueID(pill.ID, "gravity"), Platform: "mqtt"},
			{EntityID: "sensor.other", UniqueID: discovery.UniqueID(pill.ID, "battery"), Platform: "somebody_elses"},
		},
		kept: []kept{
			{ID: "sensor.my_beer", Source: "recorder", Unit: &celsius, UnitClass: &temperature, MeanType: 1},
			{ID: "sensor.pill_gravity", Source: "recorder", Unit: &sg, MeanType: 1},
		},
	}
}

func (a *assistant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.WriteJSON(map[string]string{"type": "auth_required"})
	var auth struct {
		Token string `json:"access_token"`
	}
	if conn.ReadJSON(&auth) != nil {
		return
	}
	if auth.Token != a.token {
		_ = conn.WriteJSON(map[string]string{"type": "auth_invalid", "message": "Invalid access token"})
		return
	}
	_ = conn.WriteJSON(map[string]string{"type": "auth_ok"})
	for {
		var raw json.RawMessage
		if conn.ReadJSON(&raw) != nil {
			return
		}
		_ = conn.WriteJSON(a.answer(raw))
	}
}

func (a *assistant) answer(raw json.RawMessage) any {
	a.mu.Lock()
	defer a.mu.Unlock()
	var c struct {
		ID       int
		Type     string
		IDs      []string `json:"statistic_ids"`
		Metadata struct {
			ID string `json:"statistic_id"`
		}
		Stats []struct {
			Start time.Time
			Mean  float64
		}
	}
	_ = json.Unmarshal(raw, &c)
	a.asked = append(a.asked, c.Type)
	if code := a.refuse[c.Type]; code != "" {
		return map[string]any{"id": c.ID, "type": "result", "success": false, "error": map[string]string{"code": code, "message": "no"}}
	}
	var result any
	switch c.Type {
	case "config/entity_registry/list":
		result = a.entities
	case "recorder/list_statistic_ids":
		result = a.kept
	case "recorder/statistics_during_period":
		rows := map[string][]map[string]any{}
		for _, id := range c.IDs {
			for start, mean := range a.hours[id] {
				rows[id] = append(rows[id], map[string]any{"start": start * 1000, "end": (start + 3600) * 1000, "mean": mean})
			}
		}
		result = rows
	case "recorder/import_statistics":
		a.imported = append(a.imported, raw)
		if a.hours[c.Metadata.ID] == nil {
			a.hours[c.Metadata.ID] = map[int64]float64{}
		}
		for _, s := range c.Stats {
			a.hours[c.Metadata.ID][s.Start.Unix()] = s.Mean
		}
	}
	return map[string]any{"id": c.ID, "type": "result", "success": true, "result": result}
}

// has are the means of an entity.
func (a *assistant) has(id string) map[int64]float64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := map[int64]float64{}
	for start, mean := range a.hours[id] {
		out[start] = mean
	}
	return out
}

// lines counts the lines of a log.
type lines struct{ n atomic.Int32 }

func (l *lines) Write(p []byte) (int, error) {
	l.n.Add(1)
	return len(p), nil
}

func (l *lines) count() int { return int(l.n.Load()) }

// run runs a writer against it until the test ends.
func run(t *testing.T, a *assistant, log *lines) *Writer {
	t.Helper()
	server := httptest.NewServer(a)
	o := Options{URL: "ws" + strings.TrimPrefix(server.URL, "http"), Token: "the token", Days: 2, gather: 10 * time.Millisecond}
	if log != nil {
		o.Log = slog.New(slog.NewTextHandler(log, nil))
	}
	w := New(o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done; server.Close() })
	return w
}

// day are the hours of a day that ended some hours ago.
func day() []history.Hour {
	var out []history.Hour
	end := time.Now().UTC().Truncate(time.Hour).Add(-3 * time.Hour)
	for i := range 24 {
		out = append(out, history.Hour{Ref: pill, Start: end.Add(time.Duration(i-24) * time.Hour), Values: map[string]history.Statistic{
			"temperature": {Mean: 20, Min: 19, Max: 21}, "gravity": {Mean: 1.03, Min: 1.029, Max: 1.031}, "battery": {Mean: 80, Min: 80, Max: 80}, "name": {},
		}})
	}
	return out
}

func TestHoursThatAreMissingAreFilled(t *testing.T) {
	a := newAssistant()
	fahrenheit := "°F"
	a.kept[0].Unit = &fahrenheit
	hours := day()
	theirs := hours[5].Start.Unix()
	a.hours["sensor.my_beer"] = map[int64]float64{theirs: 12.5}
	w := run(t, a, nil)
	w.Add(hours)
	require.Eventually(t, func() bool { return len(a.has("sensor.my_beer")) == 24 && len(a.has("sensor.pill_gravity")) == 24 }, 30*time.Second, 5*time.Millisecond)
	for start, mean := range a.has("sensor.my_beer") {
		want := 68.0 // °F
		if start == theirs {
			want = 12.5
		}
		assert.Equal(t, want, mean)
	}
	assert.Empty(t, a.has("sensor.other"), "it is another integration's")
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, raw := range a.imported {
		var m struct {
			Metadata map[string]any   `json:"metadata"`
			Stats    []map[string]any `json:"stats"`
		}
		require.NoError(t, json.Unmarshal(raw, &m))
		assert.Equal(t, "recorder", m.Metadata["source"])
		assert.EqualValues(t, 1, m.Metadata["mean_type"])
		assert.Equal(t, false, m.Metadata["has_sum"])
		assert.Nil(t, m.Metadata["name"])
		assert.Contains(t, m.Metadata, "unit_class")
		for _, s := range m.Stats {
			if m.Metadata["statistic_id"] != "sensor.my_beer" {
				continue
			}
			assert.NotEqual(t, time.Unix(theirs, 0).UTC().Format(time.RFC3339), s["start"], "it has that hour: it isn't sent")
		}
	}
}

// TestHoursThatComeLaterAreFilledToo: what waits for an entity doesn't hold others up.
func TestHoursThatComeLaterAreFilledToo(t *testing.T) {
	a := newAssistant()
	w := run(t, a, nil)
	all := day() // its battery has no entity, and waits
	w.Add(all[:12])
	require.Eventually(t, func() bool { return len(a.has("sensor.my_beer")) == 12 }, 30*time.Second, 5*time.Millisecond)
	w.Add(all[12:])
	require.Eventually(t, func() bool { return len(a.has("sensor.my_beer")) == 24 }, 30*time.Second, 5*time.Millisecond)
}

func TestWhatItsOwnerHasChangedIsLeftAlone(t *testing.T) {
	user, kilo := "user", "kg"
	for name, change := range map[string]func(*assistant){
		"disabled":          func(a *assistant) { a.entities[0].DisabledBy = &user },
		"another unit":      func(a *assistant) { a.kept[0].Unit = &kilo },
		"no unit":           func(a *assistant) { a.kept[0].Unit = nil },
		"a sum":             func(a *assistant) { a.kept[0].HasSum = true },
		"a mean of angles":  func(a *assistant) { a.kept[0].MeanType = 2 },
		"somebody else's":   func(a *assistant) { a.kept[0].Source = "energy" },
		"not in statistics": func(a *assistant) { a.kept = a.kept[1:] },
	} {
		t.Run(name, func(t *testing.T) {
			a := newAssistant()
			change(a)
			w := run(t, a, nil)
			w.Add(day())
			require.Eventually(t, func() bool { return len(a.has("sensor.pill_gravity")) == 24 }, 30*time.Second, 5*time.Millisecond)
			assert.Empty(t, a.has("sensor.my_beer"))
		})
	}
}

func TestAYoungHourIsLeftToHomeAssistant(t *testing.T) {
	a := newAssistant()
	w := run(t, a, nil)
	now := time.Now().UTC().Truncate(time.Hour)
	for _, start := range []time.Time{now.Add(-4 * time.Hour), now.Add(-time.Hour)} {
		w.Add([]history.Hour{{Ref: pill, Start: start, Values: map[string]history.Statistic{"gravity": {Mean: 1, Min: 1, Max: 1}}}})
	}
	require.Eventually(t, func() bool { return len(a.has("sensor.pill_gravity")) == 1 }, 30*time.Second, 5*time.Millisecond)
	assert.Contains(t, a.has("sensor.pill_gravity"), now.Add(-4*time.Hour).Unix())
}

func TestTroubleIsToldOnceAndHarmsNothing(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*assistant)
		says   string
	}{
		"a wrong token":           {func(a *assistant) { a.token = "another" }, "the token is refused"},
		"an older Home Assistant": {func(a *assistant) { a.refuse["recorder/list_statistic_ids"] = "unknown_command" }, "too old"},
		"no administrator":        {func(a *assistant) { a.refuse["recorder/import_statistics"] = "unauthorized" }, "no administrator"},
	} {
		t.Run(name, func(t *testing.T) {
			a, log := newAssistant(), &lines{}
			c.change(a)
			w := run(t, a, log)
			w.Add(day())
			require.Eventually(t, func() bool { return strings.Contains(w.Status(), c.says) }, 30*time.Second, 5*time.Millisecond, w.Status())
			assert.LessOrEqual(t, log.count(), 1)
			assert.Len(t, w.waiting(), 3, "what couldn't be written waits")
		})
	}
}

func TestTheSpansThatHomeAssistantLacksAreLookedForOnce(t *testing.T) {
	a := newAssistant()
	a.hours["sensor.pill_gravity"] = map[int64]float64{}
	now := time.Now().Truncate(time.Hour)
	for i := range 48 {
		if i < 20 || i >= 32 {
			a.hours["sensor.pill_gravity"][now.Add(-time.Hour).AddDate(0, 0, -2).Add(time.Duration(i)*time.Hour).Unix()] = 1
		}
	}
	w := run(t, a, nil)
	w.Device(pill)
	select {
	case m := <-w.Missing():
		assert.Equal(t, pill, m.Ref)
		assert.Equal(t, 12*time.Hour, m.To.Sub(m.From))
		assert.Equal(t, now.Add(-time.Hour).AddDate(0, 0, -2).Add(20*time.Hour), m.From)
	case <-time.After(30 * time.Second):
		require.Fail(t, "no span")
	}
	w.Add(day())
	require.Eventually(t, func() bool { return len(a.has("sensor.my_beer")) == 24 }, 30*time.Second, 5*time.Millisecond)
	assert.Empty(t, w.Missing())
}

func TestWhatWaitsIsBounded(t *testing.T) {
	w := New(Options{})
	for i := range 3 * maxPending / 2 {
		w.Add([]history.Hour{{Ref: device.Ref{Family: discovery.Hydrometer, ID: fmt.Sprint(i % 50)}, Start: time.Unix(int64(i)*3600, 0), Values: map[string]history.Statistic{"gravity": {}}}})
	}
	assert.LessOrEqual(t, w.count, maxPending)
	for i := range 50 {
		w.Remove(device.Ref{Family: discovery.Hydrometer, ID: fmt.Sprint(i)})
	}
	assert.Zero(t, w.count)
	assert.Empty(t, w.waiting())
}

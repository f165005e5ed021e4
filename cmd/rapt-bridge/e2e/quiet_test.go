package e2e

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// Home Assistant can't be hurried, so a brewery is watched at real speed.
var (
	quietFor    = flag.Duration("quiet", 2*time.Minute, "how long Home Assistant's recorder is watched")
	activityFor = flag.Duration("activity", time.Hour, "how long Activity has had when its picture is taken")
)

// happenings are the keys of entities that may have a line in Activity: something has happened then. The last activity has one
// in a quarter of an hour.
var happenings = []string{
	"climate", "heating_active", "cooling_active", "hvac_action", "profile", "last_activity", "stage", "event",
	"heating_utilisation", "pump_enabled", "pump_utilisation", "last_session_end", "outside_yeast_range",
}

// Twelve devices at real speed write no more than three changes a reading into Home Assistant's recorder, all enabled
// entities and the bridge's own taken together, and Activity has lines of what happened alone.
func TestHomeAssistantIsLeftInPeace(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile("../../../addon/DOCS.md")
	require.NoError(t, err)
	documented := regexp.MustCompile("(?ms)^logbook:\n.*?^```").FindString(string(docs))
	require.Contains(t, documented, "_last_activity")
	h := startHome(t, t, homeAssistantOptions{files: map[string]string{
		"configuration.yaml": strings.Replace(baseConfiguration, "logbook:\n", strings.TrimSuffix(documented, "```"), 1),
	}})
	b := &brewery{home: h, cloud: startCloud(t, t, raptsim.Options{})}
	b.bridge = startBridge(t, t, b.cloud.account().with(h.settings()).with(settings{
		"RAPT_MIN_POLL_INTERVAL": "60s", "RAPT_MAX_POLL_INTERVAL": "15m", "RAPT_MAX_REQUESTS_PER_HOUR": "1000", "HISTORY_DAYS": "0",
	}))
	watcher := h.watch(t)
	mirrored(t, watcher, "rapt", len(b.cloud.devices(t)))
	within(t, patience, "the registry", func() error { return registryWrong(t, b) })
	ours := h.assistant.keys(t)
	missing := -1
	within(t, patience, "the first states", func() error {
		time.Sleep(10 * time.Second) // the announcements are over
		before := missing
		missing = 0
		for id, s := range h.assistant.states(t) {
			if ours[id] != "" && s.State == "unavailable" {
				missing++
			}
		}
		if missing != before {
			return fmt.Errorf("%d have none, and %d before", missing, before)
		}
		return nil
	})

	t.Run("few are unknown", func(t *testing.T) { fewUnknown(t, h.assistant, ours) })

	readings := func() (n int) {
		for _, m := range watcher.all() {
			if strings.HasSuffix(m.topic, "/telemetry") {
				n++
			}
		}
		return n
	}
	begin, before := time.Now(), readings()
	changes := h.assistant.changes(t, *quietFor, func(id string) bool { return ours[id] != "" })
	seen := readings() - before
	byKey := map[string]int{}
	total := 0
	for id, n := range changes {
		byKey[ours[id]] += n
		total += n
	}
	lines := h.assistant.happened(t, begin, ours)
	t.Logf("%d changes for %d readings within %s: %v; lines in Activity: %v", total, seen, *quietFor, byKey, lines)
	require.Positive(t, seen)
	assert.LessOrEqual(t, total, 3*seen, "changes in the recorder")

	t.Run("the last activity stays out of Activity with the lines of DOCS.md", func(t *testing.T) {
		last := func(id string) bool { return ours[id] != "last_activity" }
		start := begin.Add(-patience)
		assert.NotEmpty(t, slices.DeleteFunc(h.assistant.activity(t, start, slices.Collect(maps.Keys(ours))), last), "on the devices' pages")
		page := h.assistant.activity(t, start, nil)
		assert.NotEmpty(t, page)
		assert.Empty(t, slices.DeleteFunc(page, last))
	})
}

// Activity of Home Assistant, an hour after the demo brewery came: what has happened, and no line for what is only measured.
func TestPictureOfActivity(t *testing.T) {
	if *pictures == "" {
		t.Skip("for make screenshots: it takes an hour, and the lines of two minutes have a test")
	}
	t.Parallel()
	h := startHome(t, t, homeAssistantOptions{})
	browser := startChromium(t, t, h.network)
	b := startBrewery(t, t, h, raptsim.Options{})
	mirrored(t, h.watch(t), "rapt", len(b.cloud.devices(t)))
	within(t, patience, "the registry", func() error { return registryWrong(t, b) })
	begin := time.Now().Add(10 * time.Second) // the announcements are over
	time.Sleep(*activityFor)
	h.assistant.renewToken(t)
	t.Logf("lines in Activity within %s: %v", *activityFor, h.assistant.happened(t, begin, h.assistant.keys(t)))
	tab := browser.tab(t, desktop)
	h.assistant.signIn(t, tab)
	h.assistant.open(t, tab, "/logbook", "Activity")
	t.Log(picture(t, tab, "activity"))
}

// mostUnknown is how many enabled entities of a healthy brewery may be unknown beside those of its batches. DOCS.md gives the
// reasons.
const mostUnknown = 16

// ofABatch are unknown while there is no batch, or not enough of one.
var ofABatch = []string{
	"abv", "apparent_attenuation", "batch_day", "batch_final_gravity", "batch_original_gravity", "expected_end", "expected_final_gravity",
	"gravity_rate", "outside_yeast_range",
}

// fewUnknown counts the enabled entities that are unknown, by their key.
func fewUnknown(t *testing.T, h *homeAssistant, ours map[string]string) {
	found := map[string]int{}
	total := 0
	for id, s := range h.states(t) {
		if key := ours[id]; key != "" && s.State == "unknown" && !strings.HasPrefix(id, "button.") && !strings.HasPrefix(id, "event.") {
			if found[key]++; !slices.Contains(ofABatch, key) {
				total++
			}
		}
	}
	t.Logf("beside batches %d enabled entities are unknown, right after the start; all: %v", total, found)
	assert.LessOrEqual(t, total, mostUnknown)
}

// changes counts the changes of entities that Home Assistant's recorder writes down, for a while: those of a state or of an
// attribute, but for an entity's first value, which belongs to the start.
func (h *homeAssistant) changes(t testing.TB, length time.Duration, ours func(entityID string) bool) map[string]int {
	t.Helper()
	var conn *websocket.Conn
	within(t, patience, "a connection", func() (err error) { conn, err = h.socket(); return err })
	defer func() { _ = conn.Close() }()
	require.NoError(t, conn.WriteJSON(map[string]any{"id": 1, "type": "subscribe_events", "event_type": "state_changed"}))
	end := time.Now().Add(length)
	_ = conn.SetReadDeadline(end)
	counted := map[string]int{}
	for {
		var m struct {
			Type  string `json:"type"`
			Event struct {
				Data struct {
					ID  string `json:"entity_id"`
					Old *struct {
						State string `json:"state"`
					} `json:"old_state"`
				} `json:"data"`
			} `json:"event"`
		}
		if err := conn.ReadJSON(&m); err != nil {
			require.False(t, time.Now().Before(end), "%v", err)
			return counted
		}
		if old := m.Event.Data.Old; m.Type == "event" && ours(m.Event.Data.ID) && old != nil && old.State != "unknown" {
			counted[m.Event.Data.ID]++
		}
	}
}

// keys are those of the bridge's entities, by entity id.
func (h *homeAssistant) keys(t testing.TB) map[string]string {
	t.Helper()
	keys := map[string]string{}
	for uniqueID, row := range h.entities(t) {
		_, id, _ := strings.Cut(uniqueID, "_")
		_, key, _ := strings.Cut(id, "_")
		keys[row.EntityID] = key
	}
	return keys
}

// happened counts the lines in Activity since a time by key, each of which has to be of something that has happened.
func (h *homeAssistant) happened(t testing.TB, since time.Time, keys map[string]string) map[string]int {
	t.Helper()
	lines := map[string]int{}
	for _, id := range h.activity(t, since, slices.Collect(maps.Keys(keys))) {
		lines[keys[id]]++
		assert.Contains(t, happenings, keys[id], "a line in Activity of %s", id)
	}
	return lines
}

// activity are the entities of ids that have lines in Activity since a time, one for each line; without ids all of the page.
func (h *homeAssistant) activity(t testing.TB, since time.Time, ids []string) []string {
	t.Helper()
	var lines []struct {
		ID string `json:"entity_id"`
	}
	fields := map[string]any{"start_time": since.UTC().Format(time.RFC3339)}
	if ids != nil {
		fields["entity_ids"] = ids
	}
	h.command(t, "logbook/get_events", fields, &lines)
	var out []string
	for _, line := range lines {
		out = append(out, line.ID)
	}
	return out
}

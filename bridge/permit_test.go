package bridge

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// askPermit asks the bridge as an export does; false for no answer.
func (w *world) askPermit(t testing.TB, key limit.Key) (p limit.Permit, answered bool) {
	t.Helper()
	asked := key.AskPermit(time.Now(), false)
	question, err := json.Marshal(asked)
	require.NoError(t, err)
	w.publish("rapt/bridge/permit/set", string(question))
	pass(time.Second)
	answers := w.broker.on("rapt/bridge/permit")
	if len(answers) == 0 || json.Unmarshal([]byte(answers[len(answers)-1]), &p) != nil {
		return p, false
	}
	return p, key.Answers(asked, p)
}

// TestAnExportBesideTheBridgeStaysInItsCeiling asks for all that it can get, while the bridge fills a month of its own.
func TestAnExportBesideTheBridgeStaysInItsCeiling(t *testing.T) {
	inVirtualTime(t, raptsim.Options{Telemetry: raptsim.Telemetry{Past: 31 * 24 * time.Hour}}, withHistory(30), func(t *testing.T, w *world) {
		pass(ready)
		ours := limit.NewKey("brewer@example.com", "demo-secret")
		var lent []time.Time
		for begin := time.Now(); time.Since(begin) < 4*time.Hour; {
			p, answered := w.askPermit(t, ours)
			require.True(t, answered)
			if p.WaitMS == 0 {
				lent = append(lent, time.Now())
				before := w.broker.document(t, "rapt/bridge/state")["requests_last_hour"].(float64)
				assert.Positive(t, before, "it is in the bridge's log")
			}
			pass(max(time.Second, time.Duration(p.WaitMS)*time.Millisecond))
		}
		assert.Greater(t, len(lent), 20, "they take turns")
		assert.Greater(t, len(w.historyRequests()), 30)
		var all []time.Time
		for _, r := range w.cloud.Requests() {
			all = append(all, r.At)
		}
		all = append(all, lent...)
		slices.SortFunc(all, time.Time.Compare)
		assert.LessOrEqual(t, mostIn(all, time.Hour), 240)
		rows := append(w.historyRequests(), lent...)
		slices.SortFunc(rows, time.Time.Compare)
		assert.LessOrEqual(t, mostIn(rows, time.Hour), 24, "the tenth for missed readings is one for both")
		t.Logf("%d lent, %d requests for telemetry of its own", len(lent), len(w.historyRequests()))
	})
}

func TestNobodyElseUsesUpTheHour(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withHistory(0), func(t *testing.T, w *world) {
		pass(ready)
		for range 20 {
			_, answered := w.askPermit(t, limit.NewKey("brewer@example.com", "guess"))
			assert.False(t, answered)
		}
		asked := limit.NewKey("brewer@example.com", "demo-secret").AskPermit(time.Now(), false)
		question, err := json.Marshal(asked)
		require.NoError(t, err)
		retained := message("rapt/bridge/permit/set", string(question))
		retained.Retained = true
		w.broker.deliver(retained)
		pass(time.Second)
		assert.Empty(t, w.broker.on("rapt/bridge/permit"))
		for range 20 {
			w.publish("rapt/bridge/permit/set", string(question))
		}
		pass(time.Second)
		assert.Empty(t, w.broker.on("rapt/bridge/permit"), "it was taken once, as a retained one")
		assert.EqualValues(t, len(w.cloud.Requests()), w.broker.document(t, "rapt/bridge/state")["requests_last_hour"], "nothing else is counted")
	})
}

func TestNothingIsLentWhileTheAPIIsIll(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withHistory(0), func(t *testing.T, w *world) {
		pass(ready)
		w.cloud.Inject(raptsim.Fault{Status: 503})
		pass(time.Hour)
		p, answered := w.askPermit(t, limit.NewKey("brewer@example.com", "demo-secret"))
		assert.True(t, answered)
		assert.EqualValues(t, 60_000, p.WaitMS)
	})
}

// TestAQuestionOfAnotherTimeIsRefused: silence would look like an older bridge's.
func TestAQuestionOfAnotherTimeIsRefused(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withHistory(0), func(t *testing.T, w *world) {
		pass(ready)
		key := limit.NewKey("brewer@example.com", "demo-secret")
		asked := key.AskPermit(time.Now().Add(-time.Hour), false)
		question, err := json.Marshal(asked)
		require.NoError(t, err)
		w.publish("rapt/bridge/permit/set", string(question))
		pass(time.Second)
		var answer limit.Permit
		require.Len(t, w.broker.on("rapt/bridge/permit"), 1)
		require.NoError(t, json.Unmarshal([]byte(w.broker.on("rapt/bridge/permit")[0]), &answer))
		assert.True(t, key.Answers(asked, answer))
		assert.Contains(t, answer.Error, "clocks of the two machines")
	})
}

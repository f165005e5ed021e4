package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/discovery/dashboard"
)

// render has Home Assistant fill in a template.
func (h *homeAssistant) render(t testing.TB, template string) string {
	t.Helper()
	var out string
	h.must(t, http.MethodPost, "/api/template", map[string]any{"template": "{% set out %}" + template + "{% endset %}{{ out | trim | to_json }}"}, &out)
	return out
}

// batchCards are the templates of a dashboard's cards for batches, in order.
func batchCards(t testing.TB, content []byte) (templates []string) {
	t.Helper()
	var board struct {
		Views []struct {
			Sections []struct{ Cards []struct{ Content string } }
		}
	}
	require.NoError(t, yaml.Unmarshal(content, &board))
	for _, s := range board.Views[0].Sections {
		for _, c := range s.Cards {
			if c.Content != "" {
				templates = append(templates, c.Content)
			}
		}
	}
	return templates
}

// What a card says of a batch, in the languages of the dashboard, as Home Assistant fills it in.
func TestTheCardOfABatchSpeaksInWords(t *testing.T) {
	t.Parallel()
	h := sharedHome(t)
	mark := h.assistant.mark(t)
	devices := []discovery.Device{
		{Family: discovery.Hydrometer, ID: "by-hand-pill", Name: "Hand Pill"}, {Family: discovery.FermentationChamber, ID: "by-hand-fridge", Name: "Hand Fridge"},
	}
	board := func(language string) []byte {
		return dashboard.YAML(dashboard.Options{
			Options: discovery.Options{Language: language}, Paired: map[string]string{"by-hand-pill": "by-hand-fridge"},
		}, devices)
	}
	words := func(language string) string {
		templates := batchCards(t, board(language))
		require.Len(t, templates, 1)
		return h.assistant.render(t, templates[0])
	}
	states := map[string]string{}
	set := func(entity, state string, attributes map[string]any) {
		states[entity] = state
		h.assistant.setState(t, entity, state, attributes)
	}
	t.Cleanup(func() {
		for entity := range states {
			h.assistant.must(t, http.MethodDelete, "/api/states/"+entity, nil, nil)
		}
	})
	// So many hours from now where Home Assistant is: the time with its zone, the day of the week and that of the month.
	in := func(hours int) (at string, weekday, date int) {
		when := fmt.Sprintf("(now() + timedelta(hours=%d))", hours)
		_, err := fmt.Sscan(h.assistant.render(t, "{% set t = "+when+" %}{{ t.isoformat() }} {{ t.weekday() }} {{ t.day }}"), &at, &weekday, &date)
		require.NoError(t, err)
		return at, weekday, date
	}
	expect := func(from, to string) {
		set("sensor.hand_pill_expected_end", from, map[string]any{"earliest": from, "latest": to})
	}

	assert.Empty(t, words("en"), "of a device that is not there")
	for _, nothing := range []string{"unknown", "unavailable"} {
		for _, entity := range []string{
			"text.hand_pill_batch_name", "sensor.hand_pill_stage", "sensor.hand_pill_batch_day", "number.hand_pill_batch_original_gravity",
			"number.hand_pill_batch_final_gravity", "sensor.hand_pill_expected_final_gravity", "sensor.hand_pill_filtered_gravity",
			"sensor.hand_pill_gravity", "sensor.hand_pill_expected_end", "sensor.hand_pill_profile", "sensor.hand_fridge_profile",
		} {
			set(entity, nothing, nil)
		}
		assert.Empty(t, words("en"), nothing)
	}

	set("sensor.hand_pill_stage", "slowing", nil)
	set("sensor.hand_pill_batch_day", "4", nil)
	assert.Equal(t, "slowing, day 4", words("en"), "a line for what is known")
	set("text.hand_pill_batch_name", "Hop & <b>*Glory*", nil)
	set("number.hand_pill_batch_original_gravity", "1.052", nil)
	set("sensor.hand_pill_filtered_gravity", "1.0205", nil)
	assert.NotContains(t, words("en"), "█", "without a final gravity")
	set("sensor.hand_pill_expected_final_gravity", "1.010", nil)
	set("sensor.hand_pill_profile", "Ale", map[string]any{"step": "Ale"})
	set("sensor.hand_fridge_profile", "Primary, step 1 of 3", map[string]any{"step": "Primary", "next_step": "Rest"})
	thursday, a, _ := in(30)
	saturday, b, _ := in(54)
	expect(thursday, saturday)
	days := func(language string) []string {
		text, _ := discovery.Translation(language, "Mon Tue Wed Thu Fri Sat Sun")
		if language == discovery.English {
			text = "Mon Tue Wed Thu Fri Sat Sun"
		}
		return strings.Fields(text)
	}
	assert.Equal(t, strings.Join([]string{
		`**Hop \& \<b\>\*Glory\***`, "slowing, day 4", "1.052 █████████░░░ 1.010",
		"Expected end: " + days("en")[a] + " to " + days("en")[b], `Primary\, step 1 of 3, then Rest`,
	}, "\n"), words("en"))
	h.assistant.addDashboard(t, "batch-card", board("en"))
	tab := startChromium(t, t, h.network).tab(t, desktop)
	h.assistant.signIn(t, tab)
	h.assistant.open(t, tab, "/batch-card/fermentation", "Hop & <b>*Glory*", "Primary, step 1 of 3, then Rest")
	for language, line := range map[string]string{
		"de": "Erwartetes Ende: %s bis %s", "nl": "Verwacht einde: %s tot %s", "fr": "Fin prévue: %s à %s", "es": "Fin previsto: %s a %s", "pt-BR": "Fim previsto: %s a %s",
	} {
		assert.Contains(t, words(language), fmt.Sprintf(line, days(language)[a], days(language)[b]), language)
		assert.NotContains(t, words(language), "then", language)
	}

	expect(thursday, thursday)
	assert.Contains(t, words("en"), "Expected end: "+days("en")[a]+"\n", "on one day")
	far, c, date := in(9 * 24)
	expect(thursday, far)
	assert.Contains(t, words("en"), fmt.Sprintf("%s to %s %d\n", days("en")[a], days("en")[c], date), "a day that is more than a week away")
	expect("unknown", "")
	assert.NotContains(t, words("en"), "Expected end")
	set("number.hand_pill_batch_final_gravity", "1.021", nil)
	assert.Contains(t, words("en"), "1.052 ████████████ 1.021", "what the owner says wins, and the bar is full below it")
	set("sensor.hand_pill_filtered_gravity", "1.060", nil)
	assert.Contains(t, words("en"), "1.052 ░░░░░░░░░░░░ 1.021", "above the original gravity it is empty")
	set("sensor.hand_fridge_profile", "idle", map[string]any{"step": nil})
	assert.Contains(t, words("en"), "\nAle", "the Pill's profile, without the fridge's")
	assert.Empty(t, h.assistant.complaints(t, mark), "warnings and errors in Home Assistant's log")
}

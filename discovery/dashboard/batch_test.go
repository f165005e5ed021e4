package dashboard

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// sectionsOf are the sections of the page for what ferments.
func sectionsOf(t *testing.T, o Options, devices []discovery.Device) []section {
	t.Helper()
	var board struct{ Views []view }
	require.NoError(t, yaml.Unmarshal(YAML(o, devices), &board))
	require.Equal(t, "fermentation", board.Views[0].Path)
	return board.Views[0].Sections
}

// holds says whether Home Assistant would show what has these conditions. An entity that is not among the states is unknown.
func holds(t *testing.T, conditions []condition, states map[string]string) bool {
	t.Helper()
	for _, c := range conditions {
		state, there := states[c.Entity]
		if !there {
			state = unknown
		}
		ok := false
		switch {
		case c.Condition == "numeric_state":
			n, err := strconv.ParseFloat(state, 64)
			ok = err == nil && (c.Above == 0 || n > c.Above) && (c.Below == 0 || n < c.Below)
		case c.Condition == "state" && c.State != nil:
			ok = slices.Contains(c.State, state)
		case c.Condition == "state" && c.StateNot != nil:
			ok = !slices.Contains(c.StateNot, state)
		default:
			t.Fatalf("an odd condition: %+v", c)
		}
		if !ok {
			return false
		}
	}
	return true
}

// shown are the names in the headings of the sections that Home Assistant would show.
func shown(t *testing.T, sections []section, states map[string]string) (names []string) {
	t.Helper()
	for _, s := range sections {
		if holds(t, s.Visibility, states) {
			names = append(names, s.Cards[0].Heading)
		}
	}
	return names
}

func TestBatchesComeFirstWithTheirControllers(t *testing.T) {
	sections := sectionsOf(t, Options{Paired: paired()}, demo())
	for _, c := range []struct {
		name   string
		states map[string]string
		want   []string
	}{
		{"none", nil, []string{"Pale Ale Pill", "Stout Pill", "Cider iSpindel", "Fermentation Fridge", "Kegerator", "Stout Heat Belt", "Thermometers"}},
		{"one", map[string]string{"sensor.stout_pill_stage": "active", "sensor.pale_ale_pill_stage": "none"},
			[]string{"Stout Pill", "Pale Ale Pill", "Cider iSpindel", "Fermentation Fridge", "Kegerator", "Thermometers"}},
		{"one whose device is silent, in German", map[string]string{"sensor.stout_pill_stage": "keiner", "sensor.pale_ale_pill_stage": unavailable},
			[]string{"Pale Ale Pill", "Stout Pill", "Cider iSpindel", "Kegerator", "Stout Heat Belt", "Thermometers"}},
		{"all", map[string]string{"sensor.stout_pill_stage": "lag", "sensor.pale_ale_pill_stage": "complete", "sensor.cider_ispindel_stage": "cold_crash"},
			[]string{"Pale Ale Pill", "Stout Pill", "Cider iSpindel", "Kegerator", "Thermometers"}},
	} {
		assert.Equal(t, c.want, shown(t, sections, c.states), c.name)
	}
	assert.Contains(t, fmt.Sprint(sections[0]), "climate.fermentation_fridge")
	assert.Contains(t, fmt.Sprint(sections[0]), "sensor.fermentation_fridge_target_temperature")
	assert.NotContains(t, fmt.Sprint(sections[2]), "climate.", "nothing keeps the cider's temperature")
}

func TestAControllerOfTwoBeersStandsWithEither(t *testing.T) {
	devices := []discovery.Device{
		{Family: discovery.Hydrometer, ID: "a", Name: "Left"}, {Family: discovery.Hydrometer, ID: "b", Name: "Right"},
		{Family: discovery.FermentationChamber, ID: "c", Name: "Fridge"},
	}
	sections := sectionsOf(t, Options{Paired: map[string]string{"a": "c", "b": "c"}}, devices)
	assert.Contains(t, shown(t, sections, nil), "Fridge")
	assert.Equal(t, []string{"Right", "Left"}, shown(t, sections, map[string]string{"sensor.right_stage": "active"}))
	assert.Equal(t, []string{"Left", "Right"}, shown(t, sections, map[string]string{"sensor.left_stage": "active"}))

	// Of a partner that has no thermostat, or is not there, nothing is shown.
	for _, partner := range []string{"a", "b", "gone", ""} {
		assert.NotContains(t, fmt.Sprint(sectionsOf(t, Options{Paired: map[string]string{"a": partner}}, devices[:2])), "thermostat", partner)
	}
}

// At any age of a batch one diagram is shown. It begins before the batch, by no more than the batch's own age.
func TestTheAxisBeginsWithTheBatch(t *testing.T) {
	batch := sectionsOf(t, Options{Paired: paired()}, demo())[0]
	diagrams := func(day string) (hours []int) {
		for _, c := range batch.Cards {
			if c.Type == "history-graph" && holds(t, c.Visibility, map[string]string{"sensor.pale_ale_pill_batch_day": day}) {
				assert.Len(t, c.Entities, 3)
				hours = append(hours, c.Hours)
			}
		}
		return hours
	}
	for day := 1; day <= 35; day++ {
		hours := diagrams(strconv.Itoa(day))
		require.Len(t, hours, 1, day)
		assert.GreaterOrEqual(t, hours[0], day*24, "day %d", day)
		assert.LessOrEqual(t, hours[0], day*2*24, "day %d", day)
	}
	for _, day := range []string{"36", "400", unavailable} {
		assert.Len(t, diagrams(day), 1, day)
	}
	assert.Empty(t, diagrams(unknown))
}

func TestNothingUnknownIsDrawnOfABatch(t *testing.T) {
	for _, s := range sectionsOf(t, Options{Paired: paired()}, demo())[:3] {
		for _, c := range s.Cards {
			switch c.Type {
			case "tile", "history-graph":
				assert.False(t, holds(t, c.Visibility, nil), "%s %s", c.Type, c.Entity)
			case "markdown":
				assert.False(t, *c.ShowEmpty)
			}
			for _, b := range c.Badges {
				assert.False(t, holds(t, b.Visibility, nil), b.Entity)
			}
		}
	}
}

func TestTextsOfABatchAreInEveryLanguage(t *testing.T) {
	for _, language := range discovery.Languages()[1:] {
		for _, english := range batchTexts() {
			text, there := discovery.Translation(language, english)
			assert.True(t, there, "%s: %q", language, english)
			if english == weekdays {
				assert.Len(t, strings.Fields(text), 7, text)
			}
		}
	}
}

func TestASentenceIsAnExpression(t *testing.T) {
	s := shownDevice{}
	assert.Equal(t, "(from ~ ' to ' ~ to)", s.sentence(fromTo))
	assert.Equal(t, "(weekday ~ ' ' ~ t.day)", s.sentence(farDay, "date", "t.day"))
	assert.Equal(t, `('it\'s ' ~ a)`, s.sentence("it's {a}"))
	assert.Equal(t, "('plain')", s.sentence("plain"))
}

// Names come from recipes and from whoever may publish: nothing in one is Markdown or HTML, or a picture could be fetched.
func TestNamesAreNoMarkdown(t *testing.T) {
	for _, s := range sectionsOf(t, Options{Paired: paired()}, demo())[:3] {
		for _, c := range s.Cards {
			if c.Type != "markdown" {
				continue
			}
			_, rest, _ := strings.Cut(c.Content, "regex_replace('(")
			class, _, _ := strings.Cut(rest, ")'")
			escaped := regexp.MustCompile(class)
			for r := rune(' '); r < 0x7f; r++ {
				assert.Equal(t, unicode.IsPunct(r) || unicode.IsSymbol(r), escaped.MatchString(string(r)), "%q", r)
			}
			for _, raw := range []string{"batch_name') |", "batch_name'),", "_profile') |", "_profile') %}", "'next_step') |", "'next_step') if"} {
				assert.NotContains(t, c.Content, raw)
			}
			assert.Contains(t, c.Content, "plain(states('text.")
		}
	}
}

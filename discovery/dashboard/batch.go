package dashboard

import (
	"strings"

	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// batch is the section of a device whose beer ferments, with what keeps the beer's temperature: the batch in words and
// numbers, gravity and temperatures over one another, and what its owner can say of it. It is shown while there is a batch.
// The zero shownDevice stands for no controller.
func (s shownDevice) batch(controller shownDevice) section {
	head := s.heading("mdi:beer", "battery")
	for _, b := range controller.heading("", "heating_active", "cooling_active").Badges {
		b.Visibility = []condition{on(b.Entity)} // the thermostat says what is not
		head.Badges = append(head.Badges, b)
	}
	cards := []card{
		head,
		s.batchInWords(controller),
		s.tile("gravity", "").whileKnown(), s.tile("temperature", "").whileKnown(),
		s.tile("abv", "").whileKnown(), s.tile("apparent_attenuation", "").called(s.text("Attenuation")).whileKnown(),
		s.tile("gravity_rate", "").whileKnown(), s.tile("expected_final_gravity", "").called(s.text("Expected FG")).whileKnown(),
		s.tile("stuck", "").wide().whileOn(), s.tile("disturbed", "").wide().whileOn(), s.tile("outside_yeast_range", "").wide().whileOn(),
	}
	cards = append(cards, s.batchHistory(controller)...)
	if controller.entity["climate"] != "" {
		cards = append(cards, controller.thermostat(false))
	}
	about := s.rows("", "batch_name", "batch_original_gravity", "batch_final_gravity", "new_batch", "last_activity")
	about.Entities = append(about.Entities, controller.list([]string{"fan_enabled", "light_enabled"})...)
	cards = append(cards, about)
	return grid(cards...).shownIf(s.inBatch())
}

// resting is the section of a device that measures a beer while it is in none.
func (s shownDevice) resting() section {
	return grid(
		s.heading("mdi:water-percent", "battery"),
		s.tile("gravity", "").whileKnown(), s.tile("temperature", "").whileKnown(),
		s.tile("new_batch", "").wide().stateless(),
		s.history("", 48, "gravity", "temperature"),
		s.rows("", "profile", "battery", "last_activity"),
	).shownIf(s.withoutBatch())
}

// spans are the lengths of a batch's diagram in days, each for as long as the batch is not older.
func spans() []int { return []int{1, 2, 4, 7, 12, 21, 35} }

// batchHistory draws gravity and temperatures on one time axis. The length of a card of Home Assistant is fixed, so there
// is a card for each of spans, and the one is shown that is just long enough to begin before the batch does. A device that
// is silent does not say how old its batch is.
func (s shownDevice) batchHistory(controller shownDevice) (cards []card) {
	draw := func(days int) card {
		c := s.history("", days*24, "gravity", "temperature")
		c.Entities = append(c.Entities, controller.list([]string{"target_temperature"})...)
		return c
	}
	day, above := s.entity["batch_day"], 0
	for i, days := range spans() {
		age := condition{Condition: "numeric_state", Entity: day, Below: float64(days) + 0.5}
		if above > 0 {
			age.Above = float64(above) + 0.5
		}
		if i == len(spans())-1 {
			age.Below = 0 // the longest is for all that is older too
		}
		cards = append(cards, draw(days).shownIf(age))
		above = days
	}
	return append(cards, draw(14).shownIf(condition{Condition: "state", Entity: day, State: []string{unavailable}}))
}

// The texts of a batch in words, with names in braces for what is filled in.
const (
	stageAndDay = "{stage}, day {day}"
	fromTo      = "{from} to {to}"
	weekdays    = "Mon Tue Wed Thu Fri Sat Sun"
	farDay      = "{weekday} {date}" // more than six days away
	stepThen    = "{step}, then {next}"
)

// batchTexts are what the batch in words has to be translated.
func batchTexts() []string {
	return []string{stageAndDay, fromTo, weekdays, farDay, stepThen, "Expected end", "Expected FG"}
}

// batchInWords tells in a few lines what the batch is called and how far it is, draws the way from original to final gravity
// as a bar, and says when the end is expected and what the profile does. A line of which something is unknown is left out.
// Days are those of Home Assistant's time zone.
func (s shownDevice) batchInWords(controller shownDevice) card {
	state := func(key string) string { return "states('" + s.entity[key] + "')" }
	attribute := func(d shownDevice, key, name string) string {
		return "state_attr('" + d.entity[key] + "', '" + name + "')"
	}
	day := "{% macro day(t) %}{% if t %}{% set t = t | as_local %}" +
		"{% set weekday = " + quote(s.text(weekdays)) + ".split()[t.weekday()] %}" +
		"{{ weekday if (t.date() - now().date()).days < 7 else " + s.sentence(farDay, "date", "t.day") + " }}{% endif %}{% endmacro %}"
	lines := []string{
		"{% set nothing = ['', none, 'unknown', 'unavailable'] %}",
		// Names are of elsewhere: as Markdown one could fetch a picture.
		`{% macro plain(name) %}{{ name | regex_replace('([!-/:-@[-` + "`" + `{-~])', '\\\\\\1') }}{% endmacro %}`,
		day,
		"{% set name, stage, day_number = plain(" + state("batch_name") + "), " + state("stage") + ", " + state("batch_day") + " | int(0) %}",
		"{% set original, final = " + state("batch_original_gravity") + " | float(0), " + state("batch_final_gravity") + " | float(" + state("expected_final_gravity") + " | float(0)) %}",
		"{% set gravity = " + state("filtered_gravity") + " | float(" + state("gravity") + " | float(0)) %}",
		"{% set left = ((gravity - final) / (original - final) * 12) | round | int if original > final > 0 and gravity > 0 else none %}",
		"{% set left = [0, [12, left] | min] | max if left is not none else none %}",
		"{% set earliest = as_datetime(" + attribute(s, "expected_end", "earliest") + ", none) %}",
		"{% set latest = as_datetime(" + attribute(s, "expected_end", "latest") + ", none) %}",
		"{% set from, to = day(earliest), day(latest) %}",
	}
	// The controller's profile is the one that its target follows.
	profiles := []shownDevice{s}
	if controller.entity["profile"] != "" {
		profiles = []shownDevice{controller, s}
	}
	step := "{% set step, next = none, none %}"
	for i := len(profiles) - 1; i >= 0; i-- {
		if d := profiles[i]; d.entity["profile"] != "" {
			step += "{% if " + attribute(d, "profile", "step") + " %}{% set step = plain(states('" + d.entity["profile"] + "')) %}{% set next = plain(" +
				attribute(d, "profile", "next_step") + ") if " + attribute(d, "profile", "next_step") + " else none %}{% endif %}"
		}
	}
	lines = append(lines, step,
		"{{ [",
		"  '' if name in nothing else '**' ~ name ~ '**',",
		"  '' if stage in nothing or day_number < 1 else "+s.sentence(stageAndDay, "day", "day_number")+",",
		"  '' if left is none else '%.3f '|format(original) ~ '█' * (12 - left) ~ '░' * left ~ ' %.3f'|format(final),",
		"  '' if not from or not to else "+quote(s.text("Expected end")+": ")+" ~ (from if from == to else "+s.sentence(fromTo)+"),",
		"  '' if not step else step if not next else "+s.sentence(stepThen)+",",
		"] | select | join('\\n') }}")
	return card{Type: "markdown", Content: strings.Join(lines, "\n") + "\n", ShowEmpty: new(bool), Grid: fullWidth()}
}

// sentence is a text in the dashboard's language as an expression of a template. What stands in braces is a variable of that
// name; pairs of a name and an expression give others.
func (s shownDevice) sentence(english string, pairs ...string) string {
	replaced := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		replaced[pairs[i]] = pairs[i+1]
	}
	var out strings.Builder
	rest := s.text(english)
	for {
		before, after, found := strings.Cut(rest, "{")
		if before != "" {
			out.WriteString(quote(before) + " ~ ")
		}
		name, after, _ := strings.Cut(after, "}")
		if !found {
			return "(" + strings.TrimSuffix(out.String(), " ~ ") + ")"
		}
		if expression := replaced[name]; expression != "" {
			name = expression
		}
		out.WriteString(name + " ~ ")
		rest = after
	}
}

// quote is a text as a string of a template.
func quote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}

// controllerOf is what keeps the temperature of a device's beer; the zero shownDevice where nothing does.
func (b *board) controllerOf(s shownDevice) shownDevice {
	for _, d := range b.devices {
		if d.ID == b.Paired[s.ID] && d.ID != s.ID && d.entity["climate"] != "" {
			return d
		}
	}
	return shownDevice{}
}

// beers are the devices that measure a beer.
func (b *board) beers() []shownDevice { return b.of(discovery.Hydrometer, discovery.ExternalDevice) }

package discovery

import (
	"fmt"
	"strconv"
	"strings"
)

// member is a member of the state document in a template of Home Assistant. It is none, which shows as unknown, when
// the document is empty (a device that is being removed) or lacks the member (a document of an earlier version); the
// shorter value_json.key would write a warning to Home Assistant's log for either.
func member(key string) string { return "(value_json | default({})).get('" + key + "')" }

// template turns the state document into what the entity shows.
func (e Entity) template() string {
	v := member(e.Key)
	switch {
	case e.Platform == Climate || e.Platform == Button:
		return ""
	case e.Platform == Event:
		// Home Assistant asks for the outcome by another name; the rest become attributes. What isn't JSON, which anybody
		// may publish there, is ignored without a line in its log.
		return "{{ dict(value_json, event_type=value_json.outcome) | to_json if value_json is mapping else '' }}"
	case e.Platform == Number:
		// Home Assistant logs an error for a value outside the limits.
		return fmt.Sprintf("{%% set v = %s %%}{{ v if v is number and %s <= v <= %s else none }}", v, number(e.Min), number(e.Max))
	case e.Divisor != 0:
		return fmt.Sprintf("{%% set v = %s %%}{{ (v / %s) | round(2) if v is number else none }}", v, number(e.Divisor))
	case e.On != "":
		return fmt.Sprintf("{{ {'%s': 'ON', '%s': 'OFF'}.get(%s | string | lower | trim) }}", e.On, e.Off, v)
	case e.Inverted:
		return "{{ {true: 'OFF', false: 'ON'}.get(" + v + ") }}"
	case e.Platform == BinarySensor || e.Platform == Switch:
		return "{{ {true: 'ON', false: 'OFF'}.get(" + v + ") }}"
	case len(e.Options) > 0:
		// Home Assistant logs a warning for a value that is not an option.
		return "{% set v = " + v + " %}{{ v if v in ['" + strings.Join(e.Options, "', '") + "'] else none }}"
	case e.text():
		// A state has at most 255 characters.
		return "{{ (" + v + " or none) | string | truncate(255, true, '…', 0) }}"
	}
	return "{{ " + v + " }}"
}

// text says whether the entity shows any text.
func (e Entity) text() bool {
	return e.Platform == Sensor && e.DeviceClass == "" && e.Unit == "" && e.StateClass == "" && e.Precision == nil
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

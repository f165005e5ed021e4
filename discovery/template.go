package discovery

import (
	"fmt"
	"strconv"
	"strings"
)

// document is the state document in a template of Home Assistant, where d is short for default. Templates are written
// without spaces: they are the largest part of a discovery payload.
const document = "(value_json|d({}))"

// member is a member of the state document. It is none, which shows as unknown, when the document is empty (a device that
// is being removed) or lacks the member (a document of an earlier version); the shorter value_json.key would write a
// warning to Home Assistant's log for either.
func member(key string) string { return document + ".get('" + key + "')" }

// template turns the state document into what the entity shows, in a language.
func (e Entity) template(language string) string {
	v := member(e.DocumentKey())
	switch {
	case e.Platform == Climate || e.Platform == Button:
		return ""
	case e.Platform == Event && e.Document == BatchDocument:
		return "{{value_json|to_json if value_json is mapping else ''}}"
	case e.Platform == Event:
		// Home Assistant asks for the outcome by another name; the rest become attributes. What isn't JSON, which anybody
		// may publish there, is ignored without a line in its log.
		return "{{dict(value_json,event_type=value_json.outcome)|to_json if value_json is mapping else ''}}"
	case e.Platform == Text:
		return "{{(" + v + " or '')|string|truncate(" + strconv.Itoa(MaxBatchName) + ",true,'…',0)}}"
	case e.Platform == Number:
		// Home Assistant logs an error for a value outside the limits.
		return fmt.Sprintf("{%%set v=%s%%}{{v if v is number and %s<=v<=%s else none}}", v, number(e.Min), number(e.Max))
	case e.Composed != nil:
		var texts []string
		for _, text := range e.Composed.texts {
			texts = append(texts, Translate(language, text))
		}
		return e.Composed.template(texts)
	case e.RoundDown != 0:
		return "{{" + roundedDown(v, e.RoundDown) + "}}"
	case e.On != "":
		return fmt.Sprintf("{{ {'%s':'ON','%s':'OFF'}.get(%s|string|lower|trim)}}", e.On, e.Off, v)
	case e.Inverted:
		return "{{ {true:'OFF',false:'ON'}.get(" + v + ")}}"
	case e.Platform == BinarySensor || e.Platform == Switch:
		return "{{ {true:'ON',false:'OFF'}.get(" + v + ")}}"
	case len(e.Options) > 0:
		return "{{ {" + e.optionPairs(language) + "}.get(" + v + ")}}"
	case e.text():
		empty := "none"
		if e.Empty != "" {
			empty = "'" + jinja(Translate(language, e.Empty)) + "'"
		}
		// A state has at most 255 characters.
		return "{{(" + v + " or " + empty + ")|string|truncate(255,true,'…',0)}}"
	case e.Divisor != 0 || e.Multiplier != 0:
		scaled := "v*" + number(e.Multiplier)
		if e.Divisor != 0 {
			scaled = "v/" + number(e.Divisor)
		}
		return fmt.Sprintf("{%%set v=%s%%}{{(%s)|round(%d) if v is number else none}}", v, scaled, *e.Precision)
	case e.Precision != nil:
		return fmt.Sprintf("{{%s|round(%d,default=none)}}", v, max(*e.Precision, e.StateDecimals))
	}
	return "{{" + v + "}}"
}

// optionPairs are the members of a dictionary from what the document says to what is shown. Home Assistant logs a
// warning for a value that is not an option, and one that is not in the dictionary becomes none.
func (e Entity) optionPairs(language string) string {
	var pairs []string
	for _, option := range e.Options {
		pairs = append(pairs, "'"+option+"':'"+jinja(Translate(language, option))+"'")
	}
	return strings.Join(pairs, ",")
}

// attributesTemplate gives the attributes as a JSON object; empty for an entity without. In the templates of attributes the
// document is d.
func (e Entity) attributesTemplate() string {
	if len(e.Attributes) == 0 {
		return ""
	}
	var pairs []string
	for _, a := range e.Attributes {
		pairs = append(pairs, "'"+a.name+"':"+a.template)
	}
	return "{%set d=" + document + "%}{{ {" + strings.Join(pairs, ",") + "}|to_json}}"
}

// commandTemplate rounds what Home Assistant sends. It converts between units without rounding: 66 °F arrive as
// 18.88888888888889 °C.
func (e Entity) commandTemplate() string {
	switch {
	case e.Unit == sg:
		return "{{value|round(4)}}"
	case e.Step >= 1:
		return "{{value|round(0)}}"
	case e.Step >= 0.1:
		return "{{value|round(2)}}"
	}
	return "{{value|round(3)}}"
}

// roundedDown is an expression for a time rounded down to a number of seconds; none for none.
func roundedDown(v string, seconds int) string {
	return fmt.Sprintf("(as_timestamp(%s,0)//%d*%d)|timestamp_utc if %s else none", v, seconds, seconds, v)
}

// text says whether the entity shows any text.
func (e Entity) text() bool {
	return e.Platform == Sensor && e.DeviceClass == "" && e.Unit == "" && e.StateClass == "" && e.Precision == nil
}

// jinja is a text as it stands between the quotes of a template's string.
func jinja(text string) string {
	return strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text)
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

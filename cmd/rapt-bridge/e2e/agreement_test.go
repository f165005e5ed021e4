package e2e

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// shownWrong says in what Home Assistant's state of an entity differs from the device's state document; nil: in nothing.
func shownWrong(e discovery.Entity, state entityState, document map[string]any) error {
	if state.State == "unavailable" {
		return errors.New("unavailable")
	}
	switch e.Platform {
	case discovery.Event, discovery.Button: // stateless until something happens
		return nil
	case discovery.Climate:
		return climateWrong(e, state, document)
	}
	value, there := document[e.DocumentKey()]
	if !there {
		return errors.New("not in the document")
	}
	if e.Key == "profile" {
		return differs(state.State, profileShown(document))
	}
	want := value
	if text, isText := value.(string); isText && e.On != "" {
		switch strings.ToLower(text) {
		case e.On:
			want = true
		case e.Off:
			want = false
		default:
			want = nil
		}
	}
	switch v := want.(type) {
	case nil:
		if e.Platform == discovery.Text {
			return differs(state.State, "")
		}
		if e.Empty != "" {
			return differs(state.State, e.Empty)
		}
		return differs(state.State, "unknown")
	case bool:
		return differs(state.State, onOff(v != e.Inverted))
	case float64:
		if unit, _ := state.Attributes["unit_of_measurement"].(string); unit != e.Unit {
			return fmt.Errorf("unit %q instead of %q", unit, e.Unit)
		}
		if e.Divisor != 0 {
			v /= e.Divisor
		}
		if e.Multiplier != 0 {
			v *= e.Multiplier
		}
		precision := 6
		if e.Precision != nil && e.Platform == discovery.Sensor {
			precision = *e.Precision
		}
		return differsNumber(state.State, v, precision)
	case string:
		if e.DeviceClass == "timestamp" {
			return differsTime(state.State, roundedDown(v, e.RoundDown))
		}
		return differs(state.State, v)
	}
	return fmt.Errorf("a %T in the document", want)
}

// profileShown is what the profile's entity should show.
func profileShown(document map[string]any) string {
	name, _ := document["active_profile"].(string)
	step, _ := document["active_profile_step"].(string)
	number, numbered := document["profile_step_number"].(float64)
	count, counted := document["profile_step_count"].(float64)
	switch {
	case step != "" && numbered && counted:
		return fmt.Sprintf("%s, step %d of %d", step, int(number), int(count))
	case step != "":
		return step
	case name != "":
		return name
	}
	return "idle"
}

// roundedDown is a time rounded down to a number of seconds; 0 leaves it as it is.
func roundedDown(at string, seconds int) string {
	t, err := time.Parse(time.RFC3339Nano, at)
	if err != nil || seconds == 0 {
		return at
	}
	return t.UTC().Truncate(time.Duration(seconds) * time.Second).Format(time.RFC3339)
}

// climateWrong compares a climate entity, which Home Assistant rounds to 0.1 °C.
func climateWrong(e discovery.Entity, state entityState, document map[string]any) error {
	var wrong []error
	if mode, ok := document["hvac_mode"].(string); ok {
		wrong = append(wrong, differs(state.State, mode))
	}
	if action, ok := document["hvac_action"].(string); ok {
		wrong = append(wrong, differs(fmt.Sprint(state.Attributes["hvac_action"]), action))
	}
	for attribute, key := range map[string]string{"current_temperature": "temperature", "temperature": "target_temperature"} {
		want, known := document[key].(float64)
		got, shown := state.Attributes[attribute].(float64)
		if known != shown || math.Abs(want-got) > 0.051 {
			wrong = append(wrong, fmt.Errorf("%s is %v instead of %v", attribute, state.Attributes[attribute], document[key]))
		}
	}
	if modes, _ := state.Attributes["hvac_modes"].([]any); !slices.Contains(modes, document["hvac_mode"]) {
		wrong = append(wrong, fmt.Errorf("modes %v without %v", modes, document["hvac_mode"]))
	}
	return errors.Join(wrong...)
}

// mirroredWrong says in what a document's value differs from what the cloud shows; compared is false for values that
// the bridge works out or that the cloud doesn't have.
func mirroredWrong(key string, value, shown any) (wrong error, compared bool) {
	switch s := shown.(type) {
	case bool:
		if b, ok := value.(bool); !ok || b != s {
			return fmt.Errorf("%v instead of %v", value, s), true
		}
		return nil, true
	case float64:
		if strings.HasSuffix(key, "gravity") {
			s /= 1000
		}
		v, ok := value.(float64)
		if ok && math.Abs(v-s) > 0.006 {
			return fmt.Errorf("%v instead of %v", v, s), true
		}
		return nil, ok
	case string:
		if v, ok := value.(string); ok && v != strings.TrimSpace(s) {
			return fmt.Errorf("%q instead of %q", v, s), true
		}
		return nil, value != nil
	case time.Time:
		v, ok := value.(string)
		if !ok {
			return nil, false
		}
		return differsTime(s.Format(time.RFC3339Nano), v), true
	}
	return nil, false
}

func differs(got, want string) error {
	if got == want {
		return nil
	}
	return fmt.Errorf("%q instead of %q", got, want)
}

// differsNumber compares a number with one that is shown with so many decimals.
func differsNumber(got string, want float64, decimals int) error {
	number, err := strconv.ParseFloat(got, 64)
	if err != nil || math.Abs(number-want) > 0.5*math.Pow10(-decimals)+1e-6*math.Max(1, math.Abs(want)) {
		return fmt.Errorf("%q instead of %v", got, want)
	}
	return nil
}

// differsTime compares two times to the second, which is all that Home Assistant shows.
func differsTime(got, want string) error {
	g, err := time.Parse(time.RFC3339Nano, got)
	if err != nil {
		return err
	}
	w, err := time.Parse(time.RFC3339Nano, want)
	if err != nil {
		return err
	}
	if g.Sub(w).Abs() > time.Second {
		return fmt.Errorf("%s instead of %s", got, want)
	}
	return nil
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// camelCase is the API's name of a document's key: firmware_version, firmwareVersion.
func camelCase(key string) string {
	words := strings.Split(key, "_")
	for i, word := range words[1:] {
		words[i+1] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, "")
}

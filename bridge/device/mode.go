package device

import "github.com/rapt-bridge/rapt-bridge/raptclient"

// controllerMode is the climate entity's mode from the heating and cooling settings.
func controllerMode(d *raptclient.Control) Value {
	heating, cooling := d.HeatingEnabled, d.CoolingEnabled
	switch {
	case !heating.Valid && !cooling.Valid:
		return Value{}
	case heating.V && cooling.V:
		return word("heat_cool")
	case heating.V:
		return word("heat")
	case cooling.V:
		return word("cool")
	}
	return word("off")
}

// kettleMode is the climate entity's mode from the heater's switch.
func kettleMode(d *raptclient.Control) Value {
	switch {
	case !d.HeatingEnabled.Valid:
		return Value{}
	case d.HeatingEnabled.V:
		return word("heat")
	}
	return word("off")
}

// action is the climate entity's action from its mode and from what the run-time counters showed.
func action(mode Value, d *Derived) Value {
	switch {
	case mode.text == "off":
		return mode
	case d.Cooling.V:
		return word("cooling")
	case d.Heating.V:
		return word("heating")
	case d.Heating.Valid || d.Cooling.Valid:
		return word("idle")
	}
	return Value{}
}

// word is one of our own words, which need no cleaning.
func word(s string) Value { return Value{kind: isText, text: s} }

package discovery

import (
	"bytes"
	"strconv"
)

// component is one entity in a discovery payload, in Home Assistant's words.
type component struct {
	Platform        string  `json:"platform"`
	Name            *string `json:"name"` // null for the main entity
	UniqueID        string  `json:"unique_id"`
	DefaultEntityID string  `json:"default_entity_id"`

	DeviceClass string   `json:"device_class,omitempty"`
	Unit        string   `json:"unit_of_measurement,omitempty"`
	StateClass  string   `json:"state_class,omitempty"`
	Options     []string `json:"options,omitempty"`
	EventTypes  []string `json:"event_types,omitempty"`
	Precision   *int     `json:"suggested_display_precision,omitempty"`
	Category    string   `json:"entity_category,omitempty"`
	Icon        string   `json:"icon,omitempty"`
	Enabled     *bool    `json:"enabled_by_default,omitempty"`

	StateTopic    string   `json:"state_topic,omitempty"` // where it is not the device's
	ValueTemplate string   `json:"value_template,omitempty"`
	CommandTopic  string   `json:"command_topic,omitempty"`
	PayloadPress  string   `json:"payload_press,omitempty"`
	Min           *float64 `json:"min,omitempty"`
	Max           *float64 `json:"max,omitempty"`
	Step          float64  `json:"step,omitempty"`
	Mode          string   `json:"mode,omitempty"`

	*thermostat
}

// thermostat is what a climate entity has beside.
type thermostat struct {
	Modes                      []string `json:"modes"`
	ModeStateTopic             string   `json:"mode_state_topic"`
	ModeStateTemplate          string   `json:"mode_state_template"`
	ModeCommandTopic           string   `json:"mode_command_topic,omitempty"`
	ActionTopic                string   `json:"action_topic"`
	ActionTemplate             string   `json:"action_template"`
	CurrentTemperatureTopic    string   `json:"current_temperature_topic"`
	CurrentTemperatureTemplate string   `json:"current_temperature_template"`
	TemperatureStateTopic      string   `json:"temperature_state_topic"`
	TemperatureStateTemplate   string   `json:"temperature_state_template"`
	TemperatureCommandTopic    string   `json:"temperature_command_topic,omitempty"`
	MinTemp                    float64  `json:"min_temp"`
	MaxTemp                    float64  `json:"max_temp"`
	TempStep                   float64  `json:"temp_step"`
	Precision                  float64  `json:"precision"`
	TemperatureUnit            string   `json:"temperature_unit"`
}

// removed is how a component that Home Assistant may know from before goes away.
type removed struct {
	Platform string `json:"platform"`
}

// components writes the entities of a device in the order of the catalogue.
func components(b *bytes.Buffer, o Options, d Device, slug string) {
	first := true
	add := func(id string, c any) {
		if !first {
			b.WriteByte(',')
		}
		first = false
		b.WriteString(strconv.Quote(id))
		b.WriteByte(':')
		encode(b, c)
	}
	for _, e := range Entities(d.Family) {
		shown, id := e, e.Key
		stand, changes := e.readOnly()
		switch {
		case !changes:
		case o.ReadOnly:
			add(e.Key, removed{e.Platform})
			shown, id = stand, e.standIn()
		case stand.Platform != "":
			add(e.standIn(), removed{stand.Platform})
		}
		if shown.Platform != "" {
			add(id, shown.component(o, d, slug))
		}
	}
}

// standIn is the component id of what shows a row when commands are off. It differs from the row's own because Home
// Assistant knows a component by its platform and id, and each payload removes the one that the other mode has.
func (e Entity) standIn() string { return e.Key + "_read_only" }

// readOnly is the row that shows the same value without taking commands, if e can't be without them: without a
// platform where there is nothing to show. The unique id stays: in Home Assistant it counts per platform.
func (e Entity) readOnly() (stand Entity, changes bool) {
	stand = e
	switch e.Platform {
	case Switch:
		stand.Platform = BinarySensor
	case Number:
		stand.Platform, stand.StateClass, stand.Precision = Sensor, Measurement, decimals(0)
		if e.Step < 1 {
			stand.Precision = decimals(3)
		}
	case Button, Event:
		return Entity{}, true
	default:
		return e, false
	}
	if stand.Category == Setting {
		stand.Category = Diagnostic // sensors can't be settings
	}
	stand.Commandable = false
	return stand, true
}

// component writes the row for a device.
func (e Entity) component(o Options, d Device, slug string) component {
	c := component{
		Platform:        e.Platform,
		UniqueID:        UniqueID(d.ID, e.Key),
		DefaultEntityID: e.Platform + "." + slug + "_" + e.Key,
		DeviceClass:     e.DeviceClass,
		Unit:            e.Unit,
		StateClass:      e.StateClass,
		Options:         e.Options,
		EventTypes:      e.EventTypes,
		Precision:       e.Precision,
		Category:        e.Category,
		Icon:            e.Icon,
		ValueTemplate:   e.template(),
	}
	if e.Name != "" {
		c.Name = &e.Name
	}
	if e.Disabled {
		c.Enabled = new(bool)
	}
	switch e.Platform {
	case Climate:
		// The main entity goes by the device's name alone.
		c.DefaultEntityID = e.Platform + "." + slug
		c.thermostat = e.thermostat(o, d)
	case Number:
		low, high := e.limits(d)
		c.Min, c.Max, c.Step, c.Mode = &low, &high, e.Step, "box"
		if e.Slider {
			c.Mode = "slider"
		}
		c.CommandTopic = o.Command(d.Family, d.ID, e.Key)
	case Switch:
		c.CommandTopic = o.Command(d.Family, d.ID, e.Key)
	case Button:
		c.CommandTopic = o.BridgeCommand(e.Key)
		c.PayloadPress = e.Example
	case Event:
		c.StateTopic = o.Result(d.Family, d.ID)
	}
	return c
}

// thermostat joins what the document says in several members.
func (e Entity) thermostat(o Options, d Device) *thermostat {
	state := o.State(d.Family, d.ID)
	low, high := e.limits(d)
	t := &thermostat{
		Modes:                      e.Modes,
		ModeStateTopic:             state,
		ModeStateTemplate:          "{{ " + member("hvac_mode") + " }}",
		ActionTopic:                state,
		ActionTemplate:             "{{ " + member("hvac_action") + " }}",
		CurrentTemperatureTopic:    state,
		CurrentTemperatureTemplate: "{{ " + member("temperature") + " }}",
		TemperatureStateTopic:      state,
		TemperatureStateTemplate:   "{{ " + member("target_temperature") + " }}",
		MinTemp:                    low,
		MaxTemp:                    high,
		TempStep:                   e.Step,
		Precision:                  0.1,
		TemperatureUnit:            "C",
	}
	if o.ReadOnly {
		return t
	}
	for _, command := range Commands(d.Family) {
		switch command.Key {
		case "target_temperature":
			t.TemperatureCommandTopic = o.Command(d.Family, d.ID, command.Key)
		case "heating_enabled":
			t.ModeCommandTopic = o.Command(d.Family, d.ID, command.Key)
		}
	}
	return t
}

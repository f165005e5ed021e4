package discovery

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// component is one entity in a discovery payload, in Home Assistant's words, abbreviated as its MQTT integration allows.
type component struct {
	Platform        string          `json:"p"`
	Name            json.RawMessage `json:"name,omitempty"` // null for the main entity; left out, Home Assistant names it by its device class
	UniqueID        string          `json:"uniq_id"`
	DefaultEntityID string          `json:"def_ent_id"`

	DeviceClass  string         `json:"dev_cla,omitempty"`
	Unit         string         `json:"unit_of_meas,omitempty"`
	StateClass   string         `json:"stat_cla,omitempty"`
	Options      []string       `json:"ops,omitempty"`
	EventTypes   []string       `json:"evt_typ,omitempty"`
	Precision    *int           `json:"sug_dsp_prc,omitempty"`
	Category     string         `json:"ent_cat,omitempty"`
	Icon         string         `json:"ic,omitempty"`
	Enabled      *bool          `json:"en,omitempty"`
	Availability []availability `json:"avty,omitempty"` // where it is not the device's

	StateTopic         string `json:"stat_t,omitempty"` // where it is not the device's
	ValueTemplate      string `json:"val_tpl,omitempty"`
	AttributesTopic    string `json:"json_attr_t,omitempty"`
	AttributesTemplate string `json:"json_attr_tpl,omitempty"`
	CommandTopic       string `json:"cmd_t,omitempty"`
	CommandTemplate    string `json:"cmd_tpl,omitempty"`
	PayloadPress       string `json:"pl_prs,omitempty"`

	*input
	*thermostat
}

// input is what an entity has beside that takes a number, or a text of so many characters.
type input struct {
	Min  float64 `json:"min"`
	Max  float64 `json:"max"`
	Step float64 `json:"step,omitempty"`
	Mode string  `json:"mode,omitempty"`
}

// thermostat is what a climate entity has beside.
type thermostat struct {
	Modes                      []string `json:"modes"`
	ModeStateTopic             string   `json:"mode_stat_t"`
	ModeStateTemplate          string   `json:"mode_stat_tpl"`
	ModeCommandTopic           string   `json:"mode_cmd_t,omitempty"`
	ActionTopic                string   `json:"act_t"`
	ActionTemplate             string   `json:"act_tpl"`
	CurrentTemperatureTopic    string   `json:"curr_temp_t"`
	CurrentTemperatureTemplate string   `json:"curr_temp_tpl"`
	TemperatureStateTopic      string   `json:"temp_stat_t"`
	TemperatureStateTemplate   string   `json:"temp_stat_tpl"`
	TemperatureCommandTopic    string   `json:"temp_cmd_t,omitempty"`
	TemperatureCommandTemplate string   `json:"temp_cmd_tpl,omitempty"`
	MinTemp                    float64  `json:"min_temp"`
	MaxTemp                    float64  `json:"max_temp"`
	TempStep                   float64  `json:"temp_step"`
	Precision                  float64  `json:"precision"`
	TemperatureUnit            string   `json:"temp_unit"`
}

// removed is how a component that Home Assistant may know from before goes away.
type removed struct {
	Platform string `json:"p"`
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
		substitute, changes := e.readOnly()
		switch {
		case !changes:
		case o.ReadOnly:
			add(e.Key, removed{e.Platform})
			shown, id = substitute, e.readOnlyID()
		case substitute.Platform != "":
			add(e.readOnlyID(), removed{substitute.Platform})
		}
		if shown.Platform != "" {
			add(id, shown.component(o, d, slug))
		}
	}
}

// readOnlyID is the component id of what shows a row when commands are off. It differs from the row's own because Home
// Assistant knows a component by its platform and id, and each payload removes the one that the other mode has.
func (e Entity) readOnlyID() string { return e.Key + "_read_only" }

// readOnly is the row that shows the same value without taking commands, if e can't be without them: without a
// platform where there is nothing to show. The unique id stays: in Home Assistant it counts per platform.
func (e Entity) readOnly() (substitute Entity, changes bool) {
	substitute = e
	switch e.Platform {
	case Switch:
		substitute.Platform = BinarySensor
	case Number:
		substitute.Platform, substitute.StateClass, substitute.Precision = Sensor, Measurement, decimals(0)
		if e.Step < 1 {
			substitute.Precision = decimals(3)
		}
	case Text:
		substitute.Platform = Sensor
	case Button:
		return Entity{}, true
	case Event:
		return Entity{}, e.Document == StateDocument // there are no results without commands
	default:
		return e, false
	}
	if substitute.Category == Setting {
		substitute.Category = Diagnostic // sensors can't be settings
	}
	substitute.Commandable = false
	return substitute, true
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
		EventTypes:      e.EventTypes,
		Precision:       e.Precision,
		Category:        e.Category,
		Icon:            e.Icon,
		ValueTemplate:   e.template(o.Language),
	}
	for _, option := range e.Options {
		c.Options = append(c.Options, Translate(o.Language, option))
	}
	switch {
	case e.Name == "":
		c.Name = json.RawMessage("null")
	case !e.ClassNamed:
		c.Name = quoted(Translate(o.Language, e.Name))
	}
	if e.DisabledFor(d) {
		c.Enabled = new(bool)
	}
	if e.AlwaysAvailable {
		c.Availability = []availability{{o.BridgeAvailability()}}
	}
	if c.AttributesTemplate = e.attributesTemplate(); c.AttributesTemplate != "" {
		c.AttributesTopic = o.documentTopic(d, e)
	}
	if e.Document != StateDocument && e.Platform != Button || e.Platform == Event {
		c.StateTopic = o.documentTopic(d, e)
	}
	switch e.Platform {
	case Climate:
		// The main entity goes by the device's name alone.
		c.DefaultEntityID = e.Platform + "." + slug
		c.thermostat = e.thermostat(o, d)
	case Number:
		low, high := e.limits(d)
		c.input = &input{Min: low, Max: high, Step: e.Step, Mode: "box"}
		if e.Slider {
			c.input.Mode = "slider"
		}
		c.CommandTopic, c.CommandTemplate = o.Command(d.Family, d.ID, e.Key), e.commandTemplate()
	case Text:
		c.input = &input{Max: MaxBatchName}
		c.CommandTopic = o.Command(d.Family, d.ID, e.Key)
	case Switch:
		c.CommandTopic = o.Command(d.Family, d.ID, e.Key)
	case Button:
		c.CommandTopic = o.commandTopic(d, e.Key)
		c.PayloadPress = e.Example
	}
	return c
}

// thermostat joins what the document says in several members.
func (e Entity) thermostat(o Options, d Device) *thermostat {
	state := o.State(d.Family, d.ID)
	low, high := e.limits(d)
	modes := e.announcedModes(o, d)
	t := &thermostat{
		Modes:                      modes,
		ModeStateTopic:             state,
		ModeStateTemplate:          "{%set v=" + member("hvac_mode") + "%}{{v if v in " + list(modes) + " else none}}",
		ActionTopic:                state,
		ActionTemplate:             "{{" + member("hvac_action") + "}}",
		CurrentTemperatureTopic:    state,
		CurrentTemperatureTemplate: "{{" + member("temperature") + "}}",
		TemperatureStateTopic:      state,
		TemperatureStateTemplate:   "{{" + member("target_temperature") + "}}",
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
			t.TemperatureCommandTopic, t.TemperatureCommandTemplate = o.Command(d.Family, d.ID, command.Key), e.commandTemplate()
		case "heating_enabled":
			t.ModeCommandTopic = o.Command(d.Family, d.ID, command.Key)
		}
	}
	return t
}

// announcedModes are the modes that Home Assistant may choose from: all that can be set, or where none can be, the one that
// the device is in. Home Assistant refuses any other aloud; one that it may choose would be taken and never happen.
func (e Entity) announcedModes(o Options, d Device) []string {
	settable := !o.ReadOnly && slices.ContainsFunc(Commands(d.Family), func(c Entity) bool { return c.Key == "heating_enabled" })
	switch {
	case settable:
		return e.Modes
	case slices.Contains(e.Modes, d.HVACMode):
		return []string{d.HVACMode}
	}
	return []string{}
}

// list is a list of texts in a template.
func list(texts []string) string {
	if len(texts) == 0 {
		return "[]"
	}
	return "['" + strings.Join(texts, "','") + "']"
}

// quoted is a text in JSON, without escaping what is for templates.
func quoted(text string) json.RawMessage {
	var b bytes.Buffer
	encode(&b, text)
	return b.Bytes()
}

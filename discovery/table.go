package discovery

import (
	"slices"
	"strings"
)

// EntityRow is an entity in words, for documentation.
type EntityRow struct {
	Key      string
	Member   string // of the state document
	Name     string // "(the device)" for the main entity
	Platform string
	Unit     string // of the state document
	Category string // "diagnostic", "config", or empty
	Enabled  bool   // by default
}

// EntityTable lists the entities of a family, Bridge included, in the order of the catalogue.
func EntityTable(f Family) []EntityRow {
	var table []EntityRow
	for _, e := range Entities(f) {
		name := e.Name
		if name == "" {
			name = "(the device)"
		}
		unit := e.Unit
		if e.DocumentUnit != "" {
			unit = e.DocumentUnit
		}
		table = append(table, EntityRow{e.Key, e.DocumentKey(), name, e.Platform, unit, e.Category, !e.Disabled})
	}
	return table
}

// CommandRow is a command in words, for documentation.
type CommandRow struct {
	Key      string
	Families []Family
	Topic    string // with <family> and <id> to fill in
	Entity   string // platform and name of what sends it in Home Assistant; empty for none
	Payload  string // what is accepted
	Limits   string // empty where there are none
	Example  string // of a payload
}

// CommandTable lists every command once, with the families that take it, the bridge's own last. A key whose limits
// differ by family has a row for each.
func CommandTable(t Topics) []CommandRow {
	var table []CommandRow
	for _, f := range append(Families(), Bridge) {
		for _, e := range Commands(f) {
			row := e.commandRow(t, f)
			same := func(r CommandRow) bool { return r.Key == row.Key && r.Limits == row.Limits && r.Topic == row.Topic }
			if i := slices.IndexFunc(table, same); i >= 0 {
				table[i].Families = append(table[i].Families, f)
			} else {
				table = append(table, row)
			}
		}
	}
	return table
}

func (e Entity) commandRow(t Topics, f Family) CommandRow {
	row := CommandRow{
		Key: e.Key, Families: []Family{f}, Payload: e.Accepts, Example: e.Example,
		Topic:  t.Command("<family>", "<id>", e.Key),
		Entity: strings.TrimSpace(e.Platform + " " + e.Name),
	}
	switch {
	case f == Bridge:
		row.Topic = t.BridgeCommand(e.Key)
	case e.Key == "target_temperature":
		row.Entity = "climate target temperature"
	}
	if !e.numeric() {
		return row
	}
	row.Limits = strings.TrimSpace(number(e.Min) + " to " + number(e.Max) + " " + e.Unit)
	if e.Key == "target_temperature" {
		row.Limits = "the device's own limits, else " + row.Limits
	}
	return row
}

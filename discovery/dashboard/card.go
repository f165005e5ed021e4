package dashboard

import "github.com/rapt-bridge/rapt-bridge/discovery"

// view, section and card are Home Assistant's, with the members that the dashboard uses, in the order in which they
// are written.
type view struct {
	Title      string    `yaml:"title"`
	Path       string    `yaml:"path"`
	Icon       string    `yaml:"icon"`
	Type       string    `yaml:"type"`
	MaxColumns int       `yaml:"max_columns"`
	Sections   []section `yaml:"sections"`
}

type section struct {
	Type       string      `yaml:"type"`
	Visibility []condition `yaml:"visibility,omitempty"`
	Cards      []card      `yaml:"cards"`
}

type card struct {
	Type     string      `yaml:"type"`
	Heading  string      `yaml:"heading,omitempty"`
	Icon     string      `yaml:"icon,omitempty"`
	Badges   []badge     `yaml:"badges,omitempty"`
	Title    string      `yaml:"title,omitempty"`
	Entity   string      `yaml:"entity,omitempty"`
	Name     string      `yaml:"name,omitempty"`
	NoState  bool        `yaml:"hide_state,omitempty"`
	Features []feature   `yaml:"features,omitempty"`
	Hours    int         `yaml:"hours_to_show,omitempty"`
	Days     int         `yaml:"days_to_show,omitempty"`
	Period   string      `yaml:"period,omitempty"`
	Chart    string      `yaml:"chart_type,omitempty"`
	Stats    []string    `yaml:"stat_types,omitempty"`
	Grid     *gridPlace  `yaml:"grid_options,omitempty"`
	Entities []entityRow `yaml:"entities,omitempty"`

	Content    string      `yaml:"content,omitempty"`
	ShowEmpty  *bool       `yaml:"show_empty,omitempty"`
	Visibility []condition `yaml:"visibility,omitempty"`
}

type badge struct {
	Type       string      `yaml:"type"`
	Entity     string      `yaml:"entity"`
	Visibility []condition `yaml:"visibility,omitempty"`
}

type feature struct {
	Type  string   `yaml:"type"`
	Style string   `yaml:"style,omitempty"`
	Modes []string `yaml:"hvac_modes,omitempty"`
}

type gridPlace struct {
	Columns int `yaml:"columns"`
}

type entityRow struct {
	Entity string `yaml:"entity"`
	Name   string `yaml:"name,omitempty"`
}

// fullWidth is the whole breadth of a section: sections have 12 columns.
func fullWidth() *gridPlace { return &gridPlace{Columns: 12} }

// grid is a section with those cards that have something to show.
func grid(cards ...card) section {
	s := section{Type: "grid"}
	for _, c := range cards {
		if c.Type != "" {
			s.Cards = append(s.Cards, c)
		}
	}
	return s
}

func heading(text, icon string) card { return card{Type: "heading", Heading: text, Icon: icon} }

// heading is the device's name, with a badge for each of the keys that is known.
func (s shownDevice) heading(icon string, keys ...string) card {
	c := heading(s.title, icon)
	for _, key := range keys {
		if id := s.entity[key]; id != "" {
			c.Badges = append(c.Badges, badge{Type: "entity", Entity: id, Visibility: []condition{known(id)}})
		}
	}
	return c
}

// label is the entity's name without the device's, which stands in the heading.
func (s shownDevice) label(key string) string {
	for _, e := range discovery.Entities(s.Family) {
		if e.Key == key {
			return s.text(e.Name)
		}
	}
	return ""
}

// text is an English text in the dashboard's language.
func (s shownDevice) text(english string) string { return discovery.Translate(s.language, english) }

// slider is the feature of a tile whose number can be set.
const slider = "slider"

// tile shows one entity; nothing when there is none. A number gets its slider below it.
func (s shownDevice) tile(key, style string) card {
	id := s.entity[key]
	if id == "" {
		return card{}
	}
	c := card{Type: "tile", Entity: id, Name: s.label(key)}
	if style == slider && platform(id) == discovery.Number {
		c.Features = []feature{{Type: "numeric-input", Style: slider}}
	}
	if platform(id) == discovery.Switch {
		c.Features = []feature{{Type: "toggle"}}
	}
	return c
}

// called gives a card a shorter name than its entity has: a tile has room for about 20 characters.
func (c card) called(name string) card {
	if c.Type != "" {
		c.Name = name
	}
	return c
}

// wide takes the whole breadth of the section, for a state that is a sentence.
func (c card) wide() card {
	if c.Type != "" {
		c.Grid = fullWidth()
	}
	return c
}

// stateless leaves out the state: a button has none.
func (c card) stateless() card {
	c.NoState = c.Type != ""
	return c
}

// named is a tile that carries the device's name, for where no heading does.
func (s shownDevice) named(key string) card {
	c := s.tile(key, "")
	if c.Type != "" {
		c.Name = s.title + " " + s.label(key)
		if s.language == "" || s.language == discovery.English {
			c.Name = s.title + " " + lower(s.label(key))
		}
	}
	return c
}

// thermostat shows the climate entity, with its modes where they can be set.
func (s shownDevice) thermostat(settable bool) card {
	c := card{Type: "thermostat", Entity: s.entity["climate"], Name: s.title}
	if settable && platform(s.entity["heating_enabled"]) == discovery.Switch {
		c.Features = []feature{{Type: "climate-hvac-modes", Modes: s.modes()}}
	}
	return c
}

// modes are those of the climate entity.
func (s shownDevice) modes() []string {
	for _, e := range discovery.Entities(s.Family) {
		if e.Platform == discovery.Climate {
			return e.Modes
		}
	}
	return nil
}

// history draws entities over the time before now, those of one unit in one diagram, all with one time axis.
func (s shownDevice) history(title string, hours int, keys ...string) card {
	c := card{Type: "history-graph", Title: s.text(title), Hours: hours, Grid: fullWidth(), Entities: s.list(keys)}
	if c.Entities == nil {
		return card{}
	}
	return c
}

// perDay draws how much a counter rose on each of the last 30 days.
func (s shownDevice) perDay(title, key string) card {
	return card{Type: "statistics-graph", Title: s.text(title), Days: 30, Period: "day", Chart: "bar", Stats: []string{"change"}, Grid: fullWidth(), Entities: s.list([]string{key})}
}

// rows lists entities below one another.
func (s shownDevice) rows(title string, keys ...string) card {
	return card{Type: "entities", Title: s.text(title), Entities: s.list(keys)}
}

func (s shownDevice) list(keys []string) []entityRow {
	var out []entityRow
	for _, key := range keys {
		if id := s.entity[key]; id != "" {
			out = append(out, entityRow{Entity: id, Name: s.label(key)})
		}
	}
	return out
}

// lower is a name inside a sentence.
func lower(name string) string {
	if name == "" {
		return ""
	}
	return string(name[0]|0x20) + name[1:]
}

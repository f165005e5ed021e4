package dashboard

import "github.com/rapt-bridge/rapt-bridge/discovery"

// page is one page of the dashboard. Without a section it is left out.
type page struct {
	title, path, icon string
	sections          func(*board) []section
}

func pages() []page {
	return []page{
		{"Fermentation", "fermentation", "mdi:beer", fermentation},
		{"Brew day", "brew-day", "mdi:kettle-steam", brewDay},
		{"Packaging", "packaging", "mdi:bottle-soda-classic-outline", packaging},
		{"Bridge", "bridge", "mdi:bridge", health},
	}
}

const brewDayHours = 8

// fermentation shows each batch with its controller first, then what is in no batch, and the thermometers at last. A device
// that measures a beer has a section for either, and so has its controller: which is shown is found out by Home Assistant.
func fermentation(b *board) []section {
	var batches, others []section
	pairedWith := map[string][]condition{}
	for _, d := range b.beers() {
		controller := b.controllerOf(d)
		batches, others = append(batches, d.batch(controller)), append(others, d.resting())
		pairedWith[controller.ID] = append(pairedWith[controller.ID], d.withoutBatch())
	}
	for _, d := range b.of(discovery.FermentationChamber, discovery.TemperatureController) {
		others = append(others, grid(
			d.heading("mdi:fridge-outline", "heating_active", "cooling_active"),
			d.thermostat(false),
			d.tile("profile", "").wide(),
			d.history("Temperature", 48, "temperature", "target_temperature"),
			d.rows("", "fan_enabled", "light_enabled", "last_activity"),
		).shownIf(pairedWith[d.ID]...))
	}
	out := append(batches, others...)
	var thermometers []card
	for _, d := range b.of(discovery.BondedDevice) {
		thermometers = append(thermometers, d.named("temperature"), d.named("battery"))
	}
	if len(thermometers) > 0 {
		out = append(out, grid(append([]card{heading(b.text("Thermometers"), "mdi:thermometer")}, thermometers...)...))
	}
	return out
}

// brewDay shows the kettles and stills with what they can be told.
func brewDay(b *board) []section {
	var out []section
	for _, d := range b.of(discovery.BrewZilla, discovery.Still) {
		icon, readings := "mdi:kettle-steam", []string{"temperature", "target_temperature"}
		if d.Family == discovery.Still {
			icon, readings = "mdi:flask-round-bottom-outline", []string{"temperature_vapour", "temperature_wash"}
		}
		out = append(out, grid(
			d.heading(icon, "heating_active"),
			d.thermostat(true),
			d.tile("heating_utilisation", slider), d.tile("pump_utilisation", slider),
			d.tile("heating_enabled", ""), d.tile("pump_enabled", ""),
			d.tile("power", ""), d.tile("abv", ""), d.tile("ethanol", ""),
			d.history("Brew day", brewDayHours, readings...),
			d.history("Power", brewDayHours, "power"),
			d.rows("", "profile", "control_device_temperature", "last_activity"),
		))
	}
	return out
}

// packaging shows the can fillers.
func packaging(b *board) []section {
	var out []section
	for _, d := range b.of(discovery.CanFiller) {
		out = append(out,
			grid(
				d.heading("mdi:bottle-soda-classic-outline"),
				d.tile("total_fill_count", ""), d.tile("total_failed_count", ""),
				d.tile("last_session_fill_count", ""), d.tile("last_session_failed_count", ""),
				d.tile("last_session_cans_per_minute", ""), d.tile("last_session_average_fill_time", "").called(d.text("Last session fill time")),
				d.rows("Last session", "last_session_start", "last_session_end", "last_session_duration",
					"last_session_average_temperature", "last_activity"),
			),
			grid(
				heading(b.text("Cans"), "mdi:chart-line"),
				d.history("This day", 24, "last_session_fill_count", "last_session_cans_per_minute"),
				d.perDay("Cans filled per day", "total_fill_count"),
			),
		)
	}
	return out
}

// health shows how the bridge is, and when each device was last heard of.
func health(b *board) []section {
	d := b.bridge
	out := []section{grid(
		heading(d.title, "mdi:bridge"),
		d.tile("api_status", ""), d.tile("devices", ""),
		d.tile("heating_unseen", ""), d.tile("refresh", "").stateless(),
		d.rows("", "last_error", "unknown_fields", "version"),
	)}
	for _, row := range []struct{ title, icon, key string }{
		{"Last activity", "mdi:clock-outline", "last_activity"},
		{"Connectivity", "mdi:connection", "connection_state"},
	} {
		list := card{Type: "entities"}
		for _, d := range b.devices {
			if id := d.entity[row.key]; id != "" {
				list.Entities = append(list.Entities, entityRow{Entity: id, Name: d.title})
			}
		}
		if len(list.Entities) > 0 {
			out = append(out, grid(heading(b.text(row.title), row.icon), list))
		}
	}
	return out
}

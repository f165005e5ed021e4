package raptsim

// profileType is a kind of profile that the service offers.
type profileType struct {
	name     string
	min, max float64 // C
	devices  []string
}

func profileTypes() []profileType {
	return []profileType{
		{"Fermentation", -10, 40, []string{"FermentationChamber", "TemperatureController", "Hydrometer"}},
		{"Mash", 0, 110, []string{"BrewZilla"}},
		{"Distillation", 0, 110, []string{"Still", "BrewZilla"}},
	}
}

func profileTypeID(name string) string { return uuid(hash("profile type", name)) }

// writeTypeInList writes a profile type as the list has it, which the contract describes as a profile.
func (c *Cloud) writeTypeInList(w *writer, t *profileType) {
	w.open('{')
	w.put("id", profileTypeID(t.name))
	w.put("deleted", false)
	w.put("name", t.name)
	w.put("description", nil)
	w.open('}')
}

func (c *Cloud) writeType(w *writer, t *profileType) {
	id := profileTypeID(t.name)
	w.open('{')
	w.put("id", id)
	w.put("deleted", false)
	w.put("name", t.name)
	w.put("description", nil)
	w.put("minTemperature", t.min)
	w.put("maxTemperature", t.max)
	w.key("deviceTypes")
	w.open('[')
	for _, d := range t.devices {
		w.comma()
		w.open('{')
		w.put("id", uuid(hash(id, d)))
		w.put("profileTypeId", id)
		w.put("deviceType", d)
		w.open('}')
	}
	w.open(']')
	w.open('}')
}

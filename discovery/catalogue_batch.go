package discovery

// The least and the greatest gravity that a batch may be given, SG.
const gravityMin, gravityMax = 0.990, 1.200

// MaxBatchName is the greatest length of a batch's name, in characters.
const MaxBatchName = 100

// batch rows are on what measures a beer, from the document of the batch in it. Without a batch most of them are unknown.
// None in SG is a measurement: blueprints that people have installed find a device's gravity by that.
func batch() []Entity {
	const attenuation = "mdi:chart-bell-curve-cumulative"
	return ofBatch([]Entity{
		{
			Key: "stage", Name: "Stage", Platform: Sensor, DeviceClass: "enum", Icon: "mdi:beer-outline",
			Options: []string{"none", "lag", "active", "slowing", "finishing", "complete", "cold_crash"},
			Source:  Source{Attributes: []attribute{{"code", "d.get('stage')"}, {"batch", "d.get('id')"}, {"began", "d.get('began')"}, {"happened", "d.get('happened')"}}},
		},
		{Key: "batch_day", Name: "Batch day", Platform: Sensor, Icon: "mdi:calendar-today", Precision: decimals(0)},
		{Key: "gravity_rate", Name: "Gravity rate", Platform: Sensor, Unit: "points/d", StateClass: Measurement, Icon: "mdi:trending-down", Precision: decimals(1)},
		{Key: "filtered_gravity", Name: "Filtered gravity", Platform: Sensor, Unit: sg, Icon: "mdi:water-percent", Precision: decimals(4)},
		{Key: "abv", Name: "ABV", Platform: Sensor, Unit: percent, StateClass: Measurement, Icon: "mdi:glass-mug-variant", Precision: decimals(1)},
		{Key: "apparent_attenuation", Name: "Apparent attenuation", Platform: Sensor, Unit: percent, StateClass: Measurement, Icon: attenuation, Precision: decimals(0)},
		{Key: "real_attenuation", Name: "Real attenuation", Platform: Sensor, Unit: percent, StateClass: Measurement, Icon: attenuation, Precision: decimals(0), Disabled: true},
		{Key: "calories", Name: "Calories", Platform: Sensor, Unit: "kcal/100 mL", StateClass: Measurement, Icon: "mdi:food-apple-outline", Precision: decimals(0), Disabled: true},
		{
			Key: "expected_end", Name: "Expected end", Platform: Sensor, DeviceClass: "timestamp",
			Source: Source{Attributes: []attribute{{"earliest", "d.get('earliest_end')"}, {"latest", "d.get('latest_end')"}}},
		},
		{Key: "earliest_end", Name: "Earliest end", Platform: Sensor, DeviceClass: "timestamp", Disabled: true},
		{Key: "latest_end", Name: "Latest end", Platform: Sensor, DeviceClass: "timestamp", Disabled: true},
		{Key: "expected_final_gravity", Name: "Expected final gravity", Platform: Sensor, Unit: sg, Icon: "mdi:water-percent", Precision: decimals(3)},
		{Key: "stuck", Name: "Fermentation stuck", Platform: BinarySensor, DeviceClass: "problem"},
		{Key: "disturbed", Name: "Gravity disturbed", Platform: BinarySensor, DeviceClass: "problem"},
		{Key: "outside_yeast_range", Name: "Outside yeast range", Platform: BinarySensor, DeviceClass: "problem"},
		{
			Key: "batch_event", Name: "Batch event", Platform: Event, Icon: "mdi:calendar-alert", AlwaysAvailable: true,
			EventTypes: []string{"started", "disturbed", "slowing", "complete", "stuck", "cold_crash", "ended", "alert"},
		},
	})
}

// batchInputs are what the owner of a batch says of it. They need neither the device nor the cloud.
func batchInputs() []Entity {
	gravity := Setter{Accepts: "an SG such as 1.052, or an empty payload for what the bridge finds", Example: "1.052", Min: gravityMin, Max: gravityMax, Step: 0.001}
	return ofBatch([]Entity{
		{Key: "batch_original_gravity", Name: "Batch original gravity", Platform: Number, Unit: sg, Category: Setting, Icon: "mdi:water-percent", AlwaysAvailable: true, Commandable: true, Setter: gravity},
		{Key: "batch_final_gravity", Name: "Batch final gravity", Platform: Number, Unit: sg, Category: Setting, Icon: "mdi:water-percent", AlwaysAvailable: true, Commandable: true, Setter: gravity},
		{
			Key: "batch_name", Name: "Batch name", Platform: Text, Category: Setting, Icon: "mdi:label-outline", AlwaysAvailable: true, Commandable: true,
			Setter: Setter{Accepts: "a text of at most 100 characters, empty for none", Example: "Pale ale"},
		},
		{Key: "new_batch", Name: "New batch", Platform: Button, Category: Setting, Icon: "mdi:plus-circle-outline", AlwaysAvailable: true, Commandable: true, Setter: Setter{Accepts: "PRESS", Example: "PRESS"}},
	})
}

// ofBatch has entities read the batch's document.
func ofBatch(entities []Entity) []Entity {
	for i := range entities {
		entities[i].Document = BatchDocument
	}
	return entities
}

package statistics

import "github.com/rapt-bridge/rapt-bridge/discovery"

// measuredUnits are the units in which the bridge publishes the values of which Home Assistant keeps a mean, by family and key;
// empty for none.
func measuredUnits() map[discovery.Family]map[string]string {
	out := map[discovery.Family]map[string]string{}
	for _, f := range discovery.Families() {
		out[f] = map[string]string{}
		for _, row := range discovery.Entities(f) {
			if row.Platform == discovery.Sensor && row.StateClass == discovery.Measurement && row.Divisor == 0 {
				out[f][row.Key] = row.Unit
			}
		}
	}
	return out
}

// conversion turns a value in our unit into the one that Home Assistant keeps for the entity; false where it can't.
func conversion(ours string, kept *string) (func(float64) float64, bool) {
	to := ""
	if kept != nil {
		to = *kept
	}
	switch {
	case ours == to:
		return func(v float64) float64 { return v }, true
	case ours == "°C" && to == "°F":
		return func(v float64) float64 { return v*9/5 + 32 }, true
	case ours == "°C" && to == "K":
		return func(v float64) float64 { return v + 273.15 }, true
	}
	return nil, false
}

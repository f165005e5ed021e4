package batch

// plato is the extract in °P (% by weight) for a gravity in points, by the cubic of the American Society of Brewing
// Chemists' table.
func plato(points float64) float64 {
	s := inSG(points)
	return -616.868 + s*(1111.14+s*(-630.272+s*135.997))
}

// realExtract is the extract in °P that is left, of which alcohol hides a part from the hydrometer (Balling; De Clerck,
// A Textbook of Brewing, 1957): 0.1808 of the original and 0.8192 of the apparent extract.
func realExtract(original, final float64) float64 {
	return 0.1808*plato(original) + 0.8192*plato(final)
}

// alcoholByWeight is in %, by Balling's formula: 2.0665 g of extract give 1 g of alcohol, 0.9565 g of carbon dioxide and
// 0.11 g of yeast (Balling, Die Gährungschemie, 1865), so that A = (E - R) / (2.0665 - 0.010665 E) with the original
// extract E and the real one R in °P.
func alcoholByWeight(original, final float64) float64 {
	e := plato(original)
	return (e - realExtract(original, final)) / (2.0665 - 0.010665*e)
}

// abv is the alcohol in % by volume, by Balling's formula; gravities are in points, unknown gives unknown. It is not the
// (OG - FG) × 131.25 that the RAPT app and most calculators show, which is a line through it: at 1.050 to 1.010 both say
// 5.2 to 5.3 %, at 1.100 to 1.015 the line says 11.2 where Balling says 11.6.
func abv(original, final float64) float64 {
	const alcoholDensity = 0.7907 // g/ml at 20 °C
	return max(alcoholByWeight(original, final)*inSG(final)/alcoholDensity, 0)
}

// apparentAttenuation is the share of the original points that is gone.
func apparentAttenuation(original, final float64) float64 {
	if original <= 0 {
		return unknown
	}
	return (original - final) / original
}

// realAttenuation is the share of the original extract that is gone.
func realAttenuation(original, final float64) float64 {
	e := plato(original)
	if e <= 0 {
		return unknown
	}
	return (e - realExtract(original, final)) / e
}

// calories are the kcal in 100 ml: 6.9 kcal per g of alcohol and 4 per g of extract, less 0.1 for ash (ASBC Methods of
// Analysis, Beer-33).
func calories(original, final float64) float64 {
	return max((6.9*alcoholByWeight(original, final)+4*(realExtract(original, final)-0.1))*inSG(final), 0)
}

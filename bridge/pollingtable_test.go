package bridge

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// pollingTables are the README's: the policies on a brew day, on one without, on the hard kind of reporting, and the bridge
// device by device.
func pollingTables(brewDay, cold, hard *comparison) string {
	var out strings.Builder
	out.WriteString("A brew day, reports as measured:\n\n" + qualityTable(brewDay.rows))
	out.WriteString("\nThe same without a hot kettle:\n\n" + qualityTable([]quality{*cold.own(), *cold.six()}))
	out.WriteString("\nA brew day, the hard kind:\n\n" + qualityTable(hard.rows))
	out.WriteString("\nrapt-bridge device by device, on the brew day:\n\n| Device | Mean, s | p90, s | Hard: mean, s | p90, s |\n| --- | --: | --: | --: | --: |\n")
	for _, name := range slices.Sorted(maps.Keys(brewDay.own().devices)) {
		m, h := brewDay.own().devices[name], hard.own().devices[name]
		fmt.Fprintf(&out, "| %s | %.1f | %.1f | %.1f | %.1f |\n", name, mean(m), quantile(m, .9), mean(h), quantile(h, .9))
	}
	out.WriteString("\nA device that is alone in its family:\n\n| Device | Mean, s | p90, s | Requests per new reading | At best: mean, s | p90, s | Requests per new reading | Hard: mean, s | p90, s | Requests per new reading |\n| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |\n")
	for _, row := range alone {
		m, h, best := brewDay.alone.devices[row.device], hard.alone.devices[row.device], brewDay.best[row.device]
		fmt.Fprintf(&out, "| %s | %.1f | %.1f | %.2f | %.1f | %.1f | %.2f | %.1f | %.1f | %.2f |\n", row.device, mean(m), quantile(m, .9), brewDay.perReading(row.family, row.device),
			mean(best.all), quantile(best.all, .9), float64(best.requests)/float64(max(1, len(best.all))), mean(h), quantile(h, .9), hard.perReading(row.family, row.device))
	}
	return out.String()
}

func qualityTable(rows []quality) string {
	var table strings.Builder
	table.WriteString("| Policy | Mean, s | Median, s | p90, s | Slower than 2 min: mean, s | p90, s | Requests per hour | Requests per new reading | Readings missed |\n| --- | --: | --: | --: | --: | --: | --: | --: | --: |\n")
	for _, q := range rows {
		fmt.Fprintf(&table, "| %s | %.1f | %.1f | %.1f | %.1f | %.1f | %.0f | %.2f | %.1f %% |\n", q.policy, mean(q.all), quantile(q.all, .5), quantile(q.all, .9), mean(q.slow), quantile(q.slow, .9),
			q.perHour(), float64(q.requests)/float64(max(1, len(q.all))), 100*float64(q.missed)/float64(max(1, q.readings)))
	}
	return table.String()
}

// qualityChart draws each policy as a point: requests per hour against mean staleness, both logarithmic.
func qualityChart(rows []quality) string {
	const width, height, left, bottom = 640, 400, 70, 50
	x := func(perHour float64) float64 { return left + (width-left-20)*math.Log(perHour/20)/math.Log(600.0/20) }
	y := func(stale float64) float64 { return 20 + (height-bottom-20)*math.Log(400/stale)/math.Log(400.0/8) }
	var svg strings.Builder
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" role="img" aria-label="Mean age of readings against requests per hour">`+"\n", width, height)
	svg.WriteString(`<rect width="100%" height="100%" fill="#fff"/>` + "\n")
	for _, v := range []float64{25, 50, 100, 200, 400} {
		fmt.Fprintf(&svg, `<line x1="%.0f" y1="20" x2="%.0f" y2="%d" stroke="#ddd"/><text x="%.0f" y="%d" text-anchor="middle">%.0f</text>`+"\n", x(v), x(v), height-bottom, x(v), height-bottom+18, v)
	}
	for _, v := range []float64{10, 20, 50, 100, 200, 300} {
		fmt.Fprintf(&svg, `<line x1="%d" y1="%.0f" x2="%d" y2="%.0f" stroke="#ddd"/><text x="%d" y="%.0f" text-anchor="end">%.0f s</text>`+"\n", left, y(v), width-20, y(v), left-6, y(v)+4, v)
	}
	fmt.Fprintf(&svg, `<text x="%d" y="%d" text-anchor="middle">requests per hour (fewer is quieter)</text>`+"\n", (width+left)/2, height-10)
	fmt.Fprintf(&svg, `<text transform="translate(16 %d) rotate(-90)" text-anchor="middle">mean staleness (lower is fresher)</text>`+"\n", (height-bottom)/2)
	for i, q := range rows {
		colour, radius := "#888", 4
		if i == 0 {
			colour, radius = "#b35900", 7
		}
		fmt.Fprintf(&svg, `<circle cx="%.1f" cy="%.1f" r="%d" fill="%s"/><text x="%.1f" y="%.1f" fill="%s" text-anchor="%s">%s</text>`+"\n", x(q.perHour()), y(mean(q.all)), radius, colour,
			x(q.perHour())+map[bool]float64{true: -9, false: 9}[q.perHour() > 300], y(mean(q.all))+map[bool]float64{true: -7, false: 12}[strings.Contains(q.policy, "6 lists")], colour, map[bool]string{true: "end", false: "start"}[q.perHour() > 300], q.policy)
	}
	svg.WriteString("</svg>\n")
	return svg.String()
}

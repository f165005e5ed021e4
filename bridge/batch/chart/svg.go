package chart

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"strings"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/batch"
)

// The picture, in the units of its drawing.
const (
	width, height            = 1000, 640
	left, right              = 98, 22
	gravityTop, gravityEnd   = 74, 330
	warmTop, warmEnd         = 352, 432
	forecastTop, forecastEnd = 456, 600
)

// Colours.
const (
	ink       = "#24292f"
	faint     = "#d8dee4"
	rawColour = "#9aa4af"
	beer      = "#b45309"
	warm      = "#cf222e"
	window    = "#1f6feb"
)

// bands are the colours and names of the stages.
var bands = map[batch.Stage]struct{ colour, name string }{
	batch.StageLag:       {"#e7ecf0", "lag"},
	batch.StageActive:    {"#fdeebf", "active"},
	batch.StageSlowing:   {"#fbdcb4", "slowing"},
	batch.StageFinishing: {"#e9e0f7", "finishing"},
	batch.StageComplete:  {"#d4efd9", "complete"},
	batch.StageColdCrash: {"#d3e7fb", "cold crash"},
}

// drawing is an SVG that is being written.
type drawing struct {
	bytes.Buffer
	x axis
}

// SVG is the chart.
func (c *Chart) SVG() []byte {
	d := &drawing{}
	fmt.Fprintf(d, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" fill="%s" role="img" aria-label="%s">`+"\n", width, height, ink, html.EscapeString(c.title))
	d.WriteString(`<rect width="100%" height="100%" fill="#fff"/>` + "\n")
	fmt.Fprintf(d, `<text x="%d" y="24" font-size="16" font-weight="bold">%s</text>`+"\n", left, html.EscapeString(c.title))
	if len(c.points) == 0 {
		fmt.Fprintf(d, `<text x="%d" y="60">no readings</text>`+"\n</svg>\n", left)
		return d.Bytes()
	}
	last := c.points[len(c.points)-1].hours
	d.x = axis{0, max(last, 1), left, width - right}
	shown := c.thin()
	d.stages(c.points)
	d.days(c.points[0].at)
	d.gravity(shown)
	d.temperature(shown)
	d.forecast(shown, c.points[0].at)
	d.legend()
	d.WriteString("</svg>\n")
	return d.Bytes()
}

// thin keeps the first point, and of each half unit of the drawing the last one and those with the lowest and the highest
// gravity.
func (c *Chart) thin() []point {
	last := max(c.points[len(c.points)-1].hours, 1)
	var out []point
	for i := 0; i < len(c.points); {
		cell := int(c.points[i].hours / last * 2 * (width - left - right))
		low, high, end := i, i, i
		for ; end < len(c.points) && int(c.points[end].hours/last*2*(width-left-right)) == cell; end++ {
			if g := c.points[end].gravity; g < c.points[low].gravity {
				low = end
			} else if g > c.points[high].gravity {
				high = end
			}
		}
		for j := i; j < end; j++ {
			if j == low || j == high || j == end-1 {
				out = append(out, c.points[j])
			}
		}
		i = end
	}
	return out
}

// stages draws the stages as bands, with their names above, and disturbances as a line.
func (d *drawing) stages(all []point) {
	free := 0.0 // where the last name ends
	for i := 0; i < len(all); {
		end := i
		for end < len(all) && all[end].stage == all[i].stage && all[end].batch == all[i].batch {
			end++
		}
		from, to := d.x.place(all[i].hours), d.x.place(all[min(end, len(all)-1)].hours)
		if band, ok := bands[all[i].stage]; ok {
			fmt.Fprintf(d, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", from, gravityTop, max(to-from, 0.5), forecastEnd-gravityTop, band.colour)
			if length := 6.2 * float64(len(band.name)); to-from > length && from > free {
				fmt.Fprintf(d, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", (from+to)/2, gravityTop-8, band.name)
				free = (from+to)/2 + length/2
			}
		}
		i = end
	}
	for i := 0; i < len(all); {
		end := i
		for end < len(all) && all[end].disturbed == all[i].disturbed {
			end++
		}
		if all[i].disturbed {
			from, to := d.x.place(all[i].hours), d.x.place(all[min(end, len(all)-1)].hours)
			fmt.Fprintf(d, `<rect x="%.1f" y="%d" width="%.1f" height="5" fill="%s"><title>disturbed</title></rect>`+"\n", from, gravityTop, max(to-from, 1), warm)
		}
		i = end
	}
}

// days draws the time axis: a line a day, or fewer when there are many.
func (d *drawing) days(first time.Time) {
	first = first.UTC()
	every := max(1, int(math.Ceil((d.x.high-d.x.low)/24/14)))
	day := first.Truncate(24 * time.Hour)
	for n := 0; n < 1000; n++ {
		day = day.Add(24 * time.Hour)
		h := day.Sub(first).Hours()
		if h > d.x.high {
			break
		}
		if n%every != 0 {
			continue
		}
		x := d.x.place(h)
		fmt.Fprintf(d, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="%s" stroke-opacity="0.6"/>`, x, gravityTop, x, forecastEnd, faint)
		fmt.Fprintf(d, `<text x="%.1f" y="%d" text-anchor="middle" font-size="11">%s</text>`+"\n", x, forecastEnd+16, day.Format("Jan 2"))
	}
}

// scale draws a vertical axis.
func (d *drawing) scale(y axis, about float64, label func(float64) string, unit string) {
	for _, v := range y.ticks(about) {
		fmt.Fprintf(d, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="%s" stroke-opacity="0.6"/><text x="%d" y="%.1f" text-anchor="end" font-size="11">%s</text>`+"\n",
			left, y.place(v), width-right, y.place(v), faint, left-6, y.place(v)+4, label(v))
	}
	fmt.Fprintf(d, `<text transform="translate(13 %.0f) rotate(-90)" text-anchor="middle" font-size="11">%s</text>`+"\n", (y.from+y.to)/2, unit)
}

// dates draws a vertical axis of times, hours since first: midnights, and noons where there are few.
func (d *drawing) dates(y axis, first time.Time) {
	every := 12 * time.Hour
	for (y.high-y.low)/every.Hours() > 7 {
		every *= 2
	}
	t := first.Truncate(24 * time.Hour)
	for ; t.Sub(first).Hours() <= y.high; t = t.Add(every) {
		place := y.place(t.Sub(first).Hours())
		if t.Sub(first).Hours() < y.low {
			continue
		}
		fmt.Fprintf(d, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="%s" stroke-opacity="0.6"/><text x="%d" y="%.1f" text-anchor="end" font-size="11">%s</text>`+"\n",
			left, place, width-right, place, faint, left-6, place+4, t.Format("Jan 2, 15h"))
	}
	fmt.Fprintf(d, `<text transform="translate(13 %.0f) rotate(-90)" text-anchor="middle" font-size="11">end, as forecast then</text>`+"\n", (y.from+y.to)/2)
}

func (d *drawing) gravity(shown []point) {
	low, high, ok := span(shown, func(m point) float64 { return m.filtered })
	if !ok {
		low, high = 1, 1.05
	}
	margin := max((high-low)*0.08, 0.003)
	y := axis{low - margin, high + margin, gravityEnd, gravityTop + 8}
	d.scale(y, 6, func(v float64) string { return fmt.Sprintf("%.3f", v) }, "gravity, SG")
	fmt.Fprintf(d, `<g fill="%s">`, rawColour)
	for _, m := range shown {
		if m.gravity >= y.low && m.gravity <= y.high {
			fmt.Fprintf(d, `<circle cx="%.1f" cy="%.1f" r="1.3"/>`, d.x.place(m.hours), y.place(m.gravity))
		}
	}
	d.WriteString("</g>\n")
	d.line(shown, y, beer, 2, func(m point) float64 { return m.filtered })
}

func (d *drawing) temperature(shown []point) {
	plausible := func(m point) float64 {
		if m.temperature < -20 || m.temperature > 110 {
			return math.NaN()
		}
		return m.temperature
	}
	low, high, ok := span(shown, plausible)
	if !ok {
		fmt.Fprintf(d, `<text x="%d" y="%d" font-size="11">no temperatures</text>`+"\n", left+8, (warmTop+warmEnd)/2)
		return
	}
	y := axis{low - 1, high + 1, warmEnd, warmTop}
	d.scale(y, 4, func(v float64) string { return fmt.Sprintf("%g", math.Round(v*10)/10+0) }, "°C")
	d.line(shown, y, warm, 1.4, plausible)
}

// forecast draws the window of the end over the time at which it was said. What is below the dashed line is past.
func (d *drawing) forecast(shown []point, first time.Time) {
	low, _, ok := span(shown, func(m point) float64 { return m.earliest })
	_, high, _ := span(shown, func(m point) float64 { return m.latest })
	if !ok {
		fmt.Fprintf(d, `<text x="%d" y="%d" font-size="11">no forecast</text>`+"\n", left+8, (forecastTop+forecastEnd)/2)
		return
	}
	y := axis{low - 6, high + 6, forecastEnd, forecastTop}
	d.dates(y, first.UTC())
	for i := 0; i < len(shown); {
		end := i
		for end < len(shown) && !math.IsNaN(shown[end].expected) {
			end++
		}
		if end > i {
			var upper, lower strings.Builder
			for j := i; j < end; j++ {
				fmt.Fprintf(&upper, "%.1f,%.1f ", d.x.place(shown[j].hours), y.place(shown[j].latest))
			}
			for j := end - 1; j >= i; j-- {
				fmt.Fprintf(&lower, "%.1f,%.1f ", d.x.place(shown[j].hours), y.place(shown[j].earliest))
			}
			fmt.Fprintf(d, `<polygon points="%s%s" fill="%s" fill-opacity="0.25"/>`+"\n", upper.String(), lower.String(), window)
		}
		i = max(end, i+1)
	}
	d.line(shown, y, window, 1.6, func(m point) float64 { return m.expected })
	from, to := max(y.low, d.x.low), min(y.high, d.x.high)
	if from < to {
		fmt.Fprintf(d, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-dasharray="4 3"/>`+"\n", d.x.place(from), y.place(from), d.x.place(to), y.place(to), ink)
	}
}

// line draws a value, with holes where it is unknown.
func (d *drawing) line(shown []point, y axis, colour string, thickness float64, get func(point) float64) {
	fmt.Fprintf(d, `<path fill="none" stroke="%s" stroke-width="%g" stroke-linejoin="round" d="`, colour, thickness)
	pen := "M"
	for _, m := range shown {
		v := get(m)
		if math.IsNaN(v) {
			pen = "M"
			continue
		}
		fmt.Fprintf(d, "%s%.1f %.1f", pen, d.x.place(m.hours), y.place(v))
		pen = "L"
	}
	d.WriteString(`"/>` + "\n")
}

func (d *drawing) legend() {
	x := float64(left)
	for _, e := range []struct{ colour, text string }{
		{rawColour, "as read"}, {beer, "filtered"}, {warm, "temperature, disturbed"}, {window, "forecast: window (80 %), expected end"}, {ink, "now (dashed)"},
	} {
		fmt.Fprintf(d, `<rect x="%.0f" y="36" width="10" height="10" fill="%s"/><text x="%.0f" y="45" font-size="11">%s</text>`+"\n", x, e.colour, x+14, e.text)
		x += 28 + 6.1*float64(len(e.text))
	}
}

package web

// The chart's space, in the units of its drawing.
const (
	chartWidth  = 960 // ten for each of 96 quarters of an hour
	chartHeight = 120
)

// chart is the requests of the last day as bars.
type chart struct {
	Bars       []bar
	Lines      []int // heights of the hours' marks
	Total, Top int
}

// bar is one quarter of an hour.
type bar struct{ X, Y, Width, Height int }

// newChart draws counts, oldest first. A quarter with a request is never without a bar.
func newChart(counts []int) chart {
	c := chart{}
	for _, n := range counts {
		c.Total += n
		c.Top = max(c.Top, n)
	}
	if c.Top == 0 {
		return c
	}
	step := max(chartWidth/len(counts), 1)
	for i, n := range counts {
		if n <= 0 {
			continue
		}
		height := max(n*chartHeight/c.Top, 2)
		c.Bars = append(c.Bars, bar{X: i * step, Y: chartHeight - height, Width: max(step-2, 1), Height: height})
	}
	for hour := 6; hour < 24; hour += 6 {
		c.Lines = append(c.Lines, hour*chartWidth/24)
	}
	return c
}

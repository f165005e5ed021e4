// Package chart draws what the analysis of a fermentation said at each reading, as an SVG: gravity as read and filtered,
// temperature, the stages as bands, and the window in which the end was expected, as it was at each time.
package chart

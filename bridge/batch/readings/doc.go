// Package readings reads the gravities and temperatures of a fermentation from the files that people have: a plain CSV file
// with the columns time, gravity and temperature, and what Tilt, iSpindel and Brewfather export. The header tells them apart.
package readings

package readings

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// quantity is what a column holds.
type quantity int

const (
	date quantity = iota // a time, or its day when the file has a clock column too
	clock
	serial // days since 1899-12-30, as spreadsheets count them
	gravity
	temperature
	quantities
)

// columns are the names that the files give to a quantity, in lower case and without units, the better ones first.
var columns = [quantities][]string{
	date:        {"time", "timestamp", "datetime", "date", "created_at", "created at", "recorded_at"},
	clock:       {"clock", "time of day"},
	serial:      {"timepoint"},
	gravity:     {"gravity", "sg", "specific gravity", "specific_gravity", "extract", "plato"},
	temperature: {"temperature", "temp", "beer temp", "beer temperature"},
}

// column is where a quantity is.
type column struct {
	index int // -1 without one
	name  string
	unit  string // of the header, in lower case; "" when it names none
}

var headerUnit = regexp.MustCompile(`^(.*?)\s*[(\[]\s*([^)\]]*)\s*[)\]]$`)

// find reads the header.
func find(header []string) (found [quantities]column, err error) {
	names := make([]string, len(header))
	units := make([]string, len(header))
	for i, name := range header {
		names[i] = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))
		if m := headerUnit.FindStringSubmatch(names[i]); m != nil {
			names[i], units[i] = m[1], strings.TrimPrefix(m[2], "°")
		}
	}
	for q := range quantities {
		found[q].index = -1
		for _, name := range columns[q] {
			if i := slices.Index(names, name); i >= 0 {
				found[q] = column{i, strings.TrimSpace(header[i]), units[i]}
				if name == "plato" || name == "extract" {
					found[q].unit = "p"
				}
				break
			}
		}
	}
	if found[date].index < 0 && found[serial].index >= 0 {
		found[date], found[serial] = found[serial], column{index: -1}
	}
	var missing []string
	if found[date].index < 0 {
		missing = append(missing, "time")
	}
	if found[gravity].index < 0 {
		missing = append(missing, "gravity")
	}
	if len(missing) > 0 {
		return found, fmt.Errorf("line 1: no column %s among %s; the first line must name the columns: time, gravity and temperature, or those of a Tilt, iSpindel or Brewfather export",
			strings.Join(missing, " and "), quoted(header))
	}
	return found, nil
}

// quoted is a header as a person may read it.
func quoted(names []string) string {
	const most = 12
	var out []string
	for _, name := range names[:min(len(names), most)] {
		out = append(out, fmt.Sprintf("%.40q", name))
	}
	if len(names) > most {
		out = append(out, "…")
	}
	return strings.Join(out, ", ")
}

package readings

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/batch"
)

// maxRows bounds a file: a year of a reading a minute.
const maxRows = 600_000

// Read reads a file of readings, in its own order. Gravity may be SG, SG times 1000 or °P, temperature °C or °F: the header
// tells, else the values do. An error names the line that is wrong and what should be there.
func Read(in io.Reader) ([]batch.Row, error) {
	text, err := io.ReadAll(io.LimitReader(in, 256<<20))
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(strings.NewReader(string(text)))
	r.FieldsPerRecord = -1
	r.TrimLeadingSpace = true
	r.ReuseRecord = true
	r.Comma = separator(string(text))
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty; the first line must name the columns: time, gravity and temperature")
	}
	if err != nil {
		return nil, syntax(err)
	}
	found, err := find(slices.Clone(header))
	if err != nil {
		return nil, err
	}
	var rows []record
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, syntax(err)
		}
		line, _ := r.FieldPos(0)
		row, err := parse(fields, found)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if rows = append(rows, row); len(rows) > maxRows {
			return nil, fmt.Errorf("line %d: more than %d readings; split the file", line, maxRows)
		}
	}
	if len(rows) == 0 {
		return nil, errors.New("the file has a header and no readings")
	}
	return convert(rows, found), nil
}

// separator is the character between the fields: what the first line has most of.
func separator(text string) rune {
	first, _, _ := strings.Cut(text, "\n")
	best, most := ',', 0
	for _, c := range []rune{',', ';', '\t'} {
		if n := strings.Count(first, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

// syntax says where a file is no CSV.
func syntax(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return fmt.Errorf("line %d: %w; is it a CSV file?", parse.Line, parse.Err)
	}
	return err
}

// record is a line as it stands, NaN for what it does not have.
type record struct {
	at                   time.Time
	gravity, temperature float64
}

func parse(fields []string, found [quantities]column) (row record, err error) {
	field := func(q quantity) string {
		if i := found[q].index; i >= 0 && i < len(fields) {
			return strings.TrimSpace(fields[i])
		}
		return ""
	}
	when := field(date)
	if c := field(clock); c != "" {
		when += " " + c
	}
	if row.at, err = parseTime(when); err != nil {
		if spare := field(serial); spare != "" {
			row.at, err = parseTime(spare)
		}
		if err != nil {
			return row, fmt.Errorf("%s: %w", found[date].name, err)
		}
	}
	if row.gravity, err = parseNumber(field(gravity)); err != nil {
		return row, fmt.Errorf("%s: %w", found[gravity].name, err)
	}
	if row.temperature, err = parseNumber(field(temperature)); err != nil {
		return row, fmt.Errorf("%s: %w", found[temperature].name, err)
	}
	return row, nil
}

// convert brings a file to SG and °C.
func convert(rows []record, found [quantities]column) []batch.Row {
	gravities, temperatures := make([]float64, len(rows)), make([]float64, len(rows))
	for i, row := range rows {
		gravities[i], temperatures[i] = row.gravity, row.temperature
	}
	toSG, toCelsius := gravityUnit(found[gravity].unit, gravities), temperatureUnit(found[temperature].unit, temperatures)
	out := make([]batch.Row, len(rows))
	for i, row := range rows {
		out[i] = batch.Row{At: row.at, Gravity: value(row.gravity, toSG), Temperature: value(row.temperature, toCelsius)}
	}
	return out
}

func value(v float64, convert func(float64) float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	v = convert(v)
	return &v
}

func same(v float64) float64 { return v }

// gravityUnit is how gravities become SG. Without a unit in the header the most of the values tell; a device in the air
// reports values that belong to no unit.
func gravityUnit(unit string, values []float64) func(float64) float64 {
	if unit == "p" || unit == "plato" || unit == "brix" || unit == "bx" {
		return fromPlato
	}
	var sg, thousand, plato int
	for _, v := range values {
		switch {
		case v > 0.9 && v < 1.3:
			sg++
		case v > 900 && v < 1300:
			thousand++
		case v > 1.3 && v < 50:
			plato++
		}
	}
	switch {
	case unit != "" || sg >= thousand && sg >= plato:
		return same
	case thousand >= plato:
		return func(v float64) float64 { return v / 1000 }
	}
	return fromPlato
}

// temperatureUnit is how temperatures become °C. Without a unit in the header they are °F when their middle is above 45: no
// beer ferments as hot in °C.
func temperatureUnit(unit string, values []float64) func(float64) float64 {
	if unit == "f" || unit == "fahrenheit" || unit == "" && middleOf(values) > 45 {
		return func(v float64) float64 { return (v - 32) / 1.8 }
	}
	return same
}

// middleOf is the median of the known values; NaN without any.
func middleOf(values []float64) float64 {
	kept := slices.DeleteFunc(values, math.IsNaN)
	if len(kept) == 0 {
		return math.NaN()
	}
	slices.Sort(kept)
	return kept[len(kept)/2]
}

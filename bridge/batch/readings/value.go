package readings

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// layouts are the ways in which the files write a time. Without a zone it is UTC. Tilt writes months first, as the
// spreadsheets of its home do.
var layouts = []string{
	time.RFC3339Nano, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04", "2006-01-02T15:04",
	"1/2/2006 15:04:05", "1/2/2006 15:04", "1/2/2006 3:04:05 PM", "1/2/2006, 3:04:05 PM", "2.1.2006 15:04:05", "2.1.2006 15:04", "2006/01/02 15:04:05", "2006/01/02 15:04",
}

// spreadsheetDay is the day from which spreadsheets count.
var spreadsheetDay = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)

// earliest and latest are the times that a reading can have.
var (
	earliest = time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// parseTime reads a time: one of the layouts, a number of seconds or milliseconds since 1970, or a spreadsheet's day.
func parseTime(text string) (time.Time, error) {
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		switch {
		case n > 1e11 && n < 1e13:
			return inRange(time.UnixMilli(int64(n)).UTC())
		case n > 1e8 && n <= 1e11:
			return inRange(time.Unix(int64(n), 0).UTC())
		case n > 20000 && n < 100000:
			return inRange(spreadsheetDay.Add(time.Duration(n * 24 * float64(time.Hour))).Round(time.Second))
		}
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return inRange(t.UTC())
		}
	}
	return time.Time{}, fmt.Errorf("%.40q is no time; write it like 2026-11-22T05:40:50Z", text)
}

func inRange(t time.Time) (time.Time, error) {
	if t.Before(earliest) || t.After(latest) {
		return t, fmt.Errorf("the time %s can't be right", t.Format(time.RFC3339))
	}
	return t, nil
}

// missing are the words for no value.
var missing = map[string]bool{"": true, "-": true, "–": true, "null": true, "none": true, "nan": true, "n/a": true, "na": true, "unknown": true, "unavailable": true}

// parseNumber reads a number with a decimal point or comma; NaN when there is none.
func parseNumber(text string) (float64, error) {
	if missing[strings.ToLower(text)] {
		return math.NaN(), nil
	}
	v, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
	if err != nil || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%.40q is no number", text)
	}
	return v, nil
}

// fromPlato is the SG of an extract in °P, by the usual rational function.
func fromPlato(p float64) float64 { return 1 + p/(258.6-p*227.1/258.2) }

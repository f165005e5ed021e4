package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	forecastScores  = flag.String("forecast", "", "with -update: folder with what the scorer of real fermentations printed")
	forecastSources = flag.String("sources", "", "with -forecast: file that names the sources of the fermentations")
)

// scored are the columns of the table of real fermentations.
var scored = []struct{ file, title string }{
	{"raw.md", "as they are"}, {"pill.md", "with a Pill's noise"}, {"tilt.md", "with a Tilt's noise"}, {"line.md", "straight line instead"},
}

// scores are the rows of that table: how the scorer's row begins, and what it is called here.
var scores = []struct{ prefix, title string }{
	{"at 60%: MAE", "Error of the end at 60 % of the drop, h: mean / median / p90 (given of)"},
	{"at 60%: cov", "Window at 60 %: holds the end / with its own tolerance, width and bias in h"},
	{"at 75%: MAE", "Error at 75 %"},
	{"at 75%: cov", "Window at 75 %"},
	{"at 90%: MAE", "Error at 90 %"},
	{"at 90%: cov", "Window at 90 %"},
	{"false complete", "False *complete* per batch-week (count)"},
	{"false stuck", "False *stuck*"},
	{"false disturbed", "False *disturbed*"},
	{"disturbances seen", "Disturbances seen"},
	{"median h from end to complete", "Hours from the end to *complete* (seen / before a cold crash / of)"},
	{"OG error", "Original gravity, error in points: median / worst"},
	{"filter RMSE", "Filtered gravity, error in points: all / while it falls (as read)"},
	{"velocity SD", "Rate of a finished beer, SD in points a day"},
}

// forecastTable is the README's table of real fermentations, from what the scorer printed.
func forecastTable(t *testing.T, folder, sources string) string {
	var b strings.Builder
	columns := make([][][]string, len(scored))
	b.WriteString("| |")
	for i, c := range scored {
		text, err := os.ReadFile(filepath.Join(folder, c.file))
		require.NoError(t, err)
		columns[i] = markdownRows(string(text))
		fmt.Fprintf(&b, " %s |", c.title)
	}
	b.WriteString("\n| --- |" + strings.Repeat(" --- |", len(scored)) + "\n")
	for _, s := range scores {
		fmt.Fprintf(&b, "| %s |", s.title)
		for _, rows := range columns {
			i := slices.IndexFunc(rows, func(cells []string) bool { return len(cells) == 2 && strings.HasPrefix(cells[0], s.prefix) })
			require.GreaterOrEqual(t, i, 0, "the scorer has no row %q", s.prefix)
			fmt.Fprintf(&b, " %s |", rows[i][1])
		}
		b.WriteString("\n")
	}

	var truth map[string]json.RawMessage
	text, err := os.ReadFile(sources)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &truth))
	b.WriteString("\n| Source | Device | Series | Error of the end at 60 / 75 / 90 %, h | Hours from the end to *complete* (until the crash) | Original gravity, points |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, cells := range columns[0] {
		name, _, _ := strings.Cut(cells[0], " ")
		about, ok := truth[name]
		if !ok || len(cells) < 10 {
			continue
		}
		var of struct{ Source, Device string }
		require.NoError(t, json.Unmarshal(about, &of))
		device, _, _ := strings.Cut(of.Device, " (")
		device, _, _ = strings.Cut(device, ":")
		fmt.Fprintf(&b, "| %s | %s | `%s` | %s | %s | %s |\n", of.Source, device, name, dash(cells[1]), dash(cells[6]), dash(cells[7]))
	}
	return b.String()
}

func dash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

// markdownRows are the cells of all tables in a text.
func markdownRows(text string) (rows [][]string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|-") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	return rows
}

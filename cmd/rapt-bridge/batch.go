package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/rapt-bridge/rapt-bridge/bridge/batch"
	"github.com/rapt-bridge/rapt-bridge/bridge/batch/chart"
	"github.com/rapt-bridge/rapt-bridge/bridge/batch/readings"
)

func (p *program) batchCommand() *cobra.Command {
	var picture string
	cmd := &cobra.Command{
		Use: "batch FILE.csv", Short: "Print what the analysis says of a file of readings",
		Long: "batch reads a file of hydrometer readings (columns time, gravity in SG, temperature in °C; or an export of Tilt, iSpindel or\n" +
			"Brewfather) and prints one JSON line for each: what the bridge would have said then. Times without a zone are UTC.",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := p.batch(args[0], picture); err != nil {
				return &exitError{exitFailed, err}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&picture, "chart", "", "draw it too, as an SVG in this file")
	return cmd
}

// batch prints the findings at each row of a file.
func (p *program) batch(path, picture string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	rows, err := readings.Read(file)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	lines, drawing, err := analyse(rows, filepath.Base(path))
	if err != nil {
		return err
	}
	out := bufio.NewWriter(p.stdout)
	for _, line := range lines {
		out.Write(line)
		out.WriteByte('\n')
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if picture == "" {
		return nil
	}
	return os.WriteFile(picture, drawing.SVG(), 0o644)
}

// analyse goes through the rows by their times, and gives a line for each in their own order.
func analyse(rows []batch.Row, title string) ([][]byte, *chart.Chart, error) {
	byTime := make([]int, len(rows))
	for i := range byTime {
		byTime[i] = i
	}
	slices.SortStableFunc(byTime, func(i, j int) int { return rows[i].At.Compare(rows[j].At) })
	lines := make([][]byte, len(rows))
	drawing := chart.New(title)
	var analysis batch.Analysis
	for _, i := range byTime {
		analysis.Add(rows[i])
		found := analysis.Findings(rows[i].At)
		line, err := json.Marshal(newBatchLine(rows[i].At, found))
		if err != nil {
			return nil, nil, err
		}
		lines[i] = line
		drawing.Add(rows[i], found)
	}
	return lines, drawing, nil
}

// batchLine is what the command prints for a row.
type batchLine struct {
	Time                 time.Time   `json:"time"`
	Batch                *string     `json:"batch"`
	OriginalGravity      *float64    `json:"original_gravity"`
	GravityFiltered      *float64    `json:"gravity_filtered"`
	Velocity             *float64    `json:"velocity"`
	Stage                batch.Stage `json:"stage"`
	Stuck                bool        `json:"stuck"`
	Disturbed            bool        `json:"disturbed"`
	EndEarliest          *time.Time  `json:"end_earliest"`
	EndExpected          *time.Time  `json:"end_expected"`
	EndLatest            *time.Time  `json:"end_latest"`
	FinalGravityExpected *float64    `json:"final_gravity_expected"`
}

func newBatchLine(at time.Time, f batch.Findings) batchLine {
	line := batchLine{
		Time: at, OriginalGravity: f.OriginalGravity, GravityFiltered: f.Gravity, Velocity: f.Rate,
		Stage: f.Stage, Stuck: f.Stuck, Disturbed: f.Disturbed, FinalGravityExpected: f.ExpectedFinalGravity,
	}
	if f.Batch != nil {
		line.Batch = &f.Batch.ID
	}
	if f.Forecast != nil {
		line.EndEarliest, line.EndExpected, line.EndLatest = &f.Forecast.Earliest, &f.Forecast.Expected, &f.Forecast.Latest
	}
	return line
}

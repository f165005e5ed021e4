package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/export"
	"github.com/rapt-bridge/rapt-bridge/bridge/inventory"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// exportRetry is how long to wait after a request that failed, the first time.
const exportRetry = 20 * time.Second

// exporter is one run of `rapt-bridge export`.
type exporter struct {
	*program
	devices          []string
	from, to, format string
	output           string
	retry            time.Duration
}

func (p *program) exportCommand() *cobra.Command {
	e := &exporter{program: p, retry: exportRetry}
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write all readings that the RAPT Cloud has to files",
		Long: "Asks for every reading of the devices, as far back as the RAPT Cloud has them, one request after the other, and writes a file for\n" +
			"each device into the current folder. A file that is there already is gone on with, so an export that was interrupted is\n" +
			"started again with the same command; one that lacks earlier readings, or is another device's, is refused. Requests count in\n" +
			"the ceiling of the hour (rapt.max_requests_per_hour): while the bridge runs, it is asked for each of them, and takes turns\n" +
			"with the export in the tenth that is for missed readings, so a long history takes its time.",
		Args: noWords,
		RunE: func(cmd *cobra.Command, _ []string) error { return e.run(cmd) },
	}
	cmd.Flags().StringSliceVar(&e.devices, "device", nil, "name or id of a device; may be given several times (all devices)")
	cmd.Flags().StringVar(&e.from, "from", "", "first day, such as 2026-01-31, or a time such as 2026-01-31T18:00:00Z (the oldest reading)")
	cmd.Flags().StringVar(&e.to, "to", "", "last day, or a time (now)")
	cmd.Flags().StringVar(&e.format, "format", "csv", "csv or jsonl")
	cmd.Flags().StringVar(&e.output, "output", ".", "folder for the files, the file for a single device, or - for standard output")
	return cmd
}

func (e *exporter) run(cmd *cobra.Command) error {
	from, to, err := e.span(time.Now())
	if err != nil {
		return &exitError{exitConfig, err}
	}
	if e.format != string(export.CSV) && e.format != string(export.JSONL) {
		return &exitError{exitConfig, fmt.Errorf("--format %q is neither csv nor jsonl", e.format)}
	}
	cfg, options, err := e.loadAccount(cmd)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	account, err := e.account(ctx, cfg, options)
	if err != nil {
		return err
	}
	defer account.Close()
	chosen, err := e.choose(ctx, account.Client)
	if err != nil {
		return err
	}
	if err := e.write(ctx, account.Client, chosen, from, to); err != nil {
		return &exitError{exitFailed, err}
	}
	return nil
}

// span is the time that is exported; from is zero for the beginning.
func (e *exporter) span(now time.Time) (from, to time.Time, err error) {
	from, to = export.Beginning(), now
	if e.from != "" {
		if from, err = moment(e.from, false); err != nil {
			return from, to, fmt.Errorf("--from: %w", err)
		}
	}
	if e.to != "" {
		if to, err = moment(e.to, true); err != nil {
			return from, to, fmt.Errorf("--to: %w", err)
		}
	}
	if !from.Before(to) {
		return from, to, errors.New("--from is not before --to")
	}
	if to.After(now) {
		to = now
	}
	return from, to, nil
}

// moment reads a day, as its beginning or its end here, or a time.
func moment(text string, end bool) (time.Time, error) {
	if day, err := time.ParseInLocation(time.DateOnly, text, time.Local); err == nil {
		if end {
			day = day.AddDate(0, 0, 1)
		}
		return day, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, fmt.Errorf("%q is neither a day such as 2026-01-31 nor a time such as 2026-01-31T18:00:00Z", text)
	}
	return t, nil
}

// source is a device to export.
type source struct {
	*device.Family
	id, name string
}

// choose lists the account's devices and takes those that are asked for.
func (e *exporter) choose(ctx context.Context, client *raptclient.Client) ([]source, error) {
	var all []source
	listed, err := inventory.Devices(ctx, client)
	if err != nil {
		return nil, &exitError{exitFailed, err}
	}
	families := device.Families()
	for _, d := range listed {
		i := slices.IndexFunc(families, func(f *device.Family) bool { return f.Name == d.Family })
		all = append(all, source{families[i], d.ID, discovery.DeviceName(d.Device)})
	}
	if len(e.devices) == 0 {
		return all, nil
	}
	var chosen []source
	for _, wanted := range e.devices {
		found := false
		for _, s := range all {
			if strings.EqualFold(s.id, wanted) || strings.EqualFold(s.name, strings.TrimSpace(wanted)) {
				found = true
				if !slices.ContainsFunc(chosen, func(c source) bool { return c.id == s.id }) {
					chosen = append(chosen, s)
				}
			}
		}
		if !found {
			var names []string
			for _, s := range all {
				names = append(names, s.name)
			}
			return nil, &exitError{exitConfig, fmt.Errorf("--device %q is no device of the account; there are: %s", wanted, strings.Join(names, ", "))}
		}
	}
	return chosen, nil
}

func (e *exporter) write(ctx context.Context, client *raptclient.Client, chosen []source, from, to time.Time) error {
	if e.output == "-" {
		var families []*device.Family
		for _, s := range chosen {
			families = append(families, s.Family)
		}
		w, err := export.NewWriter(e.stdout, export.Format(e.format), families, true, false)
		if err != nil {
			return err
		}
		for _, s := range chosen {
			if err := e.device(ctx, client, s, w, from, to); err != nil {
				return err
			}
		}
		return nil
	}
	for _, s := range chosen {
		path := e.path(s, len(chosen) == 1)
		file, w, until, err := export.Open(path, export.Format(e.format), s.Family, func(h export.Held) error {
			return e.mayGoOn(ctx, e.source(client, s), h, from, path == e.output)
		})
		if err != nil {
			return err
		}
		begin := from
		if until.After(begin) {
			begin = until.Add(time.Nanosecond)
		}
		err = e.device(ctx, client, s, w, begin, to)
		if closeErr := file.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return err
		}
		fmt.Fprintln(e.stderr, path)
	}
	return nil
}

// mayGoOn says why a file that is there can't be gone on with. The name of a file in a folder has the device's id in it; that of a file
// which somebody named may be another device's.
func (e *exporter) mayGoOn(ctx context.Context, s export.Source, h export.Held, from time.Time, named bool) error {
	if h.Until.After(time.Now()) {
		return fmt.Errorf("its last row is of %s, which is in the future, so no reading can come after it. Check this computer's clock, remove that row, or choose another --output",
			h.Until.Format(time.RFC3339))
	}
	if named {
		has, err := s.Has(ctx, h, export.Format(e.format))
		if err != nil {
			return err
		}
		if !has {
			return fmt.Errorf("the RAPT Cloud has no such reading of this device as the last one in it, of %s; it may be another device's. Move it away or choose another --output",
				h.Until.Format(time.RFC3339))
		}
	}
	earlier, err := s.HasBetween(ctx, from, h.First)
	if err != nil || !earlier {
		return err
	}
	begins := h.First.Format(time.RFC3339)
	return fmt.Errorf("it begins at %s, and the RAPT Cloud has earlier readings that are asked for. Move it away or choose another --output to have them, or go on with it by --from %s", begins, begins)
}

// source is where the rows of a device come from.
func (e *exporter) source(client *raptclient.Client, s source) export.Source {
	return export.Source{Client: client, Family: s.Family, ID: s.id, Wait: e.retry, Limited: e.tellLimited}
}

// path is the file of a device.
func (e *exporter) path(s source, single bool) string {
	if info, err := os.Stat(e.output); single && (err != nil || !info.IsDir()) && !strings.HasSuffix(e.output, string(filepath.Separator)) {
		return e.output
	}
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, s.name)
	return filepath.Join(e.output, strings.Trim(name, "-")+"-"+s.id[:8]+"."+e.format)
}

// device exports one device, with a bar on a terminal.
func (e *exporter) device(ctx context.Context, client *raptclient.Client, s source, w *export.Writer, from, to time.Time) error {
	bar := e.bar(s.name, from, to)
	rows := 0
	err := e.source(client, s).Rows(ctx, from, to, func(list []device.Telemetry, at time.Time) error {
		rows += len(list)
		bar.Describe(fmt.Sprintf("%s: %d readings", s.name, rows))
		_ = bar.Set64(int64(at.Sub(from) / time.Hour))
		return w.Write(s.Family, s.id, s.name, list)
	})
	if err == nil {
		_ = bar.Finish()
	}
	return err
}

// bar shows how far an export is; silent where nobody looks.
func (e *exporter) bar(name string, from, to time.Time) *progressbar.ProgressBar {
	out := io.Discard
	if f, ok := e.stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		out = e.stderr
	}
	return progressbar.NewOptions64(max(1, int64(to.Sub(from)/time.Hour)), progressbar.OptionSetWriter(out),
		progressbar.OptionSetDescription(name), progressbar.OptionSetWidth(20), progressbar.OptionOnCompletion(func() { fmt.Fprintln(out) }))
}

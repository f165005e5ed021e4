package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/diagnose"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// How many days of telemetry are looked at, and of how many devices at the most: each costs a request.
const (
	diagnoseDays     = 3
	mostDiagnoseDays = 14
	diagnosedDevices = 40
)

// diagnosis is one run of `rapt-bridge diagnose`.
type diagnosis struct {
	*program
	days   int
	output string
	yes    bool
}

func (p *program) diagnoseCommand() *cobra.Command {
	d := &diagnosis{program: p}
	cmd := &cobra.Command{
		Use:   "diagnose",
		Short: "Print or write an anonymous file for a report on how RAPT behaves",
		Long: "Asks for the list of each family and for the last days' telemetry of each device, one request after the other, and prints\n" +
			"what is worth knowing of it for a report: how far apart reports are, which fields there are, how requests are answered. There\n" +
			"are no names, ids, addresses, readings or times of day in it. With --output it is written to a file too, after a question on a\n" +
			"terminal, or with --yes. Requests count in the ceiling of the hour (rapt.max_requests_per_hour), beside a running bridge in the\n" +
			"tenth of it that is for missed readings.",
		Args: noWords,
		RunE: func(cmd *cobra.Command, _ []string) error { return d.run(cmd) },
	}
	cmd.Flags().IntVar(&d.days, "days", diagnoseDays, fmt.Sprintf("how many days of telemetry, 1 to %d", mostDiagnoseDays))
	cmd.Flags().StringVar(&d.output, "output", "", "file to write, such as rapt-diagnose.json (standard output alone)")
	cmd.Flags().BoolVar(&d.yes, "yes", false, "write the file without a question")
	return cmd
}

func (d *diagnosis) run(cmd *cobra.Command) error {
	if d.days < 1 || d.days > mostDiagnoseDays {
		return &exitError{exitConfig, fmt.Errorf("--days %d is outside 1 to %d", d.days, mostDiagnoseDays)}
	}
	if d.output != "" && !d.yes && !d.onTerminal() {
		return &exitError{exitConfig, errors.New("--output needs --yes where nobody can be asked; without --output the file is printed")}
	}
	cfg, options, err := d.loadAccount(cmd)
	if err != nil {
		return err
	}
	record := diagnose.New(programVersion(), "command")
	options.RAPT.Answered = func(e raptclient.Exchange) { record.Answer(e, time.Now()) }
	options.RAPT.Received = record.Body
	account, err := d.account(cmd.Context(), cfg, options)
	if err != nil {
		return err
	}
	defer account.Close()
	asked := d.ask(cmd.Context(), account.Client, record)
	file := record.JSON()
	if _, err := d.stdout.Write(file); err != nil {
		return &exitError{exitFailed, err}
	}
	if err := d.write(cmd.Context(), file); err != nil {
		return err
	}
	if asked != nil {
		return &exitError{exitFailed, asked}
	}
	return nil
}

// ask makes the requests. A list or a device that fails is passed over, and its answer is in the record; the error is of an
// account that can't be used.
func (d *diagnosis) ask(ctx context.Context, client *raptclient.Client, record *diagnose.Record) error {
	if err := client.SignIn(ctx); err != nil {
		return err
	}
	type found struct {
		family *device.Family
		ref    device.Ref
	}
	var devices []found
	for _, f := range device.Families() {
		list, err := f.List(ctx, client)
		if err != nil {
			if fatal(ctx, err) {
				return err
			}
			continue
		}
		for _, reading := range list.Readings {
			if !reading.Deleted() && len(devices) < diagnosedDevices {
				ref := device.Ref{Family: f.Name, ID: reading.ID()}
				record.Device(ref, reading)
				devices = append(devices, found{f, ref})
			}
		}
		for _, n := range list.Report.Notices {
			record.Notice(n)
		}
	}
	now := time.Now()
	for _, one := range devices {
		d.progress(one.ref, len(devices))
		list, err := one.family.Telemetry(ctx, client, one.ref.ID, now.AddDate(0, 0, -d.days), now)
		if err != nil {
			if fatal(ctx, err) {
				return err
			}
			continue
		}
		record.Rows(one.ref, list.Rows)
		for _, n := range list.Report.Notices {
			record.Notice(n)
		}
	}
	return nil
}

// fatal reports whether there is no use in asking on: the account is refused, the limit is reached, or the time is over.
func fatal(ctx context.Context, err error) bool {
	var (
		signIn *raptclient.SignInError
		api    *raptclient.APIError
	)
	return ctx.Err() != nil || errors.As(err, &signIn) || errors.As(err, &api) && api.Status == 429
}

// progress says on a terminal that something happens.
func (d *diagnosis) progress(ref device.Ref, of int) {
	if f, ok := d.stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprintf(f, "asking for the telemetry of %d devices, now a %s\n", of, strings.ReplaceAll(string(ref.Family), "_", " "))
	}
}

// onTerminal reports whether there is somebody to ask.
func (d *diagnosis) onTerminal() bool {
	if d.stdin != nil {
		return true
	}
	return term.IsTerminal(int(os.Stdin.Fd()))
}

// write writes the file, which has been shown, if it is wanted. Nothing is written after a stop signal.
func (d *diagnosis) write(ctx context.Context, file []byte) error {
	if d.output == "" {
		return nil
	}
	wanted := d.yes || ctx.Err() == nil && d.confirm(ctx)
	if ctx.Err() != nil {
		fmt.Fprintln(d.stderr, "\nStopped; it was not written.")
		return &exitError{code: exitFailed}
	}
	if !wanted {
		fmt.Fprintln(d.stderr, "It was not written.")
		return nil
	}
	if err := os.WriteFile(d.output, file, 0o600); err != nil {
		return &exitError{exitFailed, fmt.Errorf("the file can't be written: %w", err)}
	}
	fmt.Fprintf(d.stderr, "%s is written; attach it to an issue at https://github.com/rapt-bridge/rapt-bridge/issues\n", d.output)
	return nil
}

// confirm asks whether the file is to be written, until ctx ends.
func (d *diagnosis) confirm(ctx context.Context) bool {
	var in io.Reader = os.Stdin
	if d.stdin != nil {
		in = d.stdin
	}
	fmt.Fprintf(d.stderr, "This is all that the file will contain. Write it to %s? [y/N] ", d.output)
	answers := make(chan string, 1)
	go func() { // a terminal can't be told to stop reading; the process ends soon
		answer, _ := bufio.NewReader(in).ReadString('\n')
		answers <- strings.ToLower(strings.TrimSpace(answer))
	}()
	select {
	case answer := <-answers:
		return answer == "y" || answer == "yes"
	case <-ctx.Done():
		return false
	}
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/rapt-bridge/rapt-bridge/bridge"
	"github.com/rapt-bridge/rapt-bridge/bridge/inventory"
	"github.com/rapt-bridge/rapt-bridge/config"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/contract"
	"github.com/rapt-bridge/rapt-bridge/raptclient/redact"
)

// checkTimeout bounds one step of the check.
const checkTimeout = 75 * time.Second

// step is one step of `rapt-bridge check` and how it went.
type step struct {
	Step   string `json:"step"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// listedDevice is a device in the output of the check.
type listedDevice struct {
	Family       string     `json:"family"`
	Name         string     `json:"name"`
	ID           string     `json:"id"`
	LastActivity *time.Time `json:"last_activity"`
}

// report is the outcome of the check, which --json prints.
type report struct {
	OK       bool           `json:"ok"`
	Steps    []step         `json:"steps"`
	Warnings []string       `json:"warnings"`
	Devices  []listedDevice `json:"devices"`
	// Contract has what --contract found; null where the API doesn't describe itself.
	Contract []contract.Difference `json:"contract,omitempty"`
}

func (p *program) checkCommand() *cobra.Command {
	var asJSON, describe bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the configuration, the account and the broker, and say what is wrong",
		Long: "Goes step by step: configuration, sign-in, broker, discovery, device list, and Home Assistant where homeassistant.url is set. It ends with status 1 at the first step that fails (2 for the configuration).\n" +
			"With --contract it signs in and compares what the API says of itself, where it does, with what this version uses of it: for\n" +
			"who wants to know whether RAPT has changed its API. That is one request, which counts in the hour's ceiling.",
		Args: noWords,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c := checker{program: p, out: p.stdout, report: report{Steps: []step{}, Warnings: []string{}, Devices: []listedDevice{}}}
			if asJSON {
				c.out = io.Discard
			}
			steps := c.run
			if describe {
				steps = c.compare
			}
			err := steps(cmd)
			if c.report.OK = err == nil; asJSON {
				encoder := json.NewEncoder(p.stdout)
				encoder.SetIndent("", "  ")
				if err := encoder.Encode(c.report); err != nil {
					return &exitError{exitFailed, err}
				}
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&describe, "contract", false, "compare what the API says of itself with what this version uses")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the outcome as JSON")
	return cmd
}

// checker goes through the steps.
type checker struct {
	*program
	out    io.Writer
	report report
}

// pass and fail note a step. A failed step ends the check.
func (c *checker) pass(name, format string, args ...any) {
	s := step{name, true, fmt.Sprintf(format, args...)}
	c.report.Steps = append(c.report.Steps, s)
	fmt.Fprintf(c.out, "✓ %-14s %s\n", s.Step, s.Detail)
}

func (c *checker) fail(name string, status int, err error) error {
	s := step{name, false, err.Error()}
	c.report.Steps = append(c.report.Steps, s)
	fmt.Fprintf(c.out, "✗ %-14s %s\n", s.Step, s.Detail)
	return &exitError{code: status}
}

// warn notes what works and is not as it should be.
func (c *checker) warn(warnings []string) {
	c.report.Warnings = append(c.report.Warnings, warnings...)
	for _, w := range warnings {
		fmt.Fprintf(c.out, "! %-14s %s\n", "warning", w)
	}
}

// plain is an error without an exit status.
func plain(err error) error {
	var status *exitError
	if errors.As(err, &status) {
		return status.err
	}
	return err
}

func (c *checker) run(cmd *cobra.Command) error {
	cfg, err := c.load(cmd, false)
	if err != nil {
		return c.fail("configuration", exitConfig, plain(err))
	}
	options, err := c.options(cfg, slog.New(slog.DiscardHandler))
	if err == nil {
		_, err = webhookCertificate(cfg, options.Log)
	}
	if err != nil {
		return c.fail("configuration", exitConfig, plain(err))
	}
	c.pass("configuration", "account %s, broker %s", redact.Account(cfg.RAPT.Username), brokerName(cfg))
	c.warn(cfg.Warnings)

	client, err := raptclient.New(options.RAPT)
	if err != nil {
		return c.fail("sign-in", exitFailed, err)
	}
	defer client.CloseIdleConnections()
	if err := within(cmd.Context(), client.SignIn); err != nil {
		return c.fail("sign-in", exitFailed, err)
	}
	c.pass("sign-in", "the RAPT Cloud accepts the API secret")

	var announced [][]byte
	if err := within(cmd.Context(), func(ctx context.Context) (err error) {
		announced, err = inventory.RetainedConfigs(ctx, options.FindBroker, options.ClientID, discovery.Topics{DiscoveryPrefix: options.DiscoveryPrefix})
		return err
	}); err != nil {
		return c.fail("broker", exitFailed, err)
	}
	c.pass("broker", "connected to %s", brokerName(cfg))
	switch {
	case !cfg.HomeAssistant.Discovery:
		c.pass("discovery", "turned off (homeassistant.discovery)")
	case len(announced) > 0:
		c.pass("discovery", "%d devices are announced under %s/", len(announced), cfg.HomeAssistant.DiscoveryPrefix)
	default:
		c.pass("discovery", "nothing is announced under %s/ yet; check that this is the prefix of Home Assistant's MQTT integration", cfg.HomeAssistant.DiscoveryPrefix)
	}

	var devices []inventory.Listed
	if err := within(cmd.Context(), func(ctx context.Context) (err error) {
		devices, err = inventory.Devices(ctx, client)
		return err
	}); err != nil {
		return c.fail("device list", exitFailed, err)
	}
	c.list(devices)
	return c.homeAssistant(cmd.Context(), cfg, options)
}

// homeAssistant signs in where the configuration says where Home Assistant is. It comes last: the bridge runs without it too.
func (c *checker) homeAssistant(ctx context.Context, cfg config.Config, o bridge.Options) error {
	const name = "Home Assistant"
	if cfg.HomeAssistant.URL == "" || o.Statistics == nil {
		return nil
	}
	if err := within(ctx, o.Statistics.SignIn); err != nil {
		return c.fail(name, exitFailed, fmt.Errorf("homeassistant.url and homeassistant.token: %w", err))
	}
	c.pass(name, "it accepts the token")
	return nil
}

func (c *checker) list(devices []inventory.Listed) {
	c.pass("device list", "%d devices", len(devices))
	table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	if len(devices) > 0 {
		fmt.Fprintln(table, "  FAMILY\tNAME\tLAST ACTIVITY")
	}
	for _, d := range devices {
		item := listedDevice{Family: string(d.Family), Name: discovery.DeviceName(d.Device), ID: d.ID}
		last := "never"
		if !d.LastActivity.IsZero() {
			at := d.LastActivity.UTC().Truncate(time.Second)
			item.LastActivity, last = &at, at.Format(time.RFC3339)
		}
		c.report.Devices = append(c.report.Devices, item)
		fmt.Fprintf(table, "  %s\t%s\t%s\n", item.Family, item.Name, last)
	}
	_ = table.Flush()
}

func within(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	return do(ctx)
}

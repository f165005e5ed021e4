package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/rapt-bridge/rapt-bridge/bridge"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/bridge/quota"
	"github.com/rapt-bridge/rapt-bridge/config"
)

// loadAccount reads the configuration, and what the bridge would take of it, for a command that needs an account, and uses a
// broker where there is one. Such a command logs nothing.
func (p *program) loadAccount(cmd *cobra.Command) (cfg config.Config, o bridge.Options, err error) {
	if cfg, err = p.load(cmd, true); err != nil {
		return cfg, o, err
	}
	if cfg.RAPT.Username == "" || cfg.RAPT.APISecret.Empty() {
		return cfg, o, &exitError{exitConfig, errors.New("no RAPT account is configured; set rapt.username and rapt.api_secret, or RAPT_BRIDGE_RAPT_USERNAME and RAPT_BRIDGE_RAPT_API_SECRET")}
	}
	o, err = p.options(cfg, slog.New(slog.DiscardHandler))
	return cfg, o, err
}

// account is the account for a command that runs beside the bridge: its requests count in the hour's log, where a broker has
// one.
func (p *program) account(ctx context.Context, cfg config.Config, o bridge.Options) (*quota.Account, error) {
	account, err := quota.Open(ctx, p.quota(cfg, o))
	if err != nil {
		return nil, &exitError{exitFailed, err}
	}
	account.Waiting = func(until time.Time, limited bool) {
		if limited {
			p.tellLimited(until)
			return
		}
		fmt.Fprintf(p.stderr, "rapt-bridge: the ceiling of requests is reached; going on at %s\n", until.Format(time.TimeOnly))
	}
	return account, nil
}

// tellLimited tells of a 429.
func (p *program) tellLimited(until time.Time) {
	fmt.Fprintf(p.stderr, "rapt-bridge: the RAPT Cloud asks for fewer requests (429); going on at %s\n", until.Format(time.TimeOnly))
}

// quota is the account with the bridge's limits, for a command that runs beside the bridge.
func (p *program) quota(cfg config.Config, o bridge.Options) quota.Options {
	out := quota.Options{
		RAPT: o.RAPT, MaxRequestsPerHour: o.MaxRequestsPerHour, MaxRequestsPerMinute: limit.MinuteLimit(o.MaxRequestsPerHour, o.VendorHost),
		History: o.History.Enabled, ClientID: o.ClientID, TopicPrefix: o.TopicPrefix,
	}
	if _, addOn := p.supervisor(); cfg.MQTT.URL != "" || addOn {
		out.FindBroker = o.FindBroker
	}
	return out
}

package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/rapt-bridge/rapt-bridge/bridge"
	"github.com/rapt-bridge/rapt-bridge/bridge/inventory"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/discovery/dashboard"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

func (p *program) dashboardCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "dashboard",
		Short: "Print a Home Assistant dashboard for the devices of the account",
		Long: "Signs in, lists the devices once, reads the entity ids that the broker retains for Home Assistant, and prints a dashboard\n" +
			"in YAML. Nothing is published and nothing is changed. Without the broker the entity ids are those that a new device gets.",
		Args: noWords,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.load(cmd, false)
			if err != nil {
				return err
			}
			options, err := p.options(cfg, slog.New(slog.DiscardHandler))
			if err != nil {
				return err
			}
			devices, paired, err := accountDevices(cmd.Context(), options)
			if err != nil {
				return &exitError{exitFailed, err}
			}
			ids, err := announcedIDs(cmd.Context(), options)
			if err != nil {
				fmt.Fprintf(p.stderr, "rapt-bridge: the entity ids are those of new devices, because the broker could not be asked: %v\n", err)
			}
			_, err = p.stdout.Write(dashboard.YAML(dashboard.Options{
				Options: discovery.Options{
					Topics:   discovery.Topics{Prefix: cfg.MQTT.TopicPrefix, DiscoveryPrefix: cfg.HomeAssistant.DiscoveryPrefix},
					ReadOnly: cfg.Control.ReadOnly,
					Language: cfg.HomeAssistant.Language,
				},
				EntityIDs: ids,
				Paired:    paired,
			}, devices))
			if err != nil {
				return &exitError{exitFailed, err}
			}
			return nil
		},
	}
}

// accountDevices signs in and lists the devices of the account, and by their ids the ids of the controllers that they steer.
func accountDevices(ctx context.Context, o bridge.Options) (devices []discovery.Device, paired map[string]string, err error) {
	client, err := raptclient.New(o.RAPT)
	if err != nil {
		return nil, nil, err
	}
	defer client.CloseIdleConnections()
	paired = map[string]string{}
	err = within(ctx, func(ctx context.Context) error {
		listed, err := inventory.Devices(ctx, client)
		for _, d := range listed {
			devices = append(devices, d.Device)
			if d.Paired != "" {
				paired[d.ID] = d.Paired
			}
		}
		return err
	})
	return devices, paired, err
}

// announcedIDs are the entity ids, by unique id, that the broker retains.
func announcedIDs(ctx context.Context, o bridge.Options) (ids map[string]string, err error) {
	err = within(ctx, func(ctx context.Context) error {
		payloads, err := inventory.RetainedConfigs(ctx, o.FindBroker, o.ClientID, discovery.Topics{Prefix: o.TopicPrefix, DiscoveryPrefix: o.DiscoveryPrefix})
		ids = discovery.AnnouncedEntityIDs(payloads...)
		return err
	})
	return ids, err
}

// Package inventory lists what there is for a program beside the bridge: the account's devices, and what Home Assistant was
// told of. It changes nothing, and leaves a running bridge alone.
package inventory

import (
	"context"
	"fmt"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// Listed is a device of the account as its family's list shows it.
type Listed struct {
	discovery.Device
	LastActivity time.Time // zero while it has never reported
	Paired       string    // the id of the device that it steers, such as a hydrometer its controller; empty for none
}

// Devices asks every family's list once, one after the other, and returns the account's devices in the order of
// discovery.Families. It fails on the first list that can't be read.
func Devices(ctx context.Context, client *raptclient.Client) ([]Listed, error) {
	var (
		out       []Listed
		described []discovery.Device
	)
	for _, f := range device.Families() {
		list, err := f.List(ctx, client)
		if err != nil {
			return nil, fmt.Errorf("the list of family %s: %w", f.Name, err)
		}
		for _, r := range list.Readings {
			if !r.Deleted() {
				described = append(described, r.Describe())
				out = append(out, Listed{LastActivity: r.Activity(), Paired: r.Paired()})
			}
		}
	}
	for i, d := range discovery.Distinct(described) {
		out[i].Device = d
	}
	return out, nil
}

// RetainedConfigs returns the payloads that a broker retains where Home Assistant looks for devices, those of other programs too.
// clientID is the bridge's.
func RetainedConfigs(ctx context.Context, find broker.Find, clientID string, topics discovery.Topics) ([][]byte, error) {
	return broker.Retained(ctx, find, clientID+"-announced", topics.ConfigFilter())
}

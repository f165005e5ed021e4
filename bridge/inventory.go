package bridge

import (
	"context"
	"fmt"
	"time"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// Listed is a device of the account as its family's list shows it.
type Listed struct {
	discovery.Device
	LastActivity time.Time // zero while it has never reported
}

// Inventory asks every family's list once, one after the other, and returns the account's devices in the order of
// discovery.Families. It fails on the first list that can't be read.
func Inventory(ctx context.Context, client *raptclient.Client) ([]Listed, error) {
	var (
		out       []Listed
		described []discovery.Device
	)
	for _, f := range families() {
		list, err := f.list(ctx, client)
		if err != nil {
			return nil, fmt.Errorf("the list of family %s: %w", f.name, err)
		}
		for _, r := range list.readings {
			if r.device.Deleted.V {
				continue
			}
			d := device{family: f, id: r.device.ID, reading: r}
			described = append(described, d.described())
			out = append(out, Listed{LastActivity: r.activity()})
		}
	}
	for i, d := range discovery.Distinct(described) {
		out[i].Device = d
	}
	return out, nil
}

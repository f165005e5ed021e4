package command

import (
	"slices"
	"strings"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// unseenAfter is how long a kettle that was switched on may be silent before somebody should look.
const unseenAfter = 10 * time.Minute

// HeatingWatch knows the kettles that were switched on through the bridge, until they are off again: one that falls silent
// while it heats is a problem.
type HeatingWatch map[device.Ref]bool

// Carried takes a command that the API took into account.
func (w HeatingWatch) Carried(c *Command) {
	if c.Key != "heating_enabled" {
		return
	}
	if on, _ := c.Asked.Value.Flag(); on {
		w[c.Ref.Ref] = true
	} else {
		delete(w, c.Ref.Ref)
	}
}

// Seen takes a new reading into account: somebody else may have switched the heating off.
func (w HeatingWatch) Seen(ref device.Ref, shown device.Reading) {
	if v, _ := shown.Value("heating_enabled"); w[ref] && v.Known() {
		if on, _ := v.Flag(); !on {
			delete(w, ref)
		}
	}
}

// Unseen are the kettles that are silent, in a fixed order. seen is when a device's newest reading was made.
func (w HeatingWatch) Unseen(now time.Time, seen func(device.Ref) time.Time) []device.Ref {
	var out []device.Ref
	for ref := range w {
		if now.Sub(seen(ref)) > unseenAfter {
			out = append(out, ref)
		}
	}
	slices.SortFunc(out, compareRefs)
	return out
}

// Save is the watch as the bridge's own document keeps it over a restart.
func (w HeatingWatch) Save() []string {
	refs := make([]device.Ref, 0, len(w))
	for ref := range w {
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, compareRefs)
	out := make([]string, len(refs))
	for i, ref := range refs {
		out[i] = string(ref.Family) + "/" + ref.ID
	}
	return out
}

// Restore takes what an earlier run saved; anybody may have written it, so no more than a brewery has kettles.
func (w HeatingWatch) Restore(saved []string) {
	for _, s := range saved[:min(len(saved), 100)] {
		family, id, ok := strings.Cut(s, "/")
		if f := discovery.Family(family); ok && len(id) == 36 && (f == discovery.BrewZilla || f == discovery.Still) {
			w[device.Ref{Family: f, ID: id}] = true
		}
	}
}

func compareRefs(a, b device.Ref) int {
	if c := strings.Compare(string(a.Family), string(b.Family)); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}

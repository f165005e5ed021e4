package command

import (
	"slices"
	"strings"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

const (
	// unseenAfter is how long a kettle that was switched on may be silent before somebody should look.
	unseenAfter = 10 * time.Minute
	// staleFor is how long after a change a kettle's reports may still come with the value from before: the cloud has been
	// seen to show it for minutes.
	staleFor = 10 * time.Minute
	// unshownFor is how long a kettle that the cloud never shows as on is watched at the most: it may never have got the
	// command. That is longer than a night.
	unshownFor = 12 * time.Hour
	// mostKettles is more than a brewery has.
	mostKettles = 100
)

// HeatingWatch knows the kettles that were switched on through the bridge, until they are off again: one that falls silent
// while it heats is a problem.
type HeatingWatch map[device.Ref]switchedOn

// switchedOn is how a kettle was switched on.
type switchedOn struct {
	at    time.Time // steady time
	wall  time.Time // the same moment, as the document has it
	shown bool      // the cloud has shown it as on since then
	// wasOn says that the cloud showed it as on before: it may be switched off already, which the cloud is still to show.
	wasOn bool
}

// Taken takes a command that the API took into account, or that it did not answer: whether it was taken is open then. now
// is steady, wall the same moment, shown what the cloud shows of the kettle.
func (w HeatingWatch) Taken(c *Command, answered bool, shown device.Reading, now, wall time.Time) {
	if c.Key != "heating_enabled" {
		return
	}
	if on, _ := c.Asked.Value.Flag(); on {
		before, _ := c.Shown(shown)
		wasOn, _ := before.Flag()
		w[c.Ref.Ref] = switchedOn{at: now, wall: wall.UTC().Truncate(time.Second), wasOn: wasOn}
	} else if answered {
		delete(w, c.Ref.Ref)
	}
}

// Seen takes what the cloud shows of a device at now: somebody else may have switched the heating off. activity is when the
// device last reported; both are steady time.
func (w HeatingWatch) Seen(ref device.Ref, r device.Reading, activity, now time.Time) {
	k, watched := w[ref]
	v, _ := r.Value("heating_enabled")
	if !watched || !v.Known() {
		return
	}
	if on, _ := v.Flag(); on {
		k.shown = k.shown || !k.wasOn || activity.Sub(k.at) > staleFor
		w[ref] = k
	} else if k.isOff(activity, now) {
		delete(w, ref)
	}
}

// isOff reports whether a kettle that the cloud shows as off is off, and not just shown as it was before.
func (k switchedOn) isOff(activity, now time.Time) bool {
	if k.shown {
		return now.Sub(k.at) >= pendingFor
	}
	return activity.Sub(k.at) > staleFor || now.Sub(k.at) > unshownFor
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

// Save is the watch as the bridge's own document keeps it over a restart: each kettle, and after them once more those that
// the cloud has not shown as on yet, with the time of the command. Older versions pass over the latter.
func (w HeatingWatch) Save() []string {
	refs := make([]device.Ref, 0, len(w))
	for ref := range w {
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, compareRefs)
	out := make([]string, len(refs), 2*len(refs))
	for i, ref := range refs {
		out[i] = string(ref.Family) + "/" + ref.ID
	}
	for i, ref := range refs {
		if k := w[ref]; !k.shown {
			out = append(out, out[i]+"/"+k.wall.Format(time.RFC3339))
		}
	}
	return out
}

// Restore takes what an earlier run saved; anybody may have written it, so no more than a brewery has kettles. now is steady,
// wall the same moment.
func (w HeatingWatch) Restore(saved []string, now, wall time.Time) {
	for _, s := range saved[:min(len(saved), 2*mostKettles)] {
		family, id, _ := strings.Cut(s, "/")
		id, since, unshown := strings.Cut(id, "/")
		f := discovery.Family(family)
		if len(id) != 36 || f != discovery.BrewZilla && f != discovery.Still {
			continue
		}
		k := switchedOn{shown: true}
		if unshown {
			at, err := time.Parse(time.RFC3339, since)
			if err != nil {
				continue
			}
			k = switchedOn{at: now.Add(-max(0, wall.Sub(at))), wall: at}
		}
		if ref := (device.Ref{Family: f, ID: id}); len(w) < mostKettles || w[ref].shown {
			w[ref] = k
		}
	}
}

func compareRefs(a, b device.Ref) int {
	if c := strings.Compare(string(a.Family), string(b.Family)); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}

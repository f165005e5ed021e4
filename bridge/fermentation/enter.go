package fermentation

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rapt-bridge/rapt-bridge/bridge/batch"
	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/internal/text"
)

// Entry is what the owner of a batch says with a command.
type Entry struct {
	said  batch.Entry
	Value json.RawMessage // as results show it
}

// entryRow is a key that the owner can set.
type entryRow struct {
	key  string
	read func(payload string) (Entry, error)
}

// entryRows are the commands of the catalogue that are not for the cloud.
func entryRows() []entryRow {
	return []entryRow{
		{"batch_original_gravity", readGravity("batch_original_gravity", func(e *batch.Entry, v *float64) { e.OriginalGravity = v })},
		{"batch_final_gravity", readGravity("batch_final_gravity", func(e *batch.Entry, v *float64) { e.FinalGravity = v })},
		{"batch_name", readName},
		{"new_batch", readNew},
	}
}

// Sets reports whether a command's key is of the batch in a device of the family.
func Sets(f discovery.Family, key string) bool {
	for _, r := range entryRows() {
		if r.key == key {
			return Follows(f)
		}
	}
	return false
}

// maxPayload is the longest payload that is read, in bytes.
const maxPayload = 1 << 10

// Read reads the payload of a command, or says why it is refused. An empty one takes back what was said before.
func Read(key string, payload []byte) (Entry, error) {
	switch {
	case len(payload) > maxPayload:
		return Entry{}, fmt.Errorf("the payload has %d bytes; at most %d are read", len(payload), maxPayload)
	case !utf8.Valid(payload):
		return Entry{}, errors.New("the payload is not text in UTF-8")
	}
	for _, r := range entryRows() {
		if r.key == key {
			return r.read(strings.TrimSpace(string(payload)))
		}
	}
	return Entry{}, fmt.Errorf("%s is not of a batch", text.Quote(key))
}

func readGravity(key string, set func(*batch.Entry, *float64)) func(string) (Entry, error) {
	return func(payload string) (e Entry, err error) {
		takeBack := 0.0
		if e.Value = json.RawMessage("null"); payload == "" {
			set(&e.said, &takeBack)
			return e, nil
		}
		sg, err := command.ReadNumber(payload)
		if err != nil {
			return Entry{}, fmt.Errorf("%s is not an SG such as 1.052", text.Quote(payload))
		}
		d := discovery.Device{Family: discovery.Hydrometer}
		low, high, _ := discovery.Limits(d, key)
		if err := discovery.CheckLimits(d, key, sg); err != nil {
			return Entry{}, fmt.Errorf("%w: it is an SG such as 1.052, not 1052 and not °P", err)
		}
		e.Value, _ = json.Marshal(sg)
		set(&e.said, between(&sg, low, high))
		return e, nil
	}
}

func readName(payload string) (e Entry, err error) {
	if n := utf8.RuneCountInString(payload); n > discovery.MaxBatchName {
		return Entry{}, fmt.Errorf("the name has %d characters; at most %d are taken", n, discovery.MaxBatchName)
	}
	name := text.Line(payload, discovery.MaxBatchName)
	e.said.Name = &name
	e.Value, _ = json.Marshal(name)
	return e, nil
}

func readNew(payload string) (e Entry, err error) {
	if payload != "PRESS" {
		return Entry{}, errors.New("accepted is PRESS")
	}
	e.said.NewBatch = true
	e.Value, _ = json.Marshal(payload)
	return e, nil
}

// Enter takes what the owner says at a time, and reports whether that changes anything: a button that is pressed twice is
// pressed once.
func (s *Beers) Enter(ref device.Ref, e Entry, now time.Time) (changed bool) {
	b := s.beer(ref)
	said := e.said
	said.At = now.UTC()
	if last := b.said.lastNew(); said.NewBatch && !last.IsZero() && now.Sub(last).Abs() < samePress {
		return false
	}
	before := b.said.since(b.begin())
	b.said = b.said.add(said, b.begin())
	b.entered = true
	if !said.NewBatch && sayTheSame(before, b.said.since(b.begin())) {
		return false
	}
	b.setNotes()
	return true
}

func sayTheSame(a, b batch.Entry) bool {
	equal := func(v, w *float64) bool { return v == nil && w == nil || v != nil && w != nil && *v == *w }
	name := a.Name == nil && b.Name == nil || a.Name != nil && b.Name != nil && *a.Name == *b.Name
	return name && equal(a.OriginalGravity, b.OriginalGravity) && equal(a.FinalGravity, b.FinalGravity)
}

package status

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/web"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// shown is a snapshot of what a page keeps.
func shown(p *Page) (s web.Snapshot) {
	p.Fill(&s, noon)
	return s
}

func TestTheSameProblemAgainCounts(t *testing.T) {
	p := NewPage(time.Now)
	assert.Empty(t, p.LastProblem())
	p.AddProblem("a", noon)
	p.AddProblem("a", noon.Add(time.Minute))
	p.AddProblem("b", noon)
	p.AddProblem("a", noon)
	assert.Equal(t, []web.Problem{{At: noon.Add(time.Minute), Text: "a", Count: 2}, {At: noon, Text: "b", Count: 1}, {At: noon, Text: "a", Count: 1}}, shown(p).Problems)
	assert.Equal(t, "a", p.LastProblem())
}

func TestTheNewestAreKept(t *testing.T) {
	p := NewPage(time.Now)
	for i := range 25 {
		p.AddProblem(fmt.Sprint(i), noon)
		p.AddCommand(device.Ref{}, web.CommandRecord{Key: fmt.Sprint(i)}, false)
	}
	s := shown(p)
	assert.Len(t, s.Problems, keptProblems)
	assert.Len(t, s.Commands, keptCommands)
	assert.Equal(t, "24", s.Problems[keptProblems-1].Text)
	assert.Equal(t, "24", s.Commands[keptCommands-1].Key)
}

func TestWhatFollowsACommandTakesItsPlace(t *testing.T) {
	one, two := device.Ref{ID: "1"}, device.Ref{ID: "2"}
	p := NewPage(time.Now)
	for _, c := range []struct {
		of      device.Ref
		record  web.CommandRecord
		follows bool
	}{
		{one, web.CommandRecord{Device: "Pill", Key: "name", Value: "A", Outcome: "applied"}, false},
		{two, web.CommandRecord{Device: "Pill", Key: "name", Value: "A", Outcome: "unchanged"}, false},
		{one, web.CommandRecord{Device: "Pill", Key: "name", Value: "B", Outcome: "rejected", Error: "why"}, false},
		{one, web.CommandRecord{Device: "Pill", Key: "name", Value: "A", Outcome: "rejected", Error: "why"}, false},
		{one, web.CommandRecord{Device: "Pill", Key: "name", Value: "A", Outcome: "unconfirmed", Error: "not shown"}, true},
		{one, web.CommandRecord{Device: "Pill", Key: "name", Value: "A", Outcome: "confirmed"}, true}, // of which nothing is left
		{one, web.CommandRecord{Device: "Pill", Key: "other", Value: "A", Outcome: "confirmed"}, true},
	} {
		p.AddCommand(c.of, c.record, c.follows)
	}
	assert.Equal(t, []web.CommandRecord{
		{Device: "Pill", Key: "name", Value: "A", Outcome: "unconfirmed", Error: "not shown"},
		{Device: "Pill", Key: "name", Value: "A", Outcome: "unchanged"},
		{Device: "Pill", Key: "name", Value: "B", Outcome: "rejected", Error: "why"},
		{Device: "Pill", Key: "name", Value: "A", Outcome: "rejected", Error: "why"},
	}, shown(p).Commands)
}

func TestTheAPIsStatusHasItsTime(t *testing.T) {
	p := NewPage(time.Now)
	since := func(status, reason string, after time.Duration) time.Time {
		s := web.Snapshot{APIStatus: status, APIReason: reason}
		p.Fill(&s, noon.Add(after))
		return s.APISince
	}
	assert.Equal(t, noon, since("ok", "", 0))
	assert.Equal(t, noon, since("ok", "", time.Minute))
	assert.Equal(t, noon.Add(time.Hour), since("ok", "why", time.Hour))
	assert.Equal(t, noon.Add(2*time.Hour), since("ok", "", 2*time.Hour))
}

func TestASnapshotIsTakenOnceASecond(t *testing.T) {
	p := NewPage(time.Now)
	assert.True(t, p.Take(noon))
	assert.Zero(t, p.Due())
	assert.False(t, p.Take(noon.Add(time.Millisecond)))
	assert.Equal(t, noon.Add(snapshotsApart), p.Due(), "it comes later")
	assert.True(t, p.Take(p.Due()))
	assert.Zero(t, p.Due())
}

func TestADevicesNewestReadingIsKept(t *testing.T) {
	f := device.Families()[0]
	ref := device.Ref{Family: f.Name, ID: "1"}
	p := NewPage(time.Now)
	p.Accept(device.Update{Ref: ref, Name: "Pill", Derived: device.Derived{Expected: noon}})
	status := p.Device(ref)
	require.Equal(t, "Pill", status.Name)
	assert.Equal(t, f.Name, status.Family)
	assert.Equal(t, noon, status.Expected)
	assert.Equal(t, raptclient.Null[float64]{}, status.Temperature, "what a reading doesn't say is unknown")
	p.Remove(ref)
	assert.Zero(t, p.Device(ref))
}

func TestSnapshotsAreNotChangedOnceHandedOut(t *testing.T) {
	p := NewPage(time.Now)
	p.AddProblem("a", noon)
	p.AddCommand(device.Ref{}, web.CommandRecord{Device: "Pill", Key: "name", Outcome: "applied"}, false)
	s := shown(p)
	p.AddProblem("a", noon)
	p.AddCommand(device.Ref{}, web.CommandRecord{Device: "Pill", Key: "name", Outcome: "confirmed"}, true)
	assert.Equal(t, 1, s.Problems[0].Count)
	assert.Equal(t, "applied", s.Commands[0].Outcome)
}

package account

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/bridge/poll"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// brewery is the account of the demo brewery, whose API answers.
func brewery(t *testing.T) *Account {
	t.Helper()
	gate := limit.NewGate(limit.NewRequestLog(240, 30), limit.NewHealth(), limit.NewChanges(60), func(at time.Time) string { return at.Format(time.TimeOnly) })
	gate.OnSuccess()
	a := New(poll.Bounds{Min: time.Minute, Max: 15 * time.Minute}, gate)
	cloud := raptsim.New(raptsim.Options{Latency: &raptsim.Latency{}, Now: func() time.Time { return noon }})
	client, err := raptclient.New(raptclient.Options{APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "brewer@example.com", APISecret: "demo-secret", Transport: cloud.Transport()})
	require.NoError(t, err)
	for _, f := range a.Families {
		list, err := f.List(t.Context(), client)
		require.NoError(t, err)
		for _, r := range list.Readings {
			d := a.Add(f, r.ID())
			require.True(t, d.Take(r))
			d.Learn(r, a.Steady(r.Activity()), noon, time.Time{})
		}
		f.Asked = noon
		f.Succeeded(noon)
		f.Held(len(f.Members) > 0, noon, time.Time{})
		a.Plan(f, noon)
	}
	return a
}

// kettle is the brewery's BrewZilla.
func kettle(a *Account) *Device { return a.Family(discovery.BrewZilla).Members[0] }

func TestDevicesAreFoundByTheirReference(t *testing.T) {
	a := brewery(t)
	d := kettle(a)
	assert.Same(t, d, a.Find(d.Ref))
	assert.Nil(t, a.Find(device.Ref{Family: discovery.Still, ID: d.ID}), "another family has it")
	n := 0
	for range a.Each {
		n++
	}
	assert.Equal(t, a.Devices(), n)
	a.Remove(d)
	assert.Nil(t, a.Find(d.Ref))
	assert.NotContains(t, a.Family(discovery.BrewZilla).Members, d)
}

func TestADeviceKeepsWhatIsKnownWhenItMoves(t *testing.T) {
	a := brewery(t)
	d := kettle(a)
	d.ClaimedBy = a.Family(discovery.Still)
	a.Remove(d)
	moved := a.Move(d)
	assert.Equal(t, device.Ref{Family: discovery.Still, ID: d.ID}, moved.Ref)
	assert.Equal(t, d.Estimator.LastReading(), moved.Estimator.LastReading())
	assert.Same(t, moved, a.Device(d.ID))
}

func TestAnOlderReadingIsPassedOver(t *testing.T) {
	a := brewery(t)
	d := kettle(a)
	require.True(t, d.Take(d.Reading), "the same again")
	var zero device.Reading
	fresh := &Device{Ref: d.Ref, Group: d.Group, Reading: zero}
	assert.True(t, fresh.Take(d.Reading), "the first is the newest")
	assert.Equal(t, "brewzilla 1", NameOf(zero, device.Ref{Family: discovery.BrewZilla, ID: "1"}), "while its name is unknown")
	assert.NotEmpty(t, d.Name())
}

func TestTheCloudsClockIsFollowed(t *testing.T) {
	a := brewery(t)
	d := kettle(a)
	last := d.Estimator.LastReading()
	assert.False(t, a.Follow(noon.Add(2*time.Second), noon), "whole seconds")
	assert.True(t, a.Follow(noon.Add(time.Hour), noon))
	assert.Equal(t, last.Add(-time.Hour), d.Estimator.LastReading())
	assert.Equal(t, noon, a.Steady(a.Cloud(noon)))
	assert.Equal(t, noon.Add(time.Hour), a.Cloud(noon))
	assert.False(t, a.Follow(noon.Add(200*365*24*time.Hour), noon), "not to be believed")
	assert.Zero(t, a.Steady(time.Time{}))
	assert.Zero(t, a.Cloud(time.Time{}))
}

func TestAFamilyThatIsDueIsAskedFor(t *testing.T) {
	a := brewery(t)
	plan := a.NextPoll(noon)
	assert.Equal(t, -1, plan.Ask, "all of it is fresh")
	assert.True(t, plan.Wake.After(noon))
	a.RefreshAll(noon, a.Families[0])
	plan = a.NextPoll(noon.Add(time.Minute))
	assert.NotEqual(t, -1, plan.Ask)
	assert.False(t, a.Families[0].Refresh)
}

func TestMissingRowsComeAfterPolls(t *testing.T) {
	a := brewery(t)
	next := a.NextPoll(noon).Wake
	assert.Zero(t, a.NextBackfill(noon, time.Time{}), "nothing is missing")
	assert.Equal(t, noon, a.NextBackfill(noon, noon))
	assert.Zero(t, a.NextBackfill(noon, next.Add(-time.Second)), "just before a poll")
	a.Gate.OnError(noon, noon, &raptclient.APIError{Status: 502}, true)
	assert.Zero(t, a.NextBackfill(noon, noon))
}

func TestThePendingWriteThatIsDueFirstIsReadBackFirst(t *testing.T) {
	a := brewery(t)
	at := func(d *Device, key string, now time.Time) {
		c := &command.Command{Request: command.Request{Ref: command.Ref{Ref: d.Ref, Key: key}}, Asked: command.Asked{Value: device.Number(37)}}
		d.Writes.Taken(c, true, d.Reading, now, 4)
		a.Await(d)
	}
	later := a.Family(discovery.FermentationChamber).Members[0]
	at(later, "target_temperature", noon.Add(time.Second))
	at(kettle(a), "pump_utilisation", noon)
	d, due := a.NextReadback(noon, command.Opening{})
	assert.Same(t, kettle(a), d)
	assert.Equal(t, d.Writes.NextReadback(), due)
	_, due = a.NextReadback(noon, command.Opening{Commands: noon.Add(time.Hour)})
	assert.Equal(t, noon.Add(time.Hour), due, "within the limits")
	assert.Equal(t, kettle(a).Writes.Ends(), a.PendingEnd())
	kettle(a).Writes.Clear()
	assert.Equal(t, later.Writes.Ends(), a.PendingEnd())
	later.Writes.Clear()
	assert.Zero(t, a.PendingEnd())
}

func TestWhatIsKnownOfTheAPISurvivesANewStart(t *testing.T) {
	a := brewery(t)
	a.Follow(noon.Add(time.Hour), noon)
	next := a.Anew(limit.NewRequestLog(240, 30))
	assert.Zero(t, next.Devices())
	assert.Equal(t, a.Skew, next.Skew)
	assert.Same(t, a.Gate.Health, next.Gate.Health)
}

// TestAPlanToRefreshIsWhatTheScheduleDoes: where the hour is short, polls are kept for the families that are still learned.
func TestAPlanToRefreshIsWhatTheScheduleDoes(t *testing.T) {
	a := brewery(t)
	now := noon.Add(10 * time.Second)
	assert.Contains(t, a.RefreshText(now, a.Families...), "for fresh readings now;")
	a.Gate.Requests.Reserve(noon)
	for a.Gate.Requests.Paced(now, 0).IsZero() {
		a.Gate.Requests.Record(noon, limit.ForPoll, false)
	}
	plan := a.RefreshPlan(now, a.Families...)
	a.RefreshAll(now, nil)
	assert.Equal(t, a.NextPoll(now).Wake, plan.At)
	assert.True(t, plan.At.After(now))
	learned := kettle(a).Group.Turn
	assert.Equal(t, noon, learned.At)
	assert.False(t, learned.Learn.IsZero(), "it is still to be learned")
}

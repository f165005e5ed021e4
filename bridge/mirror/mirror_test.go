package mirror

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// brewed is a device as the test says it is.
type brewed struct {
	discovery.Device
	state string
}

func (b *brewed) Describe() discovery.Device    { return b.Device }
func (b *brewed) AppendState(out []byte) []byte { return append(out, b.state...) }

// shown is a mirror with what it has published.
type shown struct {
	*Mirror
	topics    []string          // in their order
	published map[string]string // the last payload by topic
}

func newShown(announces bool) *shown {
	s := &shown{published: map[string]string{}}
	options := discovery.Options{Topics: discovery.Topics{Prefix: "rapt", DiscoveryPrefix: "homeassistant"}, Language: "en"}
	retain := func(topic string, payload []byte) {
		s.topics = append(s.topics, topic)
		s.published[topic] = string(payload)
	}
	s.Mirror = New(options, announces, retain, func(topic string, payload func() []byte) { retain(topic, payload()) })
	return s
}

// since are the topics that were published on since the last call.
func (s *shown) since() []string {
	topics := s.topics
	s.topics = nil
	return topics
}

// pill is a hydrometer with an id and a name.
func pill(id, name string) (*Device, *brewed) {
	source := &brewed{Device: discovery.Device{Family: discovery.Hydrometer, ID: id, Name: name}, state: `{"gravity":1.05}`}
	return NewDevice(device.Ref{Family: discovery.Hydrometer, ID: id}, source), source
}

const (
	config = "homeassistant/device/rapt_1/config"
	state  = "rapt/hydrometer/1/state"
)

func TestWhatHasNotChangedIsNotPublished(t *testing.T) {
	s := newShown(true)
	d, source := pill("1", "Pill")
	assert.True(t, s.Publish(d, noon, false))
	assert.Equal(t, []string{config, state}, s.since(), "the announcement first")
	assert.False(t, s.Publish(d, noon.Add(time.Minute), false))
	assert.Empty(t, s.since())
	source.state = `{"gravity":1.04}`
	assert.True(t, s.Publish(d, noon.Add(time.Minute), false))
	assert.Equal(t, []string{state}, s.since())
	assert.Equal(t, source.state, s.published[state])
	assert.False(t, s.Publish(d, noon.Add(time.Hour), true))
	assert.Equal(t, []string{config, state}, s.since(), "all of it, when somebody may have forgotten")
}

func TestAnAnnouncementKeepsItsDistance(t *testing.T) {
	s := newShown(true)
	d, source := pill("1", "Pill")
	s.Publish(d, noon, false)
	s.since()
	for _, name := range []string{"A", "B", "C"} {
		source.Name = name
		s.Publish(d, noon.Add(time.Second), false)
	}
	assert.Empty(t, s.since())
	due := s.Due()
	assert.True(t, !due.Before(noon.Add(configsApart)) && due.Before(noon.Add(configsApart+time.Second)), "%s", due)
	s.Deferred(due.Add(-1))
	assert.Empty(t, s.since())
	s.Deferred(due)
	assert.Equal(t, []string{config}, s.since())
	assert.Contains(t, s.published[config], `"C"`, "the last name is told")
	assert.Equal(t, due.Add(stateAfterConfig), s.Due(), "Home Assistant has to set it up")
	s.Deferred(s.Due())
	assert.Equal(t, []string{state}, s.since())
	assert.Zero(t, s.Due())
}

func TestWithoutDiscoveryNothingIsAnnounced(t *testing.T) {
	s := newShown(false)
	d, _ := pill("1", "Pill")
	s.Publish(d, noon, true)
	s.Bridge(noon)
	assert.Equal(t, []string{state}, s.since())
	assert.False(t, d.Announced())
}

func TestTheBridgesOwnAnnouncementWaitsToo(t *testing.T) {
	s := newShown(true)
	s.Bridge(noon)
	s.Bridge(noon.Add(time.Second))
	assert.Len(t, s.since(), 1)
	assert.Equal(t, noon.Add(configsApart), s.Due())
	s.Deferred(s.Due())
	assert.Len(t, s.since(), 1)
	assert.Zero(t, s.Due())
}

func TestAvailabilityIsPublishedWhenItTurns(t *testing.T) {
	s := newShown(true)
	d, _ := pill("1", "Pill")
	assert.False(t, s.Available(d, Online), "nobody knew otherwise")
	assert.Equal(t, "online", s.published["rapt/hydrometer/1/availability"])
	assert.False(t, s.Available(d, Online))
	assert.Len(t, s.since(), 1)
	assert.True(t, s.Available(d, Offline))
	assert.Equal(t, "offline", s.published["rapt/hydrometer/1/availability"])
}

func TestAStateIsPublishedOnceMoreForASlider(t *testing.T) {
	s := newShown(true)
	d, _ := pill("1", "Pill")
	s.Again(d)
	assert.Empty(t, s.since(), "nothing is there to return to")
	s.Publish(d, noon, false)
	s.since()
	s.Again(d)
	assert.Equal(t, []string{state}, s.since())
}

func TestDevicesOfOneNameAreToldApart(t *testing.T) {
	s := newShown(true)
	one, _ := pill("1", "Pill")
	two, second := pill("2", "Pill")
	s.Publish(one, noon, false)
	s.Distinguish([]*Device{one, two}, noon.Add(time.Minute))
	s.Publish(two, noon.Add(time.Minute), false)
	assert.NotEqual(t, one.Describe().Suffix, two.Describe().Suffix)
	second.Name = "Other"
	s.Distinguish([]*Device{one, two}, noon.Add(time.Hour))
	assert.Empty(t, two.Describe().Suffix, "it needs none any more")

	second.MAC = "02:00:00:00:00:01"
	other, third := pill("3", "Third")
	third.MAC = second.MAC
	s.Distinguish([]*Device{one, two, other}, noon.Add(time.Hour))
	assert.Empty(t, two.Describe().MAC, "it is no device's own")
}

func TestAMovedDeviceKeepsItsAnnouncement(t *testing.T) {
	s := newShown(true)
	d, source := pill("1", "Pill")
	s.Publish(d, noon, false)
	s.since()
	moved := NewDevice(device.Ref{Family: discovery.BondedDevice, ID: "1"}, source)
	moved.AdoptAnnouncement(d)
	assert.True(t, moved.Announced())
	s.Publish(moved, noon.Add(time.Minute), false)
	assert.Equal(t, []string{"rapt/bonded_device/1/state"}, s.since())
}

func TestNothingWaitsForAForgottenDevice(t *testing.T) {
	s := newShown(true)
	d, source := pill("1", "Pill")
	s.Publish(d, noon, false)
	source.Name = "Other"
	s.Publish(d, noon, false)
	require.NotZero(t, s.Due())
	s.Forget(d)
	assert.Zero(t, s.Due())
}

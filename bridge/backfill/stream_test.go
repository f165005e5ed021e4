package backfill

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/history"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// reading is the first reading of a hydrometer of the demo brewery.
func reading(t *testing.T) device.Reading {
	t.Helper()
	cloud := raptsim.New(raptsim.Options{Latency: &raptsim.Latency{}})
	client, err := raptclient.New(raptclient.Options{APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "brewer@example.com", APISecret: "demo-secret", Transport: cloud.Transport()})
	require.NoError(t, err)
	list, err := device.Families()[0].List(t.Context(), client)
	require.NoError(t, err)
	return list.Readings[0]
}

// stream is one that has taken a reading, with a clock that the test sets.
func stream(t *testing.T) (s *Stream, ref device.Ref, now *time.Time) {
	t.Helper()
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	r := reading(t)
	s = New(history.Options{Pace: time.Minute}, nil, func() time.Time { return at })
	ref = device.Ref{Family: device.Families()[0].Name, ID: r.ID()}
	s.Accept(device.Update{Ref: ref, Reading: r})
	return s, ref, &at
}

func TestRowsGoOneAfterTheOther(t *testing.T) {
	s, ref, now := stream(t)
	out, _, ok := s.Next(*now)
	require.True(t, ok)
	assert.Equal(t, ref, out.Ref)
	_, _, ok = s.Next(*now)
	assert.False(t, ok, "one is on its way")
	row, moved := s.Acknowledged(true, false)
	assert.True(t, moved)
	assert.Equal(t, out, row)
	_, _, ok = s.Next(*now)
	assert.False(t, ok, "that was all")
}

func TestARefusedRowGoesAgainLater(t *testing.T) {
	s, _, now := stream(t)
	out, _, _ := s.Next(*now)
	_, moved := s.Acknowledged(false, true)
	assert.False(t, moved)
	assert.Equal(t, now.Add(rowRetry), s.RetryAt())
	_, _, ok := s.Next(*now)
	assert.False(t, ok)
	*now = now.Add(rowRetry)
	again, _, ok := s.Next(*now)
	assert.True(t, ok)
	assert.Equal(t, out, again)
	s.Acknowledged(false, false)
	_, _, ok = s.Next(*now)
	assert.True(t, ok, "the broker was away: at once when it is back")
}

func TestADeviceThatNeverReportedHasNoRow(t *testing.T) {
	s := New(history.Options{}, nil, time.Now)
	s.Accept(device.Update{})
	_, _, ok := s.Next(time.Now())
	assert.False(t, ok)
}

func TestWithoutStatisticsNothingIsMade(t *testing.T) {
	s, ref, now := stream(t)
	s.Next(*now)
	s.Acknowledged(true, false)
	s.Hours.Make(now.Add(2*time.Hour), s.History)
	assert.Zero(t, s.Hours.Due())
	assert.Nil(t, s.Hours.Missing())
	s.Remove(ref)
	assert.Nil(t, s.History.Position(ref))
}

func TestWhatAnErrorSaysOfAQuestion(t *testing.T) {
	for _, c := range []struct {
		err  error
		want history.Failure
	}{
		{context.Canceled, history.Postponed},
		{&limit.RateLimitedError{}, history.Postponed},
		{&raptclient.BodyError{Problem: raptclient.BodyTooLarge}, history.TooLarge},
		{&raptclient.APIError{Status: 404}, history.Refused},
		{&raptclient.APIError{Status: 429}, history.Failed},
		{&raptclient.APIError{Status: 500}, history.Failed},
		{errors.New("no route to host"), history.Failed},
	} {
		assert.Equal(t, c.want, failureOf(c.err), "%v", c.err)
	}
}

package account

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
)

func TestNothingIsReadBackWithTheLastRequestsOfTheHour(t *testing.T) {
	a := brewery(t)
	d := kettle(a)
	c := &command.Command{Request: command.Request{Ref: command.Ref{Ref: d.Ref, Key: "pump_utilisation"}}, Asked: command.Asked{Value: device.Number(37)}}
	d.Writes.Taken(c, true, d.Reading, noon, 4)
	a.Await(d)
	now := noon.Add(10 * time.Minute)
	next, at := a.NextReadback(now, a.Opening(now))
	require.Same(t, d, next)
	require.False(t, at.After(now))
	for i := 0; a.Gate.Requests.Readbacks(now) > 0; i++ {
		a.Gate.Requests.Record(noon.Add(time.Duration(i)*time.Second), limit.ForCommand, false)
	}
	require.True(t, a.Gate.Requests.Allows(now, limit.ForCommand, false), "a command may still leave")
	next, _ = a.NextReadback(now, a.Opening(now))
	assert.Nil(t, next)
}

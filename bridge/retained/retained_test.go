package retained

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

func TestTheAccountsHashNamesNobody(t *testing.T) {
	hash := AccountHash("Brewer@Example.com ", "rapt")
	assert.Len(t, hash, 32)
	assert.Equal(t, hash, AccountHash("brewer@example.com", "rapt"))
	assert.NotEqual(t, hash, AccountHash("brewer@example.com", "cellar"), "the prefix is its salt")
	assert.NotEqual(t, hash, AccountHash("brewer2@example.com", "rapt"))
}

var topics = discovery.Topics{Prefix: "rapt", DiscoveryPrefix: "homeassistant"}

const id = "0b1d1a4e-8f4e-4b8f-9a54-1f8f8f1f0001"

func ref(family discovery.Family) device.Ref { return device.Ref{Family: family, ID: id} }

func TestTheDocumentIsReadBack(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	s := State{Version: "1", Instance: "m", Account: "abc", HeatingOn: []string{"brewzilla/1"}, Requests: limit.NewRequestLog(240, 30).Save(at, at)}
	e := NewEarlier(topics)
	assert.True(t, e.Collect(topics.BridgeState(), s.JSON()))
	require.NotNil(t, e.Requests)
	assert.Equal(t, at, e.Requests.At.UTC())
	assert.Equal(t, "abc", e.Account)
	assert.Equal(t, s.HeatingOn, e.HeatingOn)
	instance, account, ok := Author(s.JSON())
	assert.True(t, ok)
	assert.Equal(t, []string{"m", "abc"}, []string{instance, account})
}

func TestTheTimeOfTheRequestLogAloneIsNoChange(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	one, other := State{Devices: 3}, State{Devices: 3}
	other.Requests.At = at
	assert.True(t, SameState(one.JSON(), other.JSON()))
	other.Devices = 4
	assert.False(t, SameState(one.JSON(), other.JSON()))
	assert.False(t, SameState(one.JSON(), nil), "nothing was published")
}

func TestTimesAreToTheSecond(t *testing.T) {
	assert.Nil(t, ToTheSecond(time.Time{}))
	at := time.Date(2026, 11, 22, 13, 0, 0, 999, time.FixedZone("CET", 3600))
	assert.Equal(t, time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), *ToTheSecond(at))
}

func TestGarbageIsPassedOver(t *testing.T) {
	for _, garbage := range []string{"", "{", "null", "[]", `{"ledger":3}`, `{"ledger":null,"account":"abc"}`} {
		e := NewEarlier(topics)
		assert.True(t, e.Collect(topics.BridgeState(), []byte(garbage)), "it is to be collected all the same")
		assert.Nil(t, e.Requests, garbage)
		assert.Empty(t, e.Account, garbage)
	}
	_, _, ok := Author([]byte("{"))
	assert.False(t, ok)
}

// own is an announcement of the bridge's own, whose state is on a topic.
func own(t *testing.T, state string) []byte {
	doc, err := json.Marshal(map[string]any{"state_topic": state, "origin": map[string]string{"name": "rapt-bridge"}})
	require.NoError(t, err)
	require.True(t, discovery.Own(doc))
	return doc
}

func TestWhatWasLeftIsKnown(t *testing.T) {
	e := NewEarlier(topics)
	assert.True(t, e.Collect(topics.State("hydrometer", id), []byte(`{"last_activity":"2026-11-22T12:00:00Z"}`)))
	assert.True(t, e.Collect(topics.History("still", id), []byte(`{"until":null}`)))
	assert.True(t, e.Collect(topics.Config(id), own(t, topics.State("hydrometer", id))))
	assert.True(t, e.Collect(topics.Config("2"), own(t, topics.State("brewzilla", "2"))))
	assert.False(t, e.Collect(topics.Command("hydrometer", id, "name"), []byte("x")), "a command is nothing to collect")
	assert.Equal(t, map[device.Ref]string{
		ref("hydrometer"): topics.Config(id), ref("still"): "", {Family: "brewzilla", ID: "2"}: topics.Config("2"),
	}, e.Known(true))
	assert.Equal(t, map[device.Ref]string{ref("hydrometer"): "", ref("still"): ""}, e.Known(false))
	assert.ElementsMatch(t, []string{topics.Config(id), topics.Config("2")}, e.Announcements())
	assert.Equal(t, 12, e.Devices[ref("hydrometer")].LastActivity.Hour())
}

func TestWhatBelongsToOthersIsNotKnown(t *testing.T) {
	e := NewEarlier(topics)
	assert.True(t, e.Collect(topics.Config("1"), []byte(`{"origin":{"name":"zigbee2mqtt"},"state_topic":"rapt/still/1/state"}`)))
	assert.True(t, e.Collect(topics.Config("2"), own(t, "cellar/still/2/state")), "another bridge's on this broker")
	assert.True(t, e.Collect(topics.BridgeConfig(), own(t, "rapt/still/3/state")), "the bridge's own device is none of the account")
	assert.Empty(t, e.Known(true))
	assert.Empty(t, e.Announcements())
}

func TestNoMoreIsKeptThanABrewery(t *testing.T) {
	e := NewEarlier(topics)
	for i := range maxDevices + 10 {
		e.Collect(topics.State("still", fmt.Sprint(i)), []byte("{}"))
	}
	assert.Len(t, e.Devices, maxDevices)
	e = NewEarlier(topics)
	e.Collect(topics.State("still", strings.Repeat("x", MaxID+1)), []byte("{}"))
	e.Collect(topics.History("still", strings.Repeat("x", MaxID+1)), []byte("{}"))
	assert.Empty(t, e.Known(true))
}

func TestWhatTheDemoLeftCountsForItsOwnBridgeAlone(t *testing.T) {
	for account, kept := range map[string]bool{DemoAccount: true, AccountHash("brewer@example.com", "rapt"): false} {
		e := NewEarlier(discovery.Topics{})
		e.Collect("rapt/bridge/state", []byte(`{"account":"demo","heating_on":["brewzilla/1"],"ledger":{"at":"2026-11-22T12:00:00Z"}}`))
		e.TakenOverBy(account)
		assert.Equal(t, kept, e.Requests != nil)
		assert.Equal(t, kept, len(e.HeatingOn) == 1)
	}
}

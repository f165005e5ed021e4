package limit

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// refuse has endpoints answer 403, one after the other.
func refuse(h *Health, endpoints ...string) {
	for _, endpoint := range endpoints {
		h.OnError(noon, noon, answeredOn(endpoint, 403))
	}
}

func TestAllListsAndNothingElseAreLists(t *testing.T) {
	var asked string
	c, err := raptclient.New(raptclient.Options{
		APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "brewer@example.com", APISecret: "demo-secret",
		Transport: raptsim.New(raptsim.Options{Latency: &raptsim.Latency{}}).Transport(),
		Answered:  func(e raptclient.Exchange) { asked = e.Endpoint },
	})
	require.NoError(t, err)
	for _, list := range []func(context.Context) error{
		listOf(c.Hydrometers.List), listOf(c.TemperatureControllers.List), listOf(c.FermentationChambers.List), listOf(c.BrewZillas.List),
		listOf(c.Stills.List), listOf(c.CanFillers.List), listOf(c.BondedDevices.List), listOf(c.ExternalDevices.List),
	} {
		require.NoError(t, list(t.Context()))
		assert.True(t, isList(asked), asked)
	}
	for _, endpoint := range []string{"Hydrometers/GetTelemetry", "Hydrometers/GetHydrometer", "ExternalDevices/Get", "Stills/SetPumpEnabled", raptclient.SignInEndpoint, ""} {
		assert.False(t, isList(endpoint), endpoint)
	}
}

func listOf[L any](list func(context.Context) (L, error)) func(context.Context) error {
	return func(ctx context.Context) error { _, err := list(ctx); return err }
}

func TestListsThatAreClosedToTheAccountSayNothingOfIt(t *testing.T) {
	h := NewHealth()
	h.lists.listAnswered("Hydrometers/GetHydrometers")
	h.OnSuccess()
	refuse(h, "Stills/GetStills", "CanFillers/GetCanFillers")
	h.OnSuccess()
	refuse(h, "Hydrometers/GetHydrometers", "Stills/GetStills", "CanFillers/GetCanFillers")
	assert.Equal(t, OK, h.Status, "they were closed before")
	refuse(h, "BrewZillas/GetBrewZillas")
	assert.Equal(t, Rejected, h.Status)
	h.OnSuccess()
	h.lists.listAnswered("Stills/GetStills")
	refuse(h, "Stills/GetStills")
	h.lists.listAnswered("Hydrometers/GetHydrometers")
	refuse(h, "Hydrometers/GetHydrometers")
	assert.Equal(t, Rejected, h.Status, "both were answered since")
}

func TestAnAccountWithoutAnyAnswerIsRefusedAfterFourLists(t *testing.T) {
	h := NewHealth()
	refuse(h, "Hydrometers/GetHydrometers", "TemperatureControllers/GetTemperatureControllers", "FermentationChambers/GetFermentationChambers")
	assert.Equal(t, SignedOut, h.Status)
	assert.True(t, h.NextPoll(noon, noon).IsZero())
	refuse(h, "BrewZillas/GetBrewZillas")
	assert.Equal(t, Rejected, h.Status)
}

func TestWhatSwitchesOffIsTriedWhileTheAccountIsRefused(t *testing.T) {
	h := NewHealth()
	h.OnError(noon, noon, &raptclient.SignInError{Status: 403})
	assert.Equal(t, noon.Add(time.Hour), h.NextCommand(ForCommand))
	assert.Equal(t, noon, h.NextCommand(ForOff), "at once,")
	h.onStatus(noon, raptclient.Exchange{Request: raptclient.Request{Endpoint: "BrewZillas/SetHeatingEnabled"}, Status: 403})
	refuse(h, "BrewZillas/SetHeatingEnabled")
	assert.Equal(t, noon.Add(30*time.Second), h.NextCommand(ForOff), "and then again")
	assert.Contains(t, h.Reason, "this account altogether")
	assert.Equal(t, forbidden(), h.Explanation)
	h.OnError(noon, noon, &raptclient.SignInError{Status: 403})
	assert.Equal(t, noon.Add(30*time.Second), h.NextCommand(ForOff))
	h.OnError(noon, noon, limitedFor(7*time.Minute))
	assert.Equal(t, noon.Add(7*time.Minute), h.NextCommand(ForOff), "but not before the time that a 429 says")
	later := noon.Add(7 * time.Minute)
	h.OnError(later, later, &raptclient.SignInError{Rejected: true})
	assert.Equal(t, later.Add(15*time.Minute), h.NextCommand(ForOff), "nor with a secret that is wrong")
}

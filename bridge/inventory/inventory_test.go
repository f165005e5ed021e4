package inventory

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// account is a client of a simulated cloud.
func account(t *testing.T) (*raptclient.Client, *raptsim.Cloud) {
	t.Helper()
	cloud := raptsim.New(raptsim.Options{Latency: &raptsim.Latency{}})
	client, err := raptclient.New(raptclient.Options{APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "brewer@example.com", APISecret: "demo-secret", Transport: cloud.Transport()})
	require.NoError(t, err)
	return client, cloud
}

func TestEveryDeviceIsListedInTheOrderOfTheFamilies(t *testing.T) {
	client, _ := account(t)
	devices, err := Devices(t.Context(), client)
	require.NoError(t, err)
	require.NotEmpty(t, devices)
	at := map[discovery.Family]int{}
	for i, f := range discovery.Families() {
		at[f] = i
	}
	last := 0
	for _, d := range devices {
		assert.GreaterOrEqual(t, at[d.Family], last, "%s", d.Name)
		last = at[d.Family]
		assert.NotEmpty(t, d.Name)
	}
}

func TestAListThatCannotBeReadIsNamed(t *testing.T) {
	client, cloud := account(t)
	cloud.Inject(raptsim.Fault{Path: "Stills/GetStills", Status: 403})
	_, err := Devices(t.Context(), client)
	assert.ErrorContains(t, err, "the list of family still")
}

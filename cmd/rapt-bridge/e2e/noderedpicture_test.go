package e2e

import (
	"errors"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func TestPictureOfAFlow(t *testing.T) {
	if *pictures == "" {
		t.Skip("for make screenshots: the flow runs in another test")
	}
	t.Parallel()
	nw := newNetwork(t, t)
	broker := startMosquitto(t, t, mosquittoOptions{network: nw})
	cloud := startCloud(t, t, raptsim.Options{})
	startBridge(t, t, cloud.account().with(settings{"MQTT_URL": broker.url()}))
	mirrored(t, newMQTTClient(t, t, broker, "", ""), "rapt", len(cloud.devices(t)))
	flows := exampleFlows(t)
	red := startNodeRED(t, nw, flows)
	tab := startChromium(t, t, nw).tab(t, desktop)
	mash := nodeNamed(t, flows, "function", "Step mash")["z"].(string)
	require.NoError(t, chromedp.Do(tab, chromedp.Navigate("http://nodered:1880/#flow/"+mash)))
	red.press(t, nodeNamed(t, flows, "inject", "Start the mash")["id"].(string))
	within(t, patience, "the editor", func() error {
		text, err := visibleText(tab)
		if err != nil {
			return err
		}
		if !strings.Contains(text, "Start the mash") || !strings.Contains(text, "°C") {
			return errors.New("the flow is not shown yet")
		}
		return nil
	})
	t.Log(picture(t, tab, "node-red-step-mash"))
}

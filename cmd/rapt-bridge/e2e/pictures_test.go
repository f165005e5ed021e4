package e2e

import (
	"errors"
	"testing"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func TestPictureOfADevicePage(t *testing.T) {
	t.Parallel()
	b := sharedBrewery(t)
	browser := startChromium(t, t, b.network)
	watcher := b.watch(t)
	mirrored(t, watcher, "rapt", len(b.cloud.devices(t)))
	for _, c := range []struct {
		name   string
		family string
		view   viewport
	}{
		{"device-fermentation-chamber", raptsim.FermentationChamber, desktop},
		{"device-fermentation-chamber-dark", raptsim.FermentationChamber, viewport{width: 1280, height: 900, scale: 1, dark: true}},
		{"device-pill-phone", raptsim.Hydrometer, phone},
	} {
		t.Run(c.name, func(t *testing.T) {
			device := b.cloud.device(t, c.family)
			tab := browser.tab(t, c.view)
			b.assistant.signIn(t, tab)
			within(t, patience, "the device", func() error {
				if b.assistant.devices(t)["rapt_"+device.ID].ID == "" {
					return errors.New("not there yet")
				}
				return nil
			})
			b.assistant.open(t, tab, "/config/devices/device/"+b.assistant.devices(t)["rapt_"+device.ID].ID, device.Name, "°C")
			t.Log(picture(t, tab, c.name))
		})
	}
	t.Run("devices", func(t *testing.T) {
		tab := browser.tab(t, desktop)
		b.assistant.signIn(t, tab)
		b.assistant.open(t, tab, "/config/devices/dashboard", "Fermentation Fridge", "KegLand")
		t.Log(picture(t, tab, "devices"))
	})
}

package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func TestPictureOfTheDevices(t *testing.T) {
	t.Parallel()
	b := sharedBrewery(t)
	browser := startChromium(t, t, b.network)
	watcher := b.watch(t)
	mirrored(t, watcher, "rapt", len(b.cloud.devices(t)))
	for _, family := range []string{raptsim.FermentationChamber, raptsim.Hydrometer} {
		t.Run(family, func(t *testing.T) {
			tab := browser.tab(t, desktop)
			b.assistant.signIn(t, tab)
			b.openDevice(t, tab, b.cloud.device(t, family))
		})
	}
	t.Run("all", func(t *testing.T) {
		tab := browser.tab(t, desktop)
		b.assistant.signIn(t, tab)
		b.assistant.open(t, tab, "/config/devices/dashboard", "Fermentation Fridge", "KegLand")
		t.Log(picture(t, tab, "devices"))
	})
}

// openDevice opens a device's page in Home Assistant.
func (b *brewery) openDevice(t testing.TB, tab context.Context, device raptsim.Info) {
	t.Helper()
	within(t, patience, "the device", func() error {
		if b.assistant.devices(t)["rapt_"+device.ID].ID == "" {
			return errors.New("not there yet")
		}
		return nil
	})
	b.assistant.open(t, tab, "/config/devices/device/"+b.assistant.devices(t)["rapt_"+device.ID].ID, device.Name, "°C")
}

// A lager that slows down, in a fridge: nothing on the pages of the two is unknown.
func TestPictureOfADevicePage(t *testing.T) {
	if *pictures == "" {
		t.Skip("for make screenshots: the pages are opened by another test, and what is unknown is counted by a third")
	}
	t.Parallel()
	h := startHome(t, t, homeAssistantOptions{})
	browser := startChromium(t, t, h.network)
	lager := raptsim.FermentingBrewery()[:2]
	lager[0].Profile = true
	// The lager slows down after some 115.5 hours, which is an event.
	b := &brewery{home: h, cloud: startCloud(t, t, raptsim.Options{
		Devices: lager, OneBatch: true, CommandDelay: -1, ReportLagMax: -1, Telemetry: raptsim.Telemetry{Past: 115 * time.Hour},
	})}
	b.bridge = startBridge(t, t, b.cloud.account().with(h.settings()))
	watcher := h.watch(t)
	h.assistant.waitForState(t, 2*patience, "sensor.lager_pill_expected_end", func(s entityState) bool { return strings.HasPrefix(s.State, "20") })
	within(t, 3*time.Minute, "the beer slows down, and nothing is unknown", func() error {
		states, unknown := h.assistant.states(t), []string{}
		for id, s := range states {
			if strings.Contains(id, ".lager_") && s.State == "unknown" && !strings.HasPrefix(id, "button.") {
				unknown = append(unknown, id)
			}
		}
		if states["sensor.lager_pill_stage"].State == "active" {
			b.cloud.forward(t, 10*time.Minute)
			watcher.publish(t, discovery.Topics{}.BridgeCommand("refresh"), "PRESS", false)
			time.Sleep(4 * time.Second)
		}
		if len(unknown) > 0 {
			return fmt.Errorf("unknown: %s", unknown)
		}
		return nil
	})
	for _, c := range []struct {
		name, family string
		view         viewport
	}{
		{"device-fermentation-chamber", raptsim.FermentationChamber, desktop},
		{"device-fermentation-chamber-dark", raptsim.FermentationChamber, viewport{width: 1280, height: 900, scale: 1, dark: true}},
		{"device-pill-phone", raptsim.Hydrometer, phone},
	} {
		t.Run(c.name, func(t *testing.T) {
			tab := browser.tab(t, c.view)
			h.assistant.signIn(t, tab)
			b.openDevice(t, tab, b.cloud.device(t, c.family))
			t.Log(picture(t, tab, c.name))
		})
	}
}

// The month before a new installation, in Home Assistant's statistics: without the bridge's access to them and with it.
func TestPictureOfTheMonthBefore(t *testing.T) {
	if *pictures == "" {
		t.Skip("for make screenshots: the statistics themselves have a test")
	}
	t.Parallel()
	h := startHome(t, t, homeAssistantOptions{})
	browser := startChromium(t, t, h.network)
	month := monthOld()
	month.Devices[0].Miss = 0 // an hour with a lost reading is filled when the cloud has been asked for it three times
	b := &brewery{home: h, cloud: startCloud(t, t, month)}
	b.bridge = startBridge(t, t, b.cloud.account().with(h.settings()))
	pill := b.cloud.device(t, raptsim.Hydrometer).ID
	gravity := h.assistant.entityID(t, "rapt_"+pill+"_gravity")
	h.assistant.waitForState(t, patience, gravity, isNumber)
	h.assistant.addDashboard(t, "month-before", fmt.Appendf(nil, `
views:
  - title: Batch
    path: batch
    type: sections
    max_columns: 1
    sections:
      - cards:
          - type: statistics-graph
            title: The last 30 days
            days_to_show: 30
            period: hour
            stat_types: [mean]
            entities: [%s]
            grid_options: {columns: full}
`, gravity))
	take := func(name string) {
		tab := browser.tab(t, viewport{width: 560, height: 430, scale: 1})
		h.assistant.signIn(t, tab)
		h.assistant.open(t, tab, "/month-before/batch", "The last 30 days")
		t.Log(picture(t, tab, name))
	}
	take("month-before-without")
	b.bridge.stop(t)
	b.bridge = startBridge(t, t, b.cloud.account().with(h.withStatistics()))
	within(t, 3*patience, "a month of statistics", func() error {
		if hours, _ := h.assistant.statistics(t, gravity); len(hours) < 30*24-2 {
			return fmt.Errorf("%d hours", len(hours))
		}
		return nil
	})
	take("month-before-with")
}

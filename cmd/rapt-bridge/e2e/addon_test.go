package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	dockercontainer "github.com/moby/moby/api/types/container"
	dockernet "github.com/moby/moby/api/types/network"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/network"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// The options as the Supervisor gives them: those of a form in which only the account is filled in, but for the intervals.
const addOnOptions = `{"rapt":{"username":"brewer@example.com","api_secret":"demo-secret","min_poll_interval":"1s","max_poll_interval":"5s",
	"max_requests_per_hour":1000},"mqtt":{"url":"","username":"","password":""},"homeassistant":{},"control":{},"log":{}}`

// The image on the Supervisor's own network, with its options in a file for root alone, as the Supervisor writes it.
func TestTheAddOnRunsFromItsOptionsAlone(t *testing.T) {
	t.Parallel()
	image := testImage(t)
	supervisor := filepath.Join(t.TempDir(), "supervisor")
	build := exec.Command("go", "build", "-o", supervisor, "./testdata/supervisor")
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)

	ctx := t.Context()
	nw, err := network.New(ctx, network.WithIPAM(&dockernet.IPAM{Config: []dockernet.IPAMConfig{{
		Subnet: netip.MustParsePrefix("172.30.32.0/23"), Gateway: netip.MustParseAddr("172.30.32.1"), IPRange: netip.MustParsePrefix("172.30.33.0/24"),
	}}}))
	require.NoError(t, err)
	t.Cleanup(func() { _ = exec.Command("docker", "network", "rm", nw.Name).Run() })
	broker := startMosquitto(t, t, mosquittoOptions{network: nw, users: map[string]string{"addons": "hops-and-malt", "watcher": "watcher"}})

	assistant := startHomeAssistant(t, t, homeAssistantOptions{network: nw})
	assistant.addMQTT(t, "watcher", "watcher")

	const token = "token-of-the-add-on"
	proxy := freePort(t)
	stand := startContainer(t, t, mosquittoImage, map[int]int{80: proxy},
		network.WithNetwork([]string{"supervisor"}, nw),
		testcontainers.WithEndpointSettingsModifier(func(settings map[string]*dockernet.EndpointSettings) {
			settings[nw.Name].IPAMConfig = &dockernet.EndpointIPAMConfig{IPv4Address: netip.MustParseAddr("172.30.32.2")}
		}),
		testcontainers.WithFiles(testcontainers.ContainerFile{HostFilePath: supervisor, ContainerFilePath: "/supervisor", FileMode: 0o755}),
		testcontainers.WithEntrypoint("/supervisor"), testcontainers.WithCmd(),
		testcontainers.WithEnv(map[string]string{"TOKEN": token, "OPTIONS": addOnOptions, "HOME_TOKEN": assistant.tokens.Access,
			"BROKER": `{"host":"mosquitto","port":"1883","ssl":false,"username":"addons","password":"hops-and-malt","protocol":"3.1.1"}`}))

	page := freePort(t)
	addOn := startContainer(t, t, image, map[int]int{8099: page},
		network.WithNetwork([]string{"addon"}, nw),
		testcontainers.WithHostConfigModifier(func(h *dockercontainer.HostConfig) { h.Init = new(true) }),
		testcontainers.WithFiles(testcontainers.ContainerFile{Reader: file("", addOnOptions).Reader, ContainerFilePath: "/data/options.json", FileMode: 0o600}),
		testcontainers.WithEnv(map[string]string{"SUPERVISOR_TOKEN": token,
			"RAPT_BRIDGE_RAPT_API_URL": "http://supervisor:8080", "RAPT_BRIDGE_RAPT_AUTH_URL": "http://supervisor:8080"}))
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the add-on:\n%s\nthe Supervisor:\n%s", addOn.logText(t), stand.logText(t))
		}
	})

	watcher := newMQTTClient(t, t, broker, "watcher", "watcher")
	watcher.waitFor(t, patience, "rapt/bridge/availability", equal("online"))
	mirrored(t, watcher, "rapt", len(raptsim.New(raptsim.Options{}).Devices()))
	healthy(t, addOn)
	watcher.waitFor(t, patience, "homeassistant/device/rapt_bridge/config", func(payload string) bool {
		return strings.Contains(payload, "Letzter Fehler") // in the language of Home Assistant
	})

	status, body := get(t, fmt.Sprintf("http://127.0.0.1:%d/api/hassio_ingress/a-token/", proxy))
	assert.Equal(t, http.StatusOK, status, "from the Supervisor's proxy")
	assert.Contains(t, body, "Fermentation Fridge")
	status, _ = get(t, fmt.Sprintf("http://127.0.0.1:%d/", page))
	assert.Equal(t, http.StatusForbidden, status, "from anybody else")

	// With the Supervisor's token alone, days from before the start are in Home Assistant's statistics.
	within(t, 3*patience, "a day of statistics from before the add-on's start", func() error {
		most := 0
		for uniqueID, row := range assistant.entities(t) {
			if strings.HasPrefix(uniqueID, "rapt_") && strings.HasSuffix(uniqueID, "temperature") {
				hours, _ := assistant.statistics(t, row.EntityID)
				most = max(most, len(hours))
			}
		}
		if most < 24 {
			return fmt.Errorf("%d hours at the most", most)
		}
		return nil
	})

	for _, secret := range []string{token, assistant.tokens.Access, "demo-secret", "hops-and-malt", "brewer@example.com"} {
		assert.NotContains(t, addOn.logText(t), secret)
	}
}

func get(t testing.TB, url string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	content, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(content)
}

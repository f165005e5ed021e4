package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/network"
)

const homeAssistantImage = "homeassistant/home-assistant:2026.11"

// homeAssistantOptions says how a Home Assistant is started.
type homeAssistantOptions struct {
	network       *testcontainers.DockerNetwork // where it is known as "homeassistant" and finds "mosquitto"
	configuration string                        // more of configuration.yaml
	files         map[string]string             // more files, by their path under /config
	fahrenheit    bool                          // the home has US customary units
}

// homeAssistant is a running Home Assistant with one user, who is signed in.
type homeAssistant struct {
	*container
	base   string // its address, as this process reaches it
	http   *http.Client
	client string // the client id of the tokens, an address
	tokens tokens
}

// tokens are what Home Assistant's sign-in answers.
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Type    string `json:"token_type"`
	Expires int    `json:"expires_in"`
}

// baseConfiguration loads what dashboards, automations and history need and nothing that asks the internet.
const baseConfiguration = `
homeassistant:
  name: Brewery
  unit_system: metric
  time_zone: Europe/Berlin
  country: DE
  language: en
http:
frontend:
api:
config:
history:
logbook:
webhook:
recorder:
  commit_interval: 1
automation: !include automations.yaml
script: !include scripts.yaml
template:
`

// units gives a configuration the home's unit system.
func (o homeAssistantOptions) units(configuration string) string {
	if o.fahrenheit {
		return strings.Replace(configuration, "unit_system: metric", "unit_system: us_customary", 1)
	}
	return configuration
}

// onboarding marks as done those steps that would add integrations which call out.
const onboarding = `{"version":4,"minor_version":1,"key":"onboarding","data":{"done":["core_config","integration","analytics"]}}`

// startHomeAssistant runs a Home Assistant, makes its user, signs in, and returns when it is running. It has no MQTT
// until addMQTT.
func startHomeAssistant(t testing.TB, s scope, o homeAssistantOptions) *homeAssistant {
	t.Helper()
	needDocker(t)
	files := map[string]string{
		"configuration.yaml":  o.units(baseConfiguration) + o.configuration,
		"automations.yaml":    "[]\n",
		"scripts.yaml":        "{}\n",
		".storage/onboarding": onboarding,
	}
	for path, content := range o.files {
		files[path] = content
	}
	options := []testcontainers.ContainerCustomizer{network.WithNetwork([]string{"homeassistant"}, o.network)}
	for path, content := range files {
		options = append(options, testcontainers.WithFiles(file("/config/"+path, content)))
	}
	port := freePort(t)
	h := &homeAssistant{
		base: fmt.Sprintf("http://127.0.0.1:%d", port),
		http: &http.Client{Timeout: 60 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}},
	}
	h.client = h.base + "/"
	h.container = startContainer(t, s, homeAssistantImage, map[int]int{8123: port}, options...)
	within(t, 5*time.Minute, "Home Assistant answers", func() error {
		return h.request(http.MethodGet, "/api/onboarding", nil, nil)
	})

	var user struct {
		Code string `json:"auth_code"`
	}
	require.NoError(t, h.request(http.MethodPost, "/api/onboarding/users", map[string]string{
		"client_id": h.client, "name": "Brewer", "username": "brewer", "password": "malt-and-hops", "language": "en",
	}, &user), "make the first user")
	require.NoError(t, h.form("/auth/token", url.Values{
		"client_id": {h.client}, "grant_type": {"authorization_code"}, "code": {user.Code},
	}, &h.tokens), "sign in")
	h.ready(t)
	return h
}

// renewToken signs in anew: a token lives for half an hour.
func (h *homeAssistant) renewToken(t testing.TB) {
	t.Helper()
	require.NoError(t, h.form("/auth/token", url.Values{
		"client_id": {h.client}, "grant_type": {"refresh_token"}, "refresh_token": {h.tokens.Refresh},
	}, &h.tokens), "sign in anew")
}

// ready waits until Home Assistant says that it is running.
func (h *homeAssistant) ready(t testing.TB) {
	t.Helper()
	within(t, 5*time.Minute, "Home Assistant is running", func() error {
		var state struct {
			State string `json:"state"`
		}
		if err := h.request(http.MethodGet, "/api/config", nil, &state); err != nil {
			return err
		}
		if state.State != "RUNNING" {
			return fmt.Errorf("it is %s", state.State)
		}
		return nil
	})
}

// restart stops Home Assistant as an administrator would, starts it and waits until it runs.
func (h *homeAssistant) restart(t testing.TB) {
	t.Helper()
	h.ready(t)
	h.stop(t)
	h.start(t)
	h.ready(t)
}

// addMQTT sets the MQTT integration up with the broker called "mosquitto" on its network, and returns its entry id.
func (h *homeAssistant) addMQTT(t testing.TB, username, password string) string {
	t.Helper()
	var flow struct {
		ID     string         `json:"flow_id"`
		Type   string         `json:"type"`
		Errors map[string]any `json:"errors"`
		Result struct {
			EntryID string `json:"entry_id"`
		} `json:"result"`
	}
	h.must(t, http.MethodPost, "/api/config/config_entries/flow", map[string]any{"handler": "mqtt"}, &flow)
	broker := map[string]any{
		"broker": "mosquitto", "port": 1883, "protocol": "5",
		"other_settings": map[string]any{"set_client_cert": false, "set_ca_cert": "off", "transport": "tcp"},
	}
	if username != "" {
		broker["username"], broker["password"] = username, password
	}
	h.must(t, http.MethodPost, "/api/config/config_entries/flow/"+flow.ID, broker, &flow)
	require.Equal(t, "create_entry", flow.Type, "MQTT integration: %v", flow.Errors)
	return flow.Result.EntryID
}

// reload reloads a config entry, which makes Home Assistant take its entities up anew.
func (h *homeAssistant) reload(t testing.TB, entryID string) {
	t.Helper()
	h.must(t, http.MethodPost, "/api/config/config_entries/entry/"+entryID+"/reload", map[string]any{}, nil)
}

// entityState is one row of Home Assistant's states.
type entityState struct {
	EntityID   string         `json:"entity_id"`
	State      string         `json:"state"`
	Attributes map[string]any `json:"attributes"`
}

// states are the states of all entities that are enabled, by entity id.
func (h *homeAssistant) states(t testing.TB) map[string]entityState {
	t.Helper()
	var rows []entityState
	h.must(t, http.MethodGet, "/api/states", nil, &rows)
	states := make(map[string]entityState, len(rows))
	for _, row := range rows {
		states[row.EntityID] = row
	}
	return states
}

// waitForState waits until an entity's state satisfies accept.
func (h *homeAssistant) waitForState(t testing.TB, limit time.Duration, entityID string, accept func(entityState) bool) entityState {
	t.Helper()
	var found entityState
	within(t, limit, entityID, func() error {
		if err := h.request(http.MethodGet, "/api/states/"+entityID, nil, &found); err != nil {
			return err
		}
		if !accept(found) {
			return fmt.Errorf("it is %q %v", found.State, found.Attributes)
		}
		return nil
	})
	return found
}

// callService calls an action of Home Assistant, such as "climate", "set_temperature".
func (h *homeAssistant) callService(t testing.TB, domain, service string, data map[string]any) {
	t.Helper()
	h.must(t, http.MethodPost, "/api/services/"+domain+"/"+service, data, nil)
}

var (
	colour = regexp.MustCompile("\x1b\\[[0-9;]*m")
	// A log line with its level and logger: 2026-11-22 04:40:00.123 WARNING (MainThread) [homeassistant.setup] …
	complaint = regexp.MustCompile(`^\d{4}-\d\d-\d\d \S+ (WARNING|ERROR|CRITICAL) \([^)]*\) \[([^]]+)\]`)
	anyLine   = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:`)
	// The image's own: what it lacks, what its recorder says after a stop, and a name that its frontend's pictures come from
	// and that can't be looked up here when a page is closed meanwhile.
	imageOwn = regexp.MustCompile(`zlib|ffmpeg|libturbojpeg|marketplace|recorder\.util|OSError exception in shielded future`)
	// The machine's: what took longer than Home Assistant likes while other tests ran.
	busy = regexp.MustCompile(`Updating state for \S+ \([^)]*\) took|is taking over \d+ seconds|Did not receive auth message|is taking longer than \S+ seconds|took longer than the scheduled update interval|` +
		`Waiting for integrations to complete setup|Setup timed out for|Timed out waiting for .* to|still running|No ACK from MQTT server|Client unable to keep up|Timeout preparing request`)
)

// mark is how long Home Assistant's log is now.
func (h *homeAssistant) mark(t testing.TB) int {
	t.Helper()
	return len(h.logText(t))
}

// complaints are the warnings and errors in Home Assistant's log since a mark, each with the lines that belong to it,
// without those that the image or a busy machine causes. Home Assistant says there what is wrong with a config or a state, so there
// should be none.
func (h *homeAssistant) complaints(t testing.TB, mark int) []string {
	t.Helper()
	var found []string
	open := false
	for line := range strings.Lines(colour.ReplaceAllString(h.logText(t)[mark:], "")) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case complaint.MatchString(line):
			if open = !imageOwn.MatchString(line) && !busy.MatchString(line); open {
				found = append(found, line)
			}
		case anyLine.MatchString(line):
			open = false
		case open:
			found[len(found)-1] += "\n" + line
		}
	}
	return found
}

// must is request where an error fails the test.
func (h *homeAssistant) must(t testing.TB, method, path string, body, out any) {
	t.Helper()
	require.NoError(t, h.request(method, path, body, out))
}

// request calls Home Assistant's REST interface with JSON. Its token is good for half an hour.
func (h *homeAssistant) request(method, path string, body, out any) error {
	var payload []byte
	if body != nil {
		var err error
		if payload, err = json.Marshal(body); err != nil {
			return err
		}
	}
	r, err := http.NewRequest(method, h.base+path, bytes.NewReader(payload))
	if err != nil {
		return err
	}
	if h.tokens.Access != "" {
		r.Header.Set("Authorization", "Bearer "+h.tokens.Access)
	}
	r.Header.Set("Content-Type", "application/json")
	return h.do(r, out)
}

func (h *homeAssistant) form(path string, form url.Values, out any) error {
	r, err := http.NewRequest(http.MethodPost, h.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return h.do(r, out)
}

func (h *homeAssistant) do(r *http.Request, out any) error {
	resp, err := h.http.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %.300s", r.Method, r.URL.Path, resp.Status, body)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(body, out)
}

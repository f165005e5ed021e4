package main

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func TestDemoSaysWhereToLookAndStops(t *testing.T) {
	page := closedPort(t)
	for _, args := range [][]string{{"demo"}, {"demo", "--speed", "3600"}, {"run", "--demo-if-unconfigured"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			p, stdout, stderr := newProgram([]string{"RAPT_BRIDGE_HTTP_LISTEN=" + page}, args...)
			stop := started(t, p)
			eventually(t, "the cloud's answer", func() bool { return strings.Contains(stderr.String(), "the RAPT Cloud answers") })
			eventually(t, "the anonymous file", func() bool {
				resp, err := http.Get("http://" + page + "/diagnose.json")
				if err != nil {
					return false
				}
				defer resp.Body.Close()
				defer http.DefaultClient.CloseIdleConnections()
				body, _ := io.ReadAll(resp.Body)
				return strings.Contains(string(body), `"source": "bridge"`) && strings.Contains(string(body), `"family": "hydrometer"`)
			})
			assert.Equal(t, exitOK, stop())
			says := stdout.String()
			assert.Contains(t, says, "12 devices; no account is used")
			assert.Regexp(t, `broker  127\.0\.0\.1:\d+ \(embedded, no password\)`, says)
			assert.Regexp(t, `mosquitto_sub -h 127\.0\.0\.1 -p \d+ -v -t 'rapt/#'`, says)
			assert.Contains(t, says, "http://"+page+"/")
			assert.Equal(t, 7, strings.Count(says, "\n"))
			assert.Contains(t, stderr.String(), "requests_last_hour=0", "its broker isn't taken for one that has forgotten")
			tellsNoSecret(t, says+stderr.String())
		})
	}
}

func TestDemoOnABrokerThatIsThere(t *testing.T) {
	broker := startBroker(t, true)
	p, stdout, _ := newProgram(settings("http://unused.invalid", broker.address), "demo")
	stop := started(t, p)
	devices := raptsim.New(raptsim.Options{}).Devices()
	eventually(t, "all devices", func() bool { return broker.count("rapt/", "/state") == len(devices)+1 })
	assert.Equal(t, exitOK, stop())
	assert.Contains(t, stdout.String(), broker.address+" (yours)")
	assert.Contains(t, broker.retained("rapt/bridge/state"), `"account":"demo"`, "no account's, so that any account's bridge may take its devices out")

	// The README's example has the keys that the program publishes.
	_, example, ok := strings.Cut(pages(t)["README.md"], "<!-- example of a state document")
	require.True(t, ok)
	block := regexp.MustCompile("(?s)```json\n(.*?)```").FindStringSubmatch(example)
	require.NotEmpty(t, block)
	var shown, real map[string]any
	require.NoError(t, json.Unmarshal([]byte(block[1]), &shown))
	pill := devices[slices.IndexFunc(devices, func(d raptsim.Info) bool { return d.Name == shown["name"] })]
	require.NoError(t, json.Unmarshal([]byte(broker.payload("rapt/"+pill.Family+"/"+pill.ID+"/state")), &real))
	assert.ElementsMatch(t, slices.Collect(maps.Keys(real)), slices.Collect(maps.Keys(shown)))
}

func TestDemoInAContainerListensToAll(t *testing.T) {
	p, _, _ := newProgram([]string{"RAPT_BRIDGE_CONTAINER=1"})
	assert.Empty(t, p.demoHost())
	p, _, _ = newProgram(nil)
	assert.Equal(t, "127.0.0.1", p.demoHost())
}

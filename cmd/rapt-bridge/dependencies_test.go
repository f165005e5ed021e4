package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/rapt-bridge/rapt-bridge"

// layer says what some packages must not depend on. A pattern is an import path, with "/..." at its end for everything
// below it too. Our own packages are written without the module's path.
type layer struct {
	name   string
	from   []string
	except []string
	never  []string
}

// layers says which way the packages depend.
var layers = []layer{
	{
		name:  "the API client knows no MQTT and nothing of the bridge",
		from:  []string{"raptclient/..."},
		never: []string{"bridge/...", "discovery/...", "config/...", "cmd/...", "github.com/eclipse/...", "github.com/mochi-mqtt/..."},
	},
	{
		name:  "the simulated cloud stands alone, so that it can't share a mistake with the client",
		from:  []string{"raptclient/raptsim/..."},
		never: []string{"raptclient", "bridge/...", "discovery/...", "config/...", "cmd/..."},
	},
	{
		name:  "discovery knows no HTTP and no API client",
		from:  []string{"discovery/..."},
		never: []string{"net/http/...", "raptclient/...", "bridge/...", "config/...", "cmd/..."},
	},
	{
		name:   "discovery's dashboard alone knows YAML",
		from:   []string{"discovery/..."},
		except: []string{"discovery/dashboard"},
		never:  []string{"go.yaml.in/...", "gopkg.in/...", "discovery/dashboard"},
	},
	{
		name:  "the bridge does not know where its configuration came from, nor that a cloud may be simulated",
		from:  []string{"bridge/..."},
		never: []string{"config/...", "raptclient/raptsim/...", "cmd/..."},
	},
	{
		name:  "what the beer does is a function of readings",
		from:  []string{"bridge/batch/..."},
		never: []string{"bridge", "raptclient/...", "discovery/...", "net/...", "log/...", "os/exec"},
	},
	{
		name:   "configuration is known to the command alone",
		from:   []string{"..."},
		except: []string{"config/...", "cmd/..."},
		never:  []string{"config/..."},
	},
	{
		name:  "configuration knows nothing of what it configures, but the vendor's host",
		from:  []string{"config/..."},
		never: []string{"bridge/...", "raptclient/raptsim/...", "discovery/...", "cmd/..."},
	},
	{
		name:  "configuration does not ask the Supervisor by itself",
		from:  []string{"config"},
		never: []string{"config/supervisor"},
	},
	{
		name: "what is for tests stays out of the program",
		from: []string{"..."},
		never: []string{
			"testing", "github.com/stretchr/...", "github.com/testcontainers/...", "github.com/getkin/...",
			"github.com/chromedp/...", "go.uber.org/goleak/...",
		},
	},
}

// parts are the packages below bridge, with those of our own that each may know. None of them knows bridge itself.
var parts = []struct {
	name   string
	knows  []string
	never  []string
	pure   bool     // it must not import what waits, logs or reaches beyond the process
	except []string // what a pure one imports all the same
}{
	{name: "bridge/broker", never: []string{"discovery/...", "raptclient/..."}},
	{name: "bridge/device", knows: []string{"discovery", "raptclient"}, never: mqttLibraries, pure: true},
	{name: "bridge/absence", knows: []string{"bridge/device", "discovery", "raptclient"}, never: mqttLibraries, pure: true},
	{name: "bridge/standby", never: mqttLibraries, pure: true},
	{name: "bridge/retained", knows: []string{"bridge/device", "bridge/limit", "discovery", "raptclient"}, never: mqttLibraries, pure: true},
	{name: "bridge/worker", knows: []string{"bridge/limit", "raptclient"}, never: mqttLibraries},
	{name: "bridge/poll", never: mqttLibraries, pure: true},
	{name: "bridge/limit", knows: []string{"raptclient"}, never: mqttLibraries, pure: true, except: statusNumbers},
	{name: "bridge/command", knows: []string{"bridge/device", "discovery", "raptclient"}, never: mqttLibraries, pure: true, except: statusNumbers},
	{name: "bridge/metrics", knows: []string{"bridge/command", "bridge/device", "discovery", "raptclient"}, never: mqttLibraries},
	{name: "bridge/web", knows: []string{"discovery", "raptclient"}, never: mqttLibraries},
	{
		name:  "bridge/account",
		knows: []string{"bridge/absence", "bridge/command", "bridge/device", "bridge/limit", "bridge/mirror", "bridge/poll", "discovery", "raptclient"},
		never: mqttLibraries, pure: true,
	},
	{name: "bridge/mirror", knows: []string{"bridge/device", "discovery", "raptclient"}, never: mqttLibraries, pure: true},
	{name: "bridge/status", knows: []string{"bridge/batch", "bridge/command", "bridge/device", "bridge/fermentation", "bridge/history", "bridge/limit", "bridge/web", "discovery", "raptclient"}, never: mqttLibraries, pure: true},
	{name: "bridge/history", knows: []string{"bridge/device", "discovery", "raptclient"}, never: mqttLibraries, pure: true},
	{name: "bridge/batch", knows: []string{"bridge/history", "bridge/device", "discovery", "raptclient"}, never: mqttLibraries, pure: true},
	{name: "bridge/batch/chart", knows: []string{"bridge/batch"}, never: mqttLibraries, pure: true},
	{name: "bridge/batch/readings", knows: []string{"bridge/batch"}, never: mqttLibraries, pure: true},
	{name: "bridge/fermentation", knows: []string{"bridge/batch", "bridge/command", "bridge/device", "discovery", "raptclient"}, never: mqttLibraries, pure: true},
	{name: "bridge/quota", knows: []string{"bridge/broker", "bridge/limit", "discovery", "raptclient"}},
	{name: "bridge/backfill", knows: []string{"bridge/history", "bridge/statistics", "bridge/limit", "bridge/device", "discovery", "raptclient"}, never: mqttLibraries},
	{name: "bridge/inventory", knows: []string{"bridge/broker", "bridge/device", "discovery", "raptclient"}},
	{name: "bridge/diagnose", knows: []string{"bridge/device", "discovery", "raptclient"}, never: mqttLibraries, pure: true},
	{name: "bridge/export", knows: []string{"bridge/device", "discovery", "raptclient"}, never: mqttLibraries},
	{name: "bridge/statistics", knows: []string{"bridge/history", "bridge/device", "discovery", "raptclient"}, never: mqttLibraries},
	{name: "bridge/webhook", never: mqttLibraries, pure: true, except: []string{"net/url"}},
}

var (
	mqttLibraries = []string{"github.com/eclipse/...", "github.com/mochi-mqtt/..."}
	impure        = []string{"log/...", "net/...", "os/...", "sync/..."}
	statusNumbers = []string{"net/http"}
	// helpers are small packages that every part may use.
	helpers = []string{"bridge/internal/...", "internal/...", "raptclient/redact", "raptclient/contract"}
)

func TestDependenciesPointOneWay(t *testing.T) {
	deps := dependencies(t)
	for _, layer := range layers {
		t.Run(layer.name, func(t *testing.T) {
			found := false
			for pkg, needs := range deps {
				if !matchAny(layer.from, pkg) || matchAny(layer.except, pkg) {
					continue
				}
				found = true
				for _, need := range needs.Deps {
					if matchAny(layer.never, need) {
						t.Errorf("%s depends on %s", short(pkg), short(need))
					}
				}
			}
			assert.True(t, found, "no package is named %v any more", layer.from)
		})
	}
}

func TestDependenciesOfThePartsOfTheBridge(t *testing.T) {
	deps := dependencies(t)
	without := map[string]bool{} // packages below bridge that no row is for
	for pkg := range deps {
		without[short(pkg)] = match("bridge/...", short(pkg)) && pkg != module+"/bridge" && !matchAny(helpers, pkg)
	}
	for _, part := range parts {
		without[part.name] = false
		t.Run(part.name, func(t *testing.T) {
			needs, there := deps[module+"/"+part.name]
			require.True(t, there, "there is no such package any more")
			for _, need := range needs.Deps {
				ours := strings.HasPrefix(need, module+"/")
				assert.False(t, ours && !matchAny(part.knows, need) && !matchAny(helpers, need) && need != module+"/"+part.name, "depends on %s", short(need))
				assert.False(t, matchAny(part.never, need), "depends on %s", need)
			}
			for _, imported := range needs.Imports {
				assert.False(t, part.pure && matchAny(impure, imported) && !matchAny(part.except, imported), "imports %s", imported)
			}
		})
	}
	for name, is := range without {
		assert.False(t, is, "%s has no row", name)
	}
}

// needs are what a package imports, and everything that it depends on, directly or not.
type needs struct{ Imports, Deps []string }

// dependencies lists our packages with what each needs, tests left out.
func dependencies(t *testing.T) map[string]needs {
	t.Helper()
	list := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,Deps", module+"/...")
	var stderr bytes.Buffer
	list.Stderr = &stderr
	out, err := list.Output()
	require.NoError(t, err, "go list: %s", &stderr)

	deps := map[string]needs{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var pkg struct {
			ImportPath string
			needs
		}
		err := dec.Decode(&pkg)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		deps[pkg.ImportPath] = pkg.needs
	}
	return deps
}

func matchAny(patterns []string, pkg string) bool {
	for _, pattern := range patterns {
		if match(pattern, short(pkg)) {
			return true
		}
	}
	return false
}

func match(pattern, pkg string) bool {
	if below, ok := strings.CutSuffix(pattern, "..."); ok {
		return below == "" || pkg+"/" == below || strings.HasPrefix(pkg, below)
	}
	return pattern == pkg
}

// short is the import path of one of our packages without the module's.
func short(pkg string) string { return strings.TrimPrefix(pkg, module+"/") }

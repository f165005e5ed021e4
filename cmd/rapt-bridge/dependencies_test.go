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

// layers says which way the packages depend. A pattern is an import path, with "/..." at
// its end for everything below it too. Our own packages are written without the module's path.
var layers = []struct {
	name   string
	from   []string
	except []string
	never  []string
}{
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
		name:  "configuration knows nothing of what it configures",
		from:  []string{"config/..."},
		never: []string{"bridge/...", "raptclient/...", "discovery/...", "cmd/..."},
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
				for _, need := range needs {
					if matchAny(layer.never, need) {
						t.Errorf("%s depends on %s", short(pkg), short(need))
					}
				}
			}
			assert.True(t, found, "no package is named %v any more", layer.from)
		})
	}
}

// dependencies lists our packages with everything that each needs, directly or not, tests left out.
func dependencies(t *testing.T) map[string][]string {
	t.Helper()
	list := exec.Command("go", "list", "-e", "-json=ImportPath,Deps", module+"/...")
	var stderr bytes.Buffer
	list.Stderr = &stderr
	out, err := list.Output()
	require.NoError(t, err, "go list: %s", &stderr)

	deps := map[string][]string{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var pkg struct {
			ImportPath string
			Deps       []string
		}
		err := dec.Decode(&pkg)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		deps[pkg.ImportPath] = pkg.Deps
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

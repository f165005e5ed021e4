package e2e

import (
	"context"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	dockercontainer "github.com/moby/moby/api/types/container"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/network"
	"go.yaml.in/yaml/v3"
)

const (
	imageName    = "rapt-bridge-test"
	imageVersion = "0.0.0-test"
	imageLimit   = 20 << 20
)

// builtImage is the image as make makes it, for this machine.
var builtImage = sync.OnceValues(func() (string, error) { return imageName + ":" + imageVersion, makeImage(imageName, "") })

// testImage builds the image once and returns its name.
func testImage(t testing.TB) string {
	t.Helper()
	needDocker(t)
	name, err := builtImage()
	require.NoError(t, err)
	return name
}

func makeImage(name, arguments string) error {
	build := exec.Command("make", "-C", "../../..", "image", "IMAGE="+name, "VERSION="+imageVersion)
	build.Env = append(os.Environ(), "RAPT_BUILD_ARGS="+os.Getenv("RAPT_BUILD_ARGS")+" "+arguments)
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("make image: %w\n%s", err, out)
	}
	return nil
}

// docker runs Docker's own command line, for what testcontainers has nothing for.
func docker(t testing.TB, arguments ...string) string {
	t.Helper()
	out, err := exec.Command("docker", arguments...).CombinedOutput()
	require.NoError(t, err, "docker %s: %s", strings.Join(arguments, " "), out)
	return strings.TrimSpace(string(out))
}

// confined is how the README starts the image: it may do nothing that it needn't.
func confined() testcontainers.CustomizeRequestOption {
	return testcontainers.WithHostConfigModifier(func(h *dockercontainer.HostConfig) {
		h.ReadonlyRootfs = true
		h.CapDrop = []string{"ALL"}
		h.SecurityOpt = []string{"no-new-privileges"}
	})
}

func TestTheImageIsSmallNamedAndNotForRoot(t *testing.T) {
	t.Parallel()
	var images []struct {
		Size   int64
		Config struct {
			User        string
			Labels      map[string]string
			Healthcheck struct{ Test []string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(docker(t, "image", "inspect", testImage(t))), &images))
	require.Len(t, images, 1)
	image := images[0]
	t.Logf("%.2f MiB", float64(image.Size)/(1<<20))
	assert.Less(t, image.Size, int64(imageLimit))
	assert.Equal(t, "65532:65532", image.Config.User)
	assert.Equal(t, []string{"CMD", "/rapt-bridge", "healthcheck"}, image.Config.Healthcheck.Test)
	assert.Equal(t, imageVersion, image.Config.Labels["org.opencontainers.image.version"])
	assert.Equal(t, imageVersion, image.Config.Labels["io.hass.version"])
	assert.Equal(t, "app", image.Config.Labels["io.hass.type"])
	assert.Contains(t, docker(t, "run", "--rm", testImage(t), "version"), imageVersion)
}

func TestTheImageBuildsForBothArchitectures(t *testing.T) {
	t.Parallel()
	needDocker(t)
	testImage(t)
	require.NoError(t, makeImage(imageName+"-arm64", "--build-arg TARGETARCH=arm64"))
	t.Cleanup(func() { _ = exec.Command("docker", "image", "rm", "-f", imageName+"-arm64:"+imageVersion).Run() })
	for name, machine := range map[string]elf.Machine{imageName: thisMachine(t), imageName + "-arm64": elf.EM_AARCH64} {
		id := docker(t, "create", name+":"+imageVersion)
		path := filepath.Join(t.TempDir(), "rapt-bridge")
		docker(t, "cp", id+":/rapt-bridge", path)
		docker(t, "rm", id)
		program, err := elf.Open(path)
		require.NoError(t, err)
		assert.Equal(t, machine, program.Machine, name)
		libraries, err := program.ImportedLibraries()
		assert.NoError(t, err)
		assert.Empty(t, libraries, "%s: it is static", name)
		assert.NoError(t, program.Close())
	}
}

func thisMachine(t testing.TB) elf.Machine {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	program, err := elf.Open(self)
	require.NoError(t, err)
	defer func() { _ = program.Close() }()
	return program.Machine
}

func TestTheDemoInAConfinedContainerIsHealthyAndStopsWithinSeconds(t *testing.T) {
	t.Parallel()
	c := startContainer(t, t, testImage(t), map[int]int{8099: freePort(t)}, confined(), testcontainers.WithCmd("demo"))
	healthy(t, c)

	// Docker kills it after 5 seconds, and then its status is 137.
	docker(t, "stop", "-t", "5", c.GetContainerID())
	state, err := c.State(context.Background())
	require.NoError(t, err)
	assert.Zero(t, state.ExitCode, c.logText(t))
}

func TestTheComposeFileWorksAsItStands(t *testing.T) {
	t.Parallel()
	const examples = "../../../examples/"
	var compose struct {
		Services map[string]struct {
			Image       string
			ReadOnly    bool     `yaml:"read_only"`
			CapDrop     []string `yaml:"cap_drop"`
			SecurityOpt []string `yaml:"security_opt"`
			Environment map[string]string
		}
	}
	content, err := os.ReadFile(examples + "compose.yaml")
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(content, &compose))
	for name, s := range compose.Services {
		assert.True(t, s.ReadOnly, name)
		assert.Equal(t, []string{"ALL"}, s.CapDrop, name)
		assert.Equal(t, []string{"no-new-privileges:true"}, s.SecurityOpt, name)
	}

	configuration, err := os.ReadFile(examples + "mosquitto.conf")
	require.NoError(t, err)
	const password = "hops and malt"
	nw := newNetwork(t, t)
	port := freePort(t)
	startContainer(t, t, mosquittoImage, map[int]int{1883: port}, network.WithNetwork([]string{"mosquitto"}, nw), testcontainers.WithFiles(
		file("/mosquitto/config/mosquitto.conf", string(configuration)),
		file("/mosquitto/config/passwords", passwordFile(t, map[string]string{"rapt-bridge": password, "homeassistant": "another"})),
	))
	bridge := compose.Services["rapt-bridge"]
	require.Equal(t, "ghcr.io/rapt-bridge/rapt-bridge", strings.Split(bridge.Image, ":")[0])
	// The simulated brewery stands in for the account. A container of testcontainers can't be both read-only and given files.
	c := startContainer(t, t, testImage(t), nil, network.WithNetwork([]string{"rapt-bridge"}, nw),
		testcontainers.WithEnv(bridge.Environment), testcontainers.WithCmd("demo"), testcontainers.WithFiles(
			file("/run/secrets/rapt_api_secret", "a secret"), file("/run/secrets/mqtt_password", password)))
	watcher := newMQTTClient(t, t, &mosquitto{tcp: port}, "homeassistant", "another")
	watcher.waitFor(t, patience, "rapt/bridge/availability", equal("online"))
	healthy(t, c)
	assert.NotContains(t, c.logText(t), password)
}

// healthy waits until Docker calls a container healthy.
func healthy(t testing.TB, c *container) {
	t.Helper()
	within(t, 2*time.Minute, "the container is healthy", func() error {
		state, err := c.State(context.Background())
		if err != nil {
			return err
		}
		if state.Health == nil || state.Health.Status != dockercontainer.Healthy {
			return errors.New("not yet:\n" + c.logText(t))
		}
		return nil
	})
}

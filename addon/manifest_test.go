package addon_test

import (
	"bytes"
	"image/png"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// The keys that the add-on linter knows, with those defaults that it doesn't want to see repeated.
var manifestKeys = map[string]any{
	"advanced": false, "apparmor": true, "arch": nil, "audio": false, "auth_api": false, "backup": "hot", "backup_exclude": nil,
	"backup_post": nil, "backup_pre": nil, "boot": "auto", "breaking_versions": nil, "description": nil, "devices": nil,
	"devicetree": false, "discovery": nil, "docker_api": false, "environment": nil, "full_access": false, "gpio": false,
	"hassio_api": false, "hassio_role": "default", "homeassistant": nil, "homeassistant_api": false, "host_dbus": false,
	"host_ipc": false, "host_network": false, "host_pid": false, "host_uts": false, "image": nil, "ingress": false,
	"ingress_entry": nil, "ingress_port": 8099, "ingress_stream": false, "init": true, "journald": false, "kernel_modules": false,
	"legacy": false, "machine": nil, "map": nil, "name": nil, "options": nil, "panel_admin": true, "panel_icon": "mdi:puzzle",
	"panel_title": nil, "ports": nil, "ports_description": nil, "privileged": nil, "realtime": false, "schema": nil,
	"services": nil, "slug": nil, "stage": "stable", "startup": "application", "stdin": false, "timeout": 10, "tmpfs": false,
	"uart": false, "udev": false, "ulimits": nil, "url": nil, "usb": false, "version": nil, "video": false, "watchdog": nil,
	"webui": nil,
}

func TestManifestHasNothingThatTheLinterRefuses(t *testing.T) {
	var m map[string]any
	require.NoError(t, yaml.Unmarshal(read(t, "config.yaml"), &m))
	for key, value := range m {
		initial, known := manifestKeys[key]
		assert.True(t, known, "%s is not a key of config.yaml", key)
		if initial != nil {
			assert.NotEqual(t, initial, value, "%s repeats the default", key)
		}
	}
	for _, key := range []string{"name", "version", "slug", "description", "arch"} {
		assert.NotEmpty(t, m[key], "%s is required", key)
	}
	assert.NotContains(t, m, "watchdog", "the image has a HEALTHCHECK")
	assert.NotContains(t, m, "webui", "there is ingress")
	assert.Equal(t, true, m["ingress"])
	assert.Equal(t, []any{"mqtt:want"}, m["services"])
	for _, key := range []string{"full_access", "privileged", "host_network", "hassio_api", "docker_api"} {
		assert.NotContains(t, m, key, "the bridge needs no rights")
	}
	assert.Equal(t, true, m["homeassistant_api"], "but to ask for the language")
}

func TestManifestAsksForHomeAssistantsInterfaceForItsStatisticsAlone(t *testing.T) {
	var m map[string]any
	require.NoError(t, yaml.Unmarshal(read(t, "config.yaml"), &m))
	assert.Equal(t, true, m["homeassistant_api"])
	_, option := readManifest(t).Schema["homeassistant"]["statistics"]
	assert.True(t, option, "who doesn't want it can turn it off")
}

func TestManifestNamesTheImageThatIsBuilt(t *testing.T) {
	m := readManifest(t)
	assert.Equal(t, []string{"aarch64", "amd64"}, m.Arch)
	assert.Equal(t, "ghcr.io/rapt-bridge/rapt-bridge", m.Image)
	assert.Regexp(t, `^\d+\.\d+\.\d+$`, m.Version, "it is the image's tag")
	dockerfile := string(read(t, "../Dockerfile"))
	assert.Contains(t, dockerfile, `io.hass.type="app"`)
	assert.Contains(t, dockerfile, `io.hass.version="${VERSION}"`)
	assert.Contains(t, dockerfile, `io.hass.arch="`+strings.Join(m.Arch, "|")+`"`)
	assert.Equal(t, []map[string]any{{"type": "ssl"}}, m.Map, "for mqtt.ca_file, to be read only")
}

func TestOneVersionIsNamedEverywhere(t *testing.T) {
	version := readManifest(t).Version
	named := regexp.MustCompile(`(?:ghcr\.io/rapt-bridge/rapt-bridge:|VERSION=)(\d[\w.-]*)`)
	for file, times := range map[string]int{"../README.md": 2, "../Dockerfile": 1, "../examples/compose.yaml": 1, "../examples/kubernetes/rapt-bridge.yaml": 1} {
		found := named.FindAllStringSubmatch(string(read(t, file)), -1)
		assert.Len(t, found, times, file)
		for _, f := range found {
			assert.Equal(t, version, f[1], file)
		}
	}
	changelog := string(read(t, "CHANGELOG.md"))
	released := regexp.MustCompile(`(?m)^## \[(\d[^]]*)\] - \d{4}-\d\d-\d\d$`).FindStringSubmatch(changelog)
	require.NotNil(t, released)
	assert.Equal(t, version, released[1], "the newest that is dated")
	assert.Contains(t, changelog, "\n["+version+"]: https://github.com/rapt-bridge/rapt-bridge/releases/tag/v"+version+"\n")
}

func TestRepositoryHasANameAndAMaintainer(t *testing.T) {
	var r map[string]string
	require.NoError(t, yaml.Unmarshal(read(t, "../repository.yaml"), &r))
	for _, key := range []string{"name", "url", "maintainer"} {
		assert.NotEmpty(t, r[key], key)
	}
	assert.Len(t, r, 3)
}

func TestChangelogStartsWithTheVersion(t *testing.T) {
	heading := regexp.MustCompile(`(?m)^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}$`).FindSubmatch(read(t, "CHANGELOG.md"))
	require.NotNil(t, heading, "## [1.2.3] - 2026-01-31")
	assert.Equal(t, readManifest(t).Version, string(heading[1]))
}

func TestAppArmorProfileIsNamedLikeTheAddOnAndGrantsNoRights(t *testing.T) {
	profile := string(read(t, "apparmor.txt"))
	assert.Contains(t, profile, "\nprofile "+readManifest(t).Slug+" ")
	assert.Equal(t, strings.Count(profile, "{"), strings.Count(profile, "}"))
	for _, line := range strings.Split(profile, "\n") {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "deny ") {
			assert.NotRegexp(t, `^(capability|file|network|mount|umount|pivot_root|ptrace|dbus)\b *,?$|[uUpP]x,$|\sr?w[a-z]*,$`, line)
		}
	}
}

func TestPicturesHaveTheSizesThatHomeAssistantShows(t *testing.T) {
	for name, size := range map[string][2]int{"icon.png": {128, 128}, "logo.png": {250, 100}} {
		picture, err := png.DecodeConfig(bytes.NewReader(read(t, name)))
		require.NoError(t, err, name)
		assert.Equal(t, size, [2]int{picture.Width, picture.Height}, name)
	}
}

package config

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// loaded is what Load makes of a configuration file alone.
func loaded(t *testing.T, text string, environ ...string) (Config, error) {
	t.Helper()
	o := nowhere()
	o.Path, o.Environ, o.Demo = filepath.Join(t.TempDir(), FileName), append([]string{}, environ...), true
	require.NoError(t, os.WriteFile(o.Path, []byte(text), 0o600))
	return Load(o)
}

func TestAFractionIsNoWholeNumberWhereverItLies(t *testing.T) {
	for _, n := range []string{"-0.5", "365.5", "0.5", "1e-3", "-1e300", ".nan", ".inf", "366", "-1"} {
		_, err := loaded(t, "history: {days: "+n+"}")
		assert.ErrorContains(t, err, "Write a whole number from 0 to 365.", n)
	}
	for n, days := range map[string]int{"0": 0, "365.0": 365, "3e1": 30} {
		cfg, err := loaded(t, "history: {days: "+n+"}")
		require.NoError(t, err, n)
		assert.Equal(t, days, cfg.History.Days, n)
	}
}

func TestABlankInsideANumberIsNoDuration(t *testing.T) {
	for _, text := range []string{"1 5m", "1. 5m", "1 .5m", "5 m s", "1m 3 0s"} {
		_, err := loaded(t, "rapt: {max_poll_interval: '"+text+"'}")
		assert.ErrorContains(t, err, "which is not a duration", text)
	}
	for text, d := range map[string]time.Duration{" 15 m ": 15 * time.Minute, "1m 30s": 90 * time.Second, "1 m 30 s": 90 * time.Second, "1.5  m": 90 * time.Second} {
		cfg, err := loaded(t, "rapt: {max_poll_interval: '"+text+"'}")
		require.NoError(t, err, text)
		assert.Equal(t, d, cfg.RAPT.MaxPollInterval, text)
	}
}

func TestAnAccountOfABrokerThatIsNotNamedIsToldAsUnused(t *testing.T) {
	const account = "mqtt: {username: bob, password: hunter2}"
	cfg, err := loaded(t, account, "SUPERVISOR_TOKEN=x")
	require.NoError(t, err)
	require.Len(t, cfg.Warnings, 1)
	assert.Contains(t, cfg.Warnings[0], "set mqtt.url as well")
	cfg, err = loaded(t, account+"\n", "SUPERVISOR_TOKEN=x", "RAPT_BRIDGE_MQTT_URL=mqtt://192.168.1.10")
	require.NoError(t, err)
	assert.Empty(t, cfg.Warnings)
}

func TestALowCeilingIsToldToKeepLittleForSwitchingOff(t *testing.T) {
	cfg, err := loaded(t, "rapt: {max_requests_per_hour: 39}")
	require.NoError(t, err)
	require.Len(t, cfg.Warnings, 1)
	assert.Contains(t, cfg.Warnings[0], "only 9 are kept for switching heaters and pumps off")
	cfg, err = loaded(t, "rapt: {max_requests_per_hour: 40}")
	require.NoError(t, err)
	assert.Empty(t, cfg.Warnings)
}

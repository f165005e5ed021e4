package main

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/config"
)

// TestTheVendorsLimitsHoldHoweverItsAddressIsWritten for the bridge, and for a command that runs beside it.
func TestTheVendorsLimitsHoldHoweverItsAddressIsWritten(t *testing.T) {
	for address, c := range map[string]struct {
		vendor    bool
		perMinute int
	}{
		"":                      {true, 30}, // the default
		"https://api.rapt.io":   {true, 30},
		"https://api.rapt.io.":  {true, 30},
		"https://API.rapt.io":   {true, 30},
		"https://api.rapt.io/v": {true, 30},
		"http://127.0.0.1:8080": {false, 60},
	} {
		t.Run(address, func(t *testing.T) {
			environ := []string{
				"RAPT_BRIDGE_RAPT_USERNAME=" + account, "RAPT_BRIDGE_RAPT_API_SECRET=" + secret, "RAPT_BRIDGE_MQTT_URL=mqtt://127.0.0.1:1883",
				"RAPT_BRIDGE_RAPT_MAX_REQUESTS_PER_HOUR=480",
			}
			if address != "" {
				environ = append(environ, "RAPT_BRIDGE_RAPT_API_URL="+address)
			}
			p, _, _ := newProgram(environ)
			cfg, err := config.Load(config.Options{Environ: p.environ, OptionsJSON: p.optionsJSON, SearchDirs: p.searchDirs})
			require.NoError(t, err)
			o, err := p.options(cfg, slog.New(slog.DiscardHandler))
			require.NoError(t, err)
			assert.Equal(t, c.vendor, o.VendorHost)
			assert.Equal(t, c.perMinute, p.quota(cfg, o).MaxRequestsPerMinute)
		})
	}
}

// Package config knows what can be set, where it can be set, and what is wrong with what was set.
//
// One table, [Keys], has every key with its kind, default, limits and meaning. The command line's flags and help, the
// environment's variables, the example file and the README's table are made of it, so that they can't differ.
//
// A value comes from the first of these that has it:
//
//  1. a flag, such as --rapt-username
//  2. the environment, such as RAPT_BRIDGE_RAPT_USERNAME (an empty variable is not set)
//  3. /data/options.json, the options of the Home Assistant add-on (an empty text or null is not set)
//  4. the YAML file: the one that --config names, else the first rapt-bridge.yaml found beside the program, in the user's
//     configuration directory (rapt-bridge/rapt-bridge.yaml in ~/.config on Linux, ~/Library/Application Support on macOS,
//     %AppData% on Windows) or in /etc/rapt-bridge
//  5. the default
//
// Every problem is found and told at once, see [Problems]. A secret can be read from a file (rapt.api_secret_file,
// mqtt.password_file, homeassistant.token_file) and is never shown, see [Secret].
//
// The package reads, checks and explains. It must not know MQTT, the bridge or Home Assistant's Supervisor, which package
// supervisor asks; of RAPT's API it knows only which host is the vendor's.
package config

import (
	"log/slog"
	"strings"
	"time"
)

// Config is what the program runs with. Load gives one that is complete and valid; Default gives the defaults alone.
type Config struct {
	RAPT struct {
		Username           string        `koanf:"username"`              // e-mail address of the RAPT account
		APISecret          Secret        `koanf:"api_secret"`            // made in the RAPT app: My Account, Api Secrets
		APIURL             string        `koanf:"api_url"`               // without a slash at its end
		AuthURL            string        `koanf:"auth_url"`              // base address: /connect/token is appended
		MinPollInterval    time.Duration `koanf:"min_poll_interval"`     // at least 60 s for the vendor's host
		MaxPollInterval    time.Duration `koanf:"max_poll_interval"`     // at least MinPollInterval, at most 24 h
		MaxRequestsPerHour int           `koanf:"max_requests_per_hour"` // at least 10, at most 1,000 for the vendor's host
		ExternalGravity    string        `koanf:"external_gravity"`      // sg_x1000 or sg
	} `koanf:"rapt"`
	MQTT struct {
		// URL has the scheme mqtt, mqtts, ws or wss and no user: that is moved to Username and Password. mqtt and mqtts
		// always have a port. Empty: the Supervisor's broker is meant (or, with Options.Demo, the embedded one).
		URL                string `koanf:"url"`
		Username           string `koanf:"username"`
		Password           Secret `koanf:"password"`
		ClientID           string `koanf:"client_id"` // never empty
		TopicPrefix        string `koanf:"topic_prefix"`
		CAFile             string `koanf:"ca_file"`
		CertFile           string `koanf:"cert_file"` // set if KeyFile is
		KeyFile            string `koanf:"key_file"`
		InsecureSkipVerify bool   `koanf:"insecure_skip_verify"`
	} `koanf:"mqtt"`
	HomeAssistant struct {
		Discovery       bool   `koanf:"discovery"`
		DiscoveryPrefix string `koanf:"discovery_prefix"`
		Language        string `koanf:"language"`   // one of the key's choices
		Statistics      string `koanf:"statistics"` // auto or off
		URL             string `koanf:"url"`        // without a slash at its end; empty: none but the Supervisor's
		Token           Secret `koanf:"token"`      // set if URL is
	} `koanf:"homeassistant"`
	Control struct {
		ReadOnly          bool `koanf:"read_only"`
		MaxChangesPerHour int  `koanf:"max_changes_per_hour"` // 2 to 10,000
	} `koanf:"control"`
	History struct {
		Enabled      bool `koanf:"enabled"`
		Days         int  `koanf:"days"` // 0 to 365
		EveryReading bool `koanf:"every_reading"`
	} `koanf:"history"`
	Webhook struct {
		Listen   string `koanf:"listen"` // host:port; empty: no listener
		Secret   Secret `koanf:"secret"` // holds 128 bits by its length and signs; set if Listen is
		CertFile string `koanf:"cert_file"`
		KeyFile  string `koanf:"key_file"` // set if CertFile is
	} `koanf:"webhook"`
	HTTP struct {
		Listen string `koanf:"listen"` // host:port; empty: no status page
		Hosts  string `koanf:"hosts"`  // names with commas between them
	} `koanf:"http"`
	Log struct {
		Level  slog.Level `koanf:"level"`
		Format string     `koanf:"format"` // text or json
	} `koanf:"log"`

	// Sources tells where the value of each key (as in Keys) came from: "default", a file, a variable or a flag.
	Sources map[string]string `koanf:"-" json:"-" yaml:"-"`
	// Warnings are what is not as it should be and works all the same, a sentence each.
	Warnings []string `koanf:"-" json:"-" yaml:"-"`
}

// Configured tells whether anything names a real account or a real broker. When nothing does, the program has
// nothing to work with and a demo is the better start.
func (c Config) Configured() bool {
	return c.RAPT.Username != "" || !c.RAPT.APISecret.Empty() || c.MQTT.URL != ""
}

// FromDefault tells whether nothing sets a key (as in Keys), so that it stands at its default.
func (c Config) FromDefault(key string) bool { return c.Sources[key] == fromDefault }

// defaultClientID is stable, so that a broker that holds on to a lost connection gives it up for the new one. It depends on
// the topic prefix alone, because two bridges with one prefix would write the same topics and must not both be there;
// with one client id the broker keeps only one of them connected, and each logs that the other took its place.
func defaultClientID(topicPrefix string) string {
	if topicPrefix == "" || topicPrefix == "rapt" {
		return "rapt-bridge"
	}
	return "rapt-bridge-" + strings.ReplaceAll(topicPrefix, "/", "-")
}

package config

import "strings"

// Kind is what a key's value must be.
type Kind string

// The kinds, named as help and tables show them.
const (
	Text     Kind = "text"
	URL      Kind = "address"
	Path     Kind = "file"
	Duration Kind = "duration" // Go's notation with a unit: 90s, 15m, 1h30m
	Integer  Kind = "number"
	Boolean  Kind = "true/false"
	Choice   Kind = "choice"
)

// Key is one thing that can be set: a row of the table that everything else is made of.
type Key struct {
	Name        string // group.key, as in the file: rapt.min_poll_interval
	Kind        Kind
	Secret      bool
	Default     string   // as one would write it; empty: not set
	Example     string   // for the example file when there is no default to show
	Choices     []string // for Choice, the allowed values
	Min, Max    string   // inclusive limits as one would write them; empty: none
	Description string   // what it does, in plain words, a sentence
}

// Group is the key's section in the file: rapt.
func (k Key) Group() string { group, _, _ := strings.Cut(k.Name, "."); return group }

// Leaf is the key's name in its section: min_poll_interval.
func (k Key) Leaf() string { _, leaf, _ := strings.Cut(k.Name, "."); return leaf }

// Env is the key's environment variable: RAPT_BRIDGE_RAPT_MIN_POLL_INTERVAL.
func (k Key) Env() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(k.Name, ".", "_"))
}

// Flag is the key's flag without its dashes: rapt-min-poll-interval.
func (k Key) Flag() string { return strings.NewReplacer(".", "-", "_", "-").Replace(k.Name) }

// Group is a section of the file.
type Group struct {
	Name, Title string
}

// Groups lists the sections in their order.
func Groups() []Group {
	return []Group{
		{"rapt", "The RAPT account and how often the RAPT Cloud is asked"},
		{"mqtt", "The MQTT broker"},
		{"homeassistant", "What Home Assistant is told"},
		{"control", "Commands"},
		{"history", "Every reading, and those that were missed"},
		{"webhook", "Webhooks of the RAPT portal, straight to the bridge"},
		{"http", "The status page"},
		{"log", "The log"},
	}
}

// Keys lists every key, grouped, in the order of help, tables and the example file.
func Keys() []Key {
	return []Key{
		{Name: "rapt.username", Kind: Text, Example: "brewer@example.com",
			Description: "E-mail address of your RAPT account."},
		{Name: "rapt.api_secret", Kind: Text, Secret: true, Example: "your API secret",
			Description: "API secret of your RAPT account. Make one in the RAPT app: My Account, Api Secrets. It is not your password."},
		{Name: "rapt.api_secret_file", Kind: Path, Example: "/run/secrets/rapt_api_secret",
			Description: "File that has the API secret, instead of rapt.api_secret."},
		{Name: "rapt.api_url", Kind: URL, Default: "https://api.rapt.io",
			Description: "Address of the RAPT API. Change it only to test against something else."},
		{Name: "rapt.auth_url", Kind: URL, Default: "https://id.rapt.io",
			Description: "Address where RAPT signs you in; /connect/token is appended."},
		{Name: "rapt.min_poll_interval", Kind: Duration, Default: "60s", Min: "100ms", Max: "24h",
			Description: "The RAPT Cloud is not asked for the same devices more often than this. At least 60s for rapt.io."},
		{Name: "rapt.max_poll_interval", Kind: Duration, Default: "15m", Min: "100ms", Max: "24h",
			Description: "The RAPT Cloud is asked for the devices that there are at least this often, even when no reading is expected. For a kind of device that the account has none of, it is asked hourly: press Refresh after adding the first."},
		{Name: "rapt.max_requests_per_hour", Kind: Integer, Default: "240", Min: "10", Max: "1000000",
			Description: "Ceiling of requests to the RAPT Cloud in any hour: at least 10, and at most 1000 for rapt.io. Below 40 only a quarter is kept for switching off, less than ten requests."},
		{Name: "rapt.external_gravity", Kind: Choice, Default: "sg_x1000", Choices: []string{"sg_x1000", "sg"},
			Description: "How the gravity of an external device is submitted: sg_x1000 sends 1044 for 1.044, sg sends 1.044. RAPT doesn't document which it takes; the bridge says when the other one is right."},

		{Name: "mqtt.url", Kind: URL, Example: "mqtt://192.168.1.10:1883",
			Description: "Address of the broker: mqtt://, mqtts:// (TLS), ws:// or wss:// (WebSocket). Not needed in the add-on: Home Assistant's own broker is found by itself."},
		{Name: "mqtt.username", Kind: Text, Example: "rapt-bridge",
			Description: "User name at the broker."},
		{Name: "mqtt.password", Kind: Text, Secret: true, Example: "the broker's password",
			Description: "Password at the broker."},
		{Name: "mqtt.password_file", Kind: Path, Example: "/run/secrets/mqtt_password",
			Description: "File that has the password, instead of mqtt.password."},
		{Name: "mqtt.client_id", Kind: Text, Example: "rapt-bridge",
			Description: "Name of the connection at the broker. By default rapt-bridge, followed by the topic prefix when that is not rapt. Two bridges of one account with one name are a pair: the second stands by until the first is gone."},
		{Name: "mqtt.topic_prefix", Kind: Text, Default: "rapt",
			Description: "First part of all topics of the bridge."},
		{Name: "mqtt.ca_file", Kind: Path, Example: "/etc/ssl/my-ca.pem",
			Description: "File with the certificate of the authority that signed the broker's, when it is your own (PEM)."},
		{Name: "mqtt.cert_file", Kind: Path, Example: "/etc/ssl/rapt-bridge.pem",
			Description: "File with the bridge's own certificate, for brokers that ask for one (PEM)."},
		{Name: "mqtt.key_file", Kind: Path, Example: "/etc/ssl/rapt-bridge.key",
			Description: "File with the key of mqtt.cert_file (PEM, without a passphrase)."},
		{Name: "mqtt.insecure_skip_verify", Kind: Boolean, Default: "false",
			Description: "Accept any certificate of the broker. Anybody in between can then read along: use mqtt.ca_file instead."},

		{Name: "homeassistant.discovery", Kind: Boolean, Default: "true",
			Description: "Announce the devices to Home Assistant."},
		{Name: "homeassistant.discovery_prefix", Kind: Text, Default: "homeassistant",
			Description: "Discovery prefix that is set in Home Assistant's MQTT integration."},
		{Name: "homeassistant.language", Kind: Choice, Default: "en", Choices: []string{"en", "de", "nl", "fr", "es", "pt-BR"},
			Description: "Language of the entities' names and of the dashboard; in the add-on Home Assistant's own by default. Entity ids are English in every language."},
		{Name: "homeassistant.statistics", Kind: Choice, Default: "auto", Choices: []string{"auto", "off"},
			Description: "Fill hours that are missing in Home Assistant's long-term statistics. auto does it in the add-on, and elsewhere where homeassistant.url is set."},
		{Name: "homeassistant.url", Kind: URL, Example: "http://homeassistant.local:8123",
			Description: "Address of Home Assistant, for its statistics. Not needed in the add-on."},
		{Name: "homeassistant.token", Kind: Text, Secret: true, Example: "a long-lived access token",
			Description: "Long-lived access token of an administrator of Home Assistant, made on the page of your user there under Security. Not needed in the add-on."},
		{Name: "homeassistant.token_file", Kind: Path, Example: "/run/secrets/homeassistant_token",
			Description: "File that has the token, instead of homeassistant.token."},

		{Name: "control.read_only", Kind: Boolean, Default: "false",
			Description: "Never change anything on a device: commands are refused."},
		{Name: "control.max_changes_per_hour", Kind: Integer, Default: "60", Min: "2", Max: "10000",
			Description: "How often the same value of a device may be set in any hour, and half as often in any ten minutes. Switching off is never refused."},

		{Name: "history.enabled", Kind: Boolean, Default: "true",
			Description: "Publish every reading of each device once, also those that were missed because the bridge, the RAPT Cloud or the broker was away."},
		{Name: "history.days", Kind: Integer, Default: "30", Min: "0", Max: "365",
			Description: "How many days back a device is completed that the bridge sees for the first time; 0 for none."},
		{Name: "history.every_reading", Kind: Boolean, Default: "true",
			Description: "Complete devices that report more often than they are polled, with one request an hour for each."},

		{Name: "webhook.listen", Kind: Text, Example: ":8098",
			Description: "Where webhooks of the RAPT portal are taken, host:port. Off by default. Needed only without Home Assistant: its blueprint needs no open port."},
		{Name: "webhook.secret", Kind: Text, Secret: true, Example: "by chance: openssl rand -hex 16",
			Description: "What a webhook must know: the portal's header X-Webhook-Token, or the end of the address /hook/<secret>. At least 22 characters by chance, or 32 hexadecimal digits."},
		{Name: "webhook.secret_file", Kind: Path, Example: "/run/secrets/webhook_secret",
			Description: "File that has the secret, instead of webhook.secret."},
		{Name: "webhook.cert_file", Kind: Path, Example: "/etc/ssl/rapt-bridge-webhook.pem",
			Description: "File with the certificate for TLS (PEM). A renewed one is taken without a restart. Without it, put a reverse proxy with TLS in front."},
		{Name: "webhook.key_file", Kind: Path, Example: "/etc/ssl/rapt-bridge-webhook.key",
			Description: "File with the key of webhook.cert_file (PEM, without a passphrase)."},

		{Name: "http.listen", Kind: Text, Default: defaultListen,
			Description: "Where the status page listens, host:port. By default this computer alone can open it; in the add-on and the container image it is :8099. Empty turns it off."},
		{Name: "http.hosts", Kind: Text, Example: "brewery.lan, nas",
			Description: "Names by which the status page is reached, with commas between them. It always answers to localhost, IP addresses and the host of http.listen; other names are refused, so that no web page elsewhere can use it through your browser."},

		{Name: "log.level", Kind: Choice, Default: "info", Choices: []string{"debug", "info", "warn", "error"},
			Description: "How much is logged."},
		{Name: "log.format", Kind: Choice, Default: "text", Choices: []string{"text", "json"},
			Description: "Form of the log's lines."},
	}
}

// find gives the row of a key.
func find(name string) (Key, bool) {
	for _, k := range Keys() {
		if k.Name == name {
			return k, true
		}
	}
	return Key{}, false
}

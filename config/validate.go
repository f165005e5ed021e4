package config

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/redact"
)

const (
	// vendorMinPoll and vendorMaxRequests hold for the vendor's own host only: RAPT tracks all requests and bans who asks too
	// often, without telling a number. Public clients ask every 60 to 900 seconds.
	vendorMinPoll     = 60 * time.Second
	vendorMaxRequests = 1000
	// fewRequests is the least ceiling of an hour that keeps ten requests for switching off: a quarter of a lower one is kept.
	fewRequests = 40
)

// validate checks values that depend on each other or on the world, and completes the configuration. Values that could
// not be read at all have been told already and stand at their defaults here.
func (l *loader) validate(cfg *Config) {
	l.account(cfg)
	l.polling(cfg)
	l.broker(cfg)
	l.certificates(cfg)
	l.prefixes(cfg)
	l.homeAssistant(cfg)
	l.listen(cfg)
	l.webhook(cfg)
}

// failed tells whether a problem of the key is known already, so that it isn't called missing as well.
func (l *loader) failed(keys ...string) bool {
	for _, p := range l.problems {
		for _, key := range keys {
			if p.Key == key {
				return true
			}
		}
	}
	return false
}

// missing tells a key that must be set, except in the demo. It says nothing when a whole file could not be read: the key
// is probably in there.
func (l *loader) missing(key, do string, orKeys ...string) {
	if !l.Demo && !l.failed(append(orKeys, key, "")...) {
		l.add(Problem{Key: key, Problem: "is not set", Do: do, Missing: true})
	}
}

func (l *loader) account(cfg *Config) {
	if cfg.RAPT.Username == "" {
		l.missing("rapt.username", "Set it, or RAPT_BRIDGE_RAPT_USERNAME, to the e-mail address of your RAPT account.")
	}
	switch secret := cfg.RAPT.APISecret.Reveal(); {
	case secret == "":
		l.missing("rapt.api_secret", "Make an API secret in the RAPT app (My Account, Api Secrets) and set it, or RAPT_BRIDGE_RAPT_API_SECRET.", "rapt.api_secret_file")
	case secret == redact.Mark:
		l.bad("rapt.api_secret", "is the word that stands for a hidden secret", "Put the secret itself there.")
	case strings.ContainsFunc(secret, unicode.IsControl):
		l.bad("rapt.api_secret", "has a line break or another control character in it", "Copy it again, in one line.")
	case strings.TrimSpace(secret) != secret:
		l.bad("rapt.api_secret", "starts or ends with a space", "Copy it again, without the space.")
	}
	cfg.RAPT.APIURL = l.webAddress("rapt.api_url", cfg.RAPT.APIURL)
	cfg.RAPT.AuthURL = l.webAddress("rapt.auth_url", cfg.RAPT.AuthURL)
}

// webAddress checks an address that requests go to and gives it without a slash at its end.
func (l *loader) webAddress(key, address string) string {
	u, err := url.Parse(address)
	row, _ := find(key)
	do := "Write it like " + cmp.Or(row.Default, row.Example) + "."
	switch {
	case err != nil:
		l.bad(key, "is not an address", do)
	case u.Scheme != "https" && u.Scheme != "http", u.Hostname() == "":
		l.bad(key, quoteURL(address)+" is not an address with https://", do)
	case u.User != nil:
		l.bad(key, quoteURL(address)+" has a user in it", "Remove it: there are settings of their own for that.")
	case u.RawQuery != "" || u.Fragment != "":
		l.bad(key, quoteURL(address)+" has a ? or # in it", do)
	case u.Scheme == "http" && raptclient.VendorHost(address):
		l.bad(key, quoteURL(address)+" would send your secret unencrypted", "Write https:// instead.")
	case !validPort(u.Port()):
		l.bad(key, quoteURL(address)+" has a port that does not exist", do)
	}
	return strings.TrimRight(address, "/")
}

func (l *loader) polling(cfg *Config) {
	r := cfg.RAPT
	if !l.failed("rapt.api_url") && raptclient.VendorHost(r.APIURL) {
		if r.MinPollInterval < vendorMinPoll {
			l.bad("rapt.min_poll_interval", "is "+r.MinPollInterval.String()+" and must be at least 60s for rapt.io", "Set it to 60s or more: RAPT bans accounts that ask too often, and devices report no faster.")
		}
		if r.MaxRequestsPerHour > vendorMaxRequests {
			l.bad("rapt.max_requests_per_hour", fmt.Sprintf("is %d and must be at most %d for rapt.io", r.MaxRequestsPerHour, vendorMaxRequests), "Lower it: RAPT bans accounts that ask too often. 240 is plenty for a brewery.")
		}
	}
	if r.MaxRequestsPerHour < fewRequests {
		l.warnings = append(l.warnings, fmt.Sprintf("rapt.max_requests_per_hour is %d, so that of an hour's requests only %d are kept for switching heaters and pumps off; with %d or more there are ten",
			r.MaxRequestsPerHour, r.MaxRequestsPerHour/4, fewRequests))
	}
	if r.MaxPollInterval < r.MinPollInterval && !l.failed("rapt.min_poll_interval", "rapt.max_poll_interval") {
		l.bad("rapt.max_poll_interval", "is "+r.MaxPollInterval.String()+", less than rapt.min_poll_interval ("+r.MinPollInterval.String()+")", "Make it the larger of the two.")
	}
}

// schemes lists what mqtt.url may start with, and what other programs call the same.
func schemes() map[string]struct{ means, port string } {
	return map[string]struct{ means, port string }{
		"mqtt":  {port: "1883"},
		"mqtts": {port: "8883"},
		"ws":    {},
		"wss":   {},
		"tcp":   {means: "mqtt"},
		"ssl":   {means: "mqtts"},
		"tls":   {means: "mqtts"},
		"http":  {means: "ws"},
		"https": {means: "wss"},
	}
}

func (l *loader) broker(cfg *Config) {
	m := &cfg.MQTT
	if m.ClientID == "" {
		m.ClientID = defaultClientID(m.TopicPrefix)
	}
	if len(m.ClientID) > 128 {
		l.bad("mqtt.client_id", fmt.Sprintf("is %d bytes long", len(m.ClientID)), "Use at most 128; 23 is what every broker takes.")
	}
	if m.Password.Reveal() == redact.Mark {
		l.bad("mqtt.password", "is the word that stands for a hidden secret", "Put the password itself there.")
	}
	if m.URL == "" {
		if l.variable("SUPERVISOR_TOKEN") == "" {
			l.missing("mqtt.url", "Set it, or RAPT_BRIDGE_MQTT_URL, to the address of your broker, such as mqtt://192.168.1.10:1883.")
		} else if m.Username != "" {
			// Home Assistant's broker comes with an account of its own for add-ons.
			l.warnings = append(l.warnings, "mqtt.username and mqtt.password are not used, because Home Assistant gives the broker and its account; set mqtt.url as well to use them, or remove them")
		}
	} else {
		l.brokerAddress(cfg)
	}
	if !m.Password.Empty() && m.Username == "" && !l.failed("mqtt.url", "mqtt.username") {
		l.bad("mqtt.password", "is set, but mqtt.username is not", "Set mqtt.username as well, or remove the password.")
	}
}

func (l *loader) brokerAddress(cfg *Config) {
	const key, do = "mqtt.url", "Write it like mqtt://192.168.1.10:1883 or mqtts://broker.example.com."
	address := cfg.MQTT.URL
	if !strings.Contains(address, "://") {
		l.bad(key, "has no scheme", "Put mqtt:// before it, or mqtts:// if the broker uses TLS.")
		return
	}
	u, err := url.Parse(address)
	if err != nil {
		// The parser's error quotes the address, and with it the password.
		l.bad(key, "is not an address", do+" Letters like / @ : # in a password must be escaped there: better use mqtt.username and mqtt.password.")
		return
	}
	scheme, known := schemes()[u.Scheme]
	webSocket := u.Scheme == "ws" || u.Scheme == "wss"
	switch {
	case scheme.means != "":
		l.bad(key, "starts with "+u.Scheme+"://", "Write "+scheme.means+":// instead.")
		return
	case !known:
		l.bad(key, "starts with "+printable(u.Scheme)+"://", "Use mqtt://, mqtts://, ws:// or wss://.")
		return
	case u.Hostname() == "":
		l.bad(key, "has no host", do)
		return
	case !validPort(u.Port()):
		l.bad(key, "has a port that does not exist", do)
		return
	case !webSocket && (strings.Trim(u.Path, "/") != "" || u.RawQuery != ""), u.Fragment != "":
		l.bad(key, "has something after the host and port", "Remove it. A slash or # in a password must be escaped: better use mqtt.username and mqtt.password.")
		return
	}
	l.userInfo(cfg, u)
	u.User = nil
	if !webSocket {
		u.Path = ""
		if u.Port() == "" {
			u.Host = net.JoinHostPort(u.Hostname(), scheme.port)
		}
	}
	cfg.MQTT.URL = u.String()
}

// userInfo moves a user and password in mqtt.url to the keys of their own.
func (l *loader) userInfo(cfg *Config, u *url.URL) {
	if u.User == nil {
		return
	}
	user := u.User.Username()
	password, _ := u.User.Password()
	if password != "" && strings.HasPrefix(l.sources["mqtt.url"], "--") {
		l.bad("mqtt.url", "has a password in it, which every user of this computer can see in a flag", "Set RAPT_BRIDGE_MQTT_PASSWORD or mqtt.password_file instead.")
		return
	}
	if (user != "" && cfg.MQTT.Username != "" && cfg.MQTT.Username != user) || (password != "" && !cfg.MQTT.Password.Empty() && cfg.MQTT.Password.Reveal() != password) {
		l.bad("mqtt.url", "has another user or password than mqtt.username and mqtt.password", "Remove the part before the @ from mqtt.url.")
		return
	}
	if user != "" {
		cfg.MQTT.Username = user
		l.sources["mqtt.username"] = l.sources["mqtt.url"]
	}
	if password != "" {
		cfg.MQTT.Password = NewSecret(password)
		_ = l.merged.Set("mqtt.password", password)
		l.sources["mqtt.password"] = l.sources["mqtt.url"]
	}
}

func (l *loader) certificates(cfg *Config) {
	m := cfg.MQTT
	if strings.HasPrefix(m.URL, "mqtt://") || strings.HasPrefix(m.URL, "ws://") {
		for _, set := range []struct {
			key string
			is  bool
		}{{"mqtt.ca_file", m.CAFile != ""}, {"mqtt.cert_file", m.CertFile != ""}, {"mqtt.key_file", m.KeyFile != ""}, {"mqtt.insecure_skip_verify", m.InsecureSkipVerify}} {
			if set.is {
				l.bad(set.key, "is set, but mqtt.url is not encrypted", "Write mqtts:// or wss:// in mqtt.url, or remove "+set.key+".")
			}
		}
	}
	if m.CAFile != "" {
		if text, err := readSmall(m.CAFile); err != nil {
			l.bad("mqtt.ca_file", "can't be read: "+err.Error(), "Check the path and its permissions.")
		} else if !x509.NewCertPool().AppendCertsFromPEM([]byte(text)) {
			l.bad("mqtt.ca_file", "has no certificate in it", "Name a file in PEM form: it has a line -----BEGIN CERTIFICATE-----.")
		}
	}
	l.clientCertificate(m.CertFile, m.KeyFile)
}

func (l *loader) clientCertificate(certFile, keyFile string) {
	switch {
	case certFile == "" && keyFile == "":
		return
	case keyFile == "":
		l.bad("mqtt.cert_file", "is set, but mqtt.key_file is not", "Set both or none.")
		return
	case certFile == "":
		l.bad("mqtt.key_file", "is set, but mqtt.cert_file is not", "Set both or none.")
		return
	}
	cert, certErr := readSmall(certFile)
	if certErr != nil {
		l.bad("mqtt.cert_file", "can't be read: "+certErr.Error(), "Check the path and its permissions.")
	}
	key, keyErr := readSmall(keyFile)
	if keyErr != nil {
		l.bad("mqtt.key_file", "can't be read: "+keyErr.Error(), "Check the path and its permissions.")
	}
	if certErr != nil || keyErr != nil {
		return
	}
	if _, err := tls.X509KeyPair([]byte(cert), []byte(key)); err != nil {
		// The error's own words name PEM types and mismatches; they quote nothing of the key.
		l.bad("mqtt.key_file", "does not fit mqtt.cert_file ("+strings.TrimPrefix(err.Error(), "tls: ")+")", "Name a certificate and its own key, both in PEM form, the key without a passphrase.")
	}
}

func (l *loader) prefixes(cfg *Config) {
	l.prefix("mqtt.topic_prefix", cfg.MQTT.TopicPrefix)
	l.prefix("homeassistant.discovery_prefix", cfg.HomeAssistant.DiscoveryPrefix)
	if cfg.MQTT.TopicPrefix == cfg.HomeAssistant.DiscoveryPrefix && !l.failed("mqtt.topic_prefix", "homeassistant.discovery_prefix") {
		l.bad("mqtt.topic_prefix", "is the same as homeassistant.discovery_prefix", "Choose another; the default is rapt.")
	}
}

// prefix checks the first part of topics by the rules of MQTT; 128 bytes are a bound of our own.
func (l *loader) prefix(key, text string) {
	row, _ := find(key)
	do := "Use letters, digits, - and _, and / between levels; the default is " + row.Default + "."
	switch {
	case l.failed(key):
	case text == "":
		l.bad(key, "is empty", do)
	case strings.ContainsAny(text, "+#"):
		l.bad(key, "is "+strconv.Quote(short(text))+" and has a wildcard (+ or #) in it", do)
	case strings.HasPrefix(text, "$"):
		l.bad(key, "is "+strconv.Quote(short(text))+": topics that start with $ belong to the broker", do)
	case strings.HasPrefix(text, "/"), strings.HasSuffix(text, "/"), strings.Contains(text, "//"):
		l.bad(key, "is "+strconv.Quote(short(text))+" and has an empty level", do)
	case len(text) > 128:
		l.bad(key, fmt.Sprintf("is %d bytes long", len(text)), "Use at most 128.")
	case !utf8.ValidString(text):
		l.bad(key, "is not valid UTF-8", do)
	}
}

// homeAssistant checks where Home Assistant is, for its statistics.
func (l *loader) homeAssistant(cfg *Config) {
	h := &cfg.HomeAssistant
	const url, token = "homeassistant.url", "homeassistant.token"
	switch {
	case h.URL != "":
		h.URL = l.webAddress(url, h.URL)
		if h.Token.Empty() && !l.failed(token, token+"_file") {
			l.bad(token, "is not set, and "+url+" is", "Make a long-lived access token in Home Assistant, on the page of your user under Security, and set it; or remove "+url+".")
		}
	case !h.Token.Empty() && !l.failed(url):
		l.bad(url, "is not set, and "+token+" is", "Set it to the address of Home Assistant, such as http://homeassistant.local:8123; or remove the token.")
	}
	if h.Token.Reveal() == redact.Mark {
		l.bad(token, "is the word that stands for a hidden secret", "Put the token itself there.")
	}
}

// webhook checks the listener for webhooks.
func (l *loader) webhook(cfg *Config) {
	w := cfg.Webhook
	l.listenAddress("webhook.listen", "8098", w.Listen)
	secret := w.Secret.Reveal()
	switch {
	case w.Listen == "":
	case secret == "" && !l.failed("webhook.secret", "webhook.secret_file", ""):
		l.bad("webhook.secret", "is not set, and webhook.listen is", "Make one with: openssl rand -hex 16")
	case secret != "" && !strongSecret(secret):
		l.bad("webhook.secret", "can be guessed, or has a sign that can't be in an address", "Make one of at least 128 bits with: openssl rand -hex 16")
	}
	if (w.CertFile == "") != (w.KeyFile == "") && !l.failed("webhook.cert_file", "webhook.key_file") {
		l.bad("webhook.cert_file", "and webhook.key_file are a pair, and one of them is not set", "Set both, or neither.")
	}
}

// strongSecret tells whether a secret can hold 128 bits: 32 hexadecimal digits, or 22 letters, digits, dashes and
// underscores, with some variety in them.
func strongSecret(secret string) bool {
	hex, different := true, map[rune]bool{}
	for _, r := range secret {
		switch {
		case '0' <= r && r <= '9' || 'a' <= r && r <= 'f' || 'A' <= r && r <= 'F':
		case 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '-' || r == '_':
			hex = false
		default:
			return false
		}
		different[r] = true
	}
	return len(different) >= 8 && (len(secret) >= 32 || !hex && len(secret) >= 22)
}

func (l *loader) listen(cfg *Config) {
	for name := range strings.SplitSeq(cfg.HTTP.Hosts, ",") {
		if name = strings.TrimSpace(name); strings.ContainsAny(name, "/ ?#@") {
			l.bad("http.hosts", "has "+strconv.Quote(short(name))+", which is no host name", "Write names alone, such as brewery.lan, with commas between them.")
		}
	}
	l.listenAddress("http.listen", "8099", cfg.HTTP.Listen)
}

// listenAddress checks where something listens; example is the port that is told of.
func (l *loader) listenAddress(key, example, listen string) {
	do := "Write host:port, such as 127.0.0.1:" + example + ", or :" + example + " for every address of this computer."
	if listen == "" {
		return
	}
	_, port, err := net.SplitHostPort(listen)
	if err != nil || port == "" || !validPort(port) {
		if n, err := strconv.Atoi(listen); err == nil && n > 0 && validPort(listen) {
			l.bad(key, "is a port alone", "Write :"+listen+" with the colon.")
			return
		}
		l.bad(key, "is "+strconv.Quote(short(listen))+", which is not host:port", do)
	}
}

// validPort tells whether a port, as text, is one; none at all is fine.
func validPort(port string) bool {
	_, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil
}

func quoteURL(address string) string { return strconv.Quote(short(redact.URL(address))) }

package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rapt-bridge/rapt-bridge/bridge"
	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/bridge/statistics"
	"github.com/rapt-bridge/rapt-bridge/bridge/web"
	"github.com/rapt-bridge/rapt-bridge/config"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/discovery/dashboard"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/redact"
)

// supervisorProxy is the address from which the Supervisor forwards ingress requests to add-ons (Home Assistant's
// developer documentation).
const supervisorProxy = "172.30.32.2"

// brokerWait is how long an add-on waits for the Supervisor to have a broker.
const brokerWait = time.Minute

// options turns the configuration into what the bridge takes.
func (p *program) options(cfg config.Config, log *slog.Logger) (bridge.Options, error) {
	o := bridge.Options{
		RAPT: raptclient.Options{
			APIURL: cfg.RAPT.APIURL, AuthURL: cfg.RAPT.AuthURL,
			Username: cfg.RAPT.Username, APISecret: cfg.RAPT.APISecret.Reveal(), UserAgent: userAgent(),
			GravityAsSG: cfg.RAPT.ExternalGravity == "sg",
		},
		VendorHost:         raptclient.VendorHost(cfg.RAPT.APIURL),
		MinPollInterval:    cfg.RAPT.MinPollInterval,
		MaxPollInterval:    cfg.RAPT.MaxPollInterval,
		MaxRequestsPerHour: cfg.RAPT.MaxRequestsPerHour,
		ClientID:           cfg.MQTT.ClientID,
		TopicPrefix:        cfg.MQTT.TopicPrefix,
		Discovery:          cfg.HomeAssistant.Discovery,
		DiscoveryPrefix:    cfg.HomeAssistant.DiscoveryPrefix,
		Language:           cfg.HomeAssistant.Language,
		ReadOnly:           cfg.Control.ReadOnly,
		MaxChangesPerHour:  cfg.Control.MaxChangesPerHour,
		History: bridge.HistoryOptions{
			Enabled: cfg.History.Enabled, Days: cfg.History.Days, EveryReading: cfg.History.EveryReading,
		},
		Version: programVersion(),
		Log:     log,
		Dashboard: func(o discovery.Options, devices []discovery.Device, paired map[string]string) []byte {
			return dashboard.YAML(dashboard.Options{Options: o, Paired: paired}, devices)
		},
	}
	o.Statistics = p.statistics(cfg, log)
	client, addOn := p.supervisor()
	if cfg.MQTT.URL == "" && addOn {
		o.FindBroker = func(ctx context.Context) (broker.Server, error) {
			found, err := client.WaitForBroker(ctx, cmp.Or(p.brokerWait, brokerWait), log)
			if err != nil {
				return broker.Server{}, err
			}
			return server(cfg, found.URL, found.Username, found.Password.Reveal())
		}
		return o, nil
	}
	known, err := server(cfg, cfg.MQTT.URL, cfg.MQTT.Username, cfg.MQTT.Password.Reveal())
	o.FindBroker = broker.Known(known)
	return o, err
}

// statistics is what fills Home Assistant's statistics; nil where nothing says where Home Assistant is.
func (p *program) statistics(cfg config.Config, log *slog.Logger) *statistics.Writer {
	o := statistics.Options{Days: cfg.History.Days, Log: log}
	client, addOn := p.supervisor()
	switch h := cfg.HomeAssistant; {
	case h.Statistics == "off" || !cfg.History.Enabled || !h.Discovery:
		return nil
	case h.URL != "":
		o.URL, o.Token = webSocket(h.URL)+"/api/websocket", h.Token.Reveal()
	case addOn:
		o.URL, o.Token = webSocket(cmp.Or(client.URL, "http://supervisor"))+"/core/websocket", client.Token.Reveal()
	default:
		return nil
	}
	return statistics.New(o)
}

// webSocket is an http address as one of WebSocket.
func webSocket(address string) string {
	if rest, ok := strings.CutPrefix(address, "https://"); ok {
		return "wss://" + rest
	}
	return "ws://" + strings.TrimPrefix(address, "http://")
}

// server is the broker at an address, with the TLS settings of the configuration.
func server(cfg config.Config, address, username, password string) (broker.Server, error) {
	u, err := url.Parse(address)
	if err != nil {
		return broker.Server{}, fmt.Errorf("the broker's address %s can't be read", redact.URL(address))
	}
	s := broker.Server{URL: u, Username: username, Password: password}
	if u.Scheme == "mqtts" || u.Scheme == "wss" {
		if s.TLS, err = tlsConfig(cfg, u.Hostname()); err != nil {
			return s, &exitError{exitConfig, err}
		}
	}
	return s, nil
}

func tlsConfig(cfg config.Config, host string) (*tls.Config, error) {
	t := &tls.Config{ServerName: host, InsecureSkipVerify: cfg.MQTT.InsecureSkipVerify, MinVersion: tls.VersionTLS12}
	if file := cfg.MQTT.CAFile; file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("mqtt.ca_file: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("mqtt.ca_file: %s holds no certificate in PEM", file)
		}
	}
	if cfg.MQTT.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(cfg.MQTT.CertFile, cfg.MQTT.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("mqtt.cert_file and mqtt.key_file: %w", err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

func (p *program) pageOptions(cfg config.Config, o bridge.Options, metrics prometheus.Gatherer, refresh chan<- struct{}, forget chan<- string) web.Options {
	_, addOn := p.supervisor()
	return web.Options{
		Refresh: func() {
			select {
			case refresh <- struct{}{}:
			default: // one is waiting already
			}
		},
		Forget: func(id string) {
			select {
			case forget <- id:
			default: // too many wait; the page shows the device on
			}
		},
		Metrics: metrics, IngressOnly: addOn, IngressPeer: netip.MustParseAddr(supervisorProxy), Log: o.Log,
		Listen: cfg.HTTP.Listen, Hosts: strings.Split(cfg.HTTP.Hosts, ","),
		Webhooks: web.Webhooks{Listen: cfg.Webhook.Listen, TLS: cfg.Webhook.CertFile != "", Prefix: cfg.MQTT.TopicPrefix},
	}
}

func userAgent() string {
	return "rapt-bridge/" + programVersion() + " (+https://github.com/rapt-bridge/rapt-bridge)"
}

func brokerName(cfg config.Config) string {
	if cfg.MQTT.URL == "" {
		return "from the Supervisor"
	}
	return redact.URL(cfg.MQTT.URL)
}

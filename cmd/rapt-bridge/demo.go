package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/spf13/cobra"

	"github.com/rapt-bridge/rapt-bridge/bridge"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/bridge/retained"
	"github.com/rapt-bridge/rapt-bridge/config"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/internal/embedded"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

const (
	defaultSpeed = 60 // brewing minutes per minute
	maxSpeed     = 3600

	// The simulated cloud is in the same process, so no vendor is to be spared.
	demoRequestsPerHour   = 20_000
	demoRequestsPerMinute = 2_000

	// demoPast puts the ale far enough into its fermentation for a forecast; demoRows are a Pill's readings of it.
	demoPast = raptsim.BatchLength + 28*time.Hour
	demoRows = 1500

	demoAccount, demoSecret = "brewer@example.com", "demo-secret" // of the simulated account
)

func (p *program) demoCommand() *cobra.Command {
	var speed float64
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run the bridge on a simulated brewery, with a broker of its own unless mqtt.url is set",
		Args:  noWords,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !(speed > 0 && speed <= maxSpeed) {
				return &exitError{exitConfig, fmt.Errorf("--speed %v is outside the range above 0 to %d; 1 is real time", speed, maxSpeed)}
			}
			cfg, err := p.load(cmd, true)
			if err != nil {
				return err
			}
			return p.demo(cmd.Context(), cfg, speed)
		},
	}
	cmd.Flags().Float64Var(&speed, "speed", defaultSpeed, "how much faster than real time the brewery runs; its beers ferment in real time")
	return cmd
}

// demo runs the real bridge on a simulated brewery.
func (p *program) demo(ctx context.Context, cfg config.Config, speed float64) error {
	log := p.logger(cfg)
	// Beers ferment in real time, with a batch's length of readings behind them, so that their stages and forecasts are there.
	cloud := raptsim.New(raptsim.Options{
		Speed: speed, BeerInRealTime: true, Telemetry: raptsim.Telemetry{Past: demoPast, KeepRows: demoRows},
		Latency: &raptsim.Latency{Min: 20 * time.Millisecond, Max: 100 * time.Millisecond}, // so many polls leave room for the rows of the past
	})
	embedded := cfg.MQTT.URL == ""
	if embedded {
		address, stop, err := embeddedBroker(p.demoHost(), cfg.MQTT.TopicPrefix, limit.NewKey(demoAccount, demoSecret))
		if err != nil {
			return &exitError{exitFailed, err}
		}
		defer stop()
		cfg.MQTT.URL = "mqtt://" + address
	}
	options, err := p.demoOptions(cfg, cloud, speed, log)
	if err != nil {
		return err
	}
	introduce(p.stdout, cfg, len(cloud.Devices()), speed, embedded)
	return p.bridge(ctx, cfg, options)
}

// demoOptions are the bridge's options with the simulated cloud in the place of the vendor's, asked as much more often
// as its time runs faster.
func (p *program) demoOptions(cfg config.Config, cloud *raptsim.Cloud, speed float64, log *slog.Logger) (bridge.Options, error) {
	options, err := p.options(cfg, log)
	if err != nil {
		return options, err
	}
	options.RAPT = raptclient.Options{
		APIURL: "http://rapt.demo.invalid", AuthURL: "http://rapt.demo.invalid",
		Username: demoAccount, APISecret: demoSecret,
		UserAgent: userAgent(), Transport: cloud.Transport(),
	}
	scaled := func(d time.Duration) time.Duration {
		return max(time.Second, time.Duration(float64(d)/max(1, speed)))
	}
	options.Account, options.VendorHost = retained.DemoAccount, false
	options.History.Days = min(options.History.Days, int(demoPast.Hours()/24))
	options.Statistics = nil // a simulated past is nothing to keep
	options.MinPollInterval, options.MaxPollInterval = scaled(cfg.RAPT.MinPollInterval), scaled(cfg.RAPT.MaxPollInterval)
	options.MaxRequestsPerHour, options.MaxRequestsPerMinute = demoRequestsPerHour, demoRequestsPerMinute
	return options, nil
}

// demoHost is where the embedded broker listens: in a container on all addresses, or nobody could reach it.
func (p *program) demoHost() string {
	inContainer := slices.ContainsFunc(p.environ, func(v string) bool { return strings.HasPrefix(v, config.ContainerVariable+"=") })
	if inContainer {
		return ""
	}
	return "127.0.0.1"
}

// openDoor lets everybody into the embedded broker. The library's own hook for it brings a YAML parser along, and the
// image is to be small.
type openDoor struct{ mqtt.HookBase }

func (*openDoor) Provides(b byte) bool {
	return b == mqtt.OnConnectAuthenticate || b == mqtt.OnACLCheck
}

func (*openDoor) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return true }

func (*openDoor) OnACLCheck(*mqtt.Client, string, bool) bool { return true }

// embeddedBroker starts a broker without a password on port 1883, or on a free one when that is taken. It retains a
// log of no requests, signed with the account's key, so that the bridge doesn't take it for one that has lost the log.
func embeddedBroker(host, topicPrefix string, key limit.Key) (address string, stop func(), err error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "1883"))
	if err != nil {
		if listener, err = net.Listen("tcp", net.JoinHostPort(host, "0")); err != nil {
			return "", nil, fmt.Errorf("the demo's broker can't be started: %w", err)
		}
	}
	server := mqtt.New(&mqtt.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), InlineClient: true})
	if err := server.AddHook(new(openDoor), nil); err != nil {
		return "", nil, fmt.Errorf("the demo's broker can't be started: %w", err)
	}
	stop, err = embedded.Serve(server, listeners.NewNet("demo", listener))
	if err != nil {
		return "", nil, fmt.Errorf("the demo's broker can't be started: %w", err)
	}
	none, _ := json.Marshal(map[string]any{"ledger": key.Unused(time.Now())})
	if err := server.Publish(discovery.Topics{Prefix: topicPrefix}.BridgeState(), none, true, 1); err != nil {
		return "", nil, fmt.Errorf("the demo's broker can't be started: %w", err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return net.JoinHostPort("127.0.0.1", port), stop, nil
}

// introduce says in a few lines where to look.
func introduce(w io.Writer, cfg config.Config, devices int, speed float64, embedded bool) {
	u, _ := url.Parse(cfg.MQTT.URL)
	kind := "yours"
	if embedded {
		kind = "embedded, no password"
	}
	fmt.Fprintf(w, "rapt-bridge demo: a simulated brewery of %d devices; no account is used\n", devices)
	fmt.Fprintf(w, "  speed   %g: a minute here is %s in the brewery\n", speed, time.Duration(speed*float64(time.Minute)).Round(time.Second))
	fmt.Fprintf(w, "  broker  %s (%s)\n", u.Host, kind)
	fmt.Fprintf(w, "  watch   mosquitto_sub -h %s -p %s -v -t '%s/#'\n", u.Hostname(), u.Port(), cfg.MQTT.TopicPrefix)
	if cfg.HTTP.Listen != "" {
		fmt.Fprintf(w, "  status  http://%s/\n", loopback(cfg.HTTP.Listen))
	}
	fmt.Fprintln(w, "  expect  all devices within seconds, then new readings every few; batches are under way, the mash moves on")
	fmt.Fprintln(w, "  stop    Ctrl-C")
}

package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rapt-bridge/rapt-bridge/bridge"
	"github.com/rapt-bridge/rapt-bridge/bridge/web"
	"github.com/rapt-bridge/rapt-bridge/config"
	"github.com/rapt-bridge/rapt-bridge/config/supervisor"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient/redact"
)

// program is what a run of the program gets from the process.
type program struct {
	args           []string
	environ        []string
	stdout, stderr io.Writer
	stdin          io.Reader // nil for the real one
	// What tests replace.
	optionsJSON   string                                      // the add-on's options; "" for the real place
	searchDirs    []string                                    // nil for the real ones
	supervisorURL string                                      // "" for the real one
	brokerWait    time.Duration                               // for the Supervisor to have a broker; 0 for the real one
	runBridge     func(context.Context, bridge.Options) error // nil for bridge.Run
	stopWithin    time.Duration                               // for the bridge to end after a stop signal; 0 for the real one
	listenOn      func(address string) (net.Listener, error)  // nil for a TCP listener
}

// stopWithin is how long a stop signal waits for the bridge; Docker and Home Assistant kill after ten seconds.
const stopWithin = 5 * time.Second

// command is the command line.
func (p *program) command() *cobra.Command {
	root := &cobra.Command{
		Use: "rapt-bridge", Version: programVersion(),
		Short: "RAPT brewing devices in Home Assistant, over MQTT",
		Long: "rapt-bridge mirrors the devices of a RAPT account to MQTT for Home Assistant, and carries commands back.\n" +
			"Without a command it runs. It is an unofficial client, not made or supported by KegLand.\n\n" + config.Usage(),
		SilenceUsage: true, SilenceErrors: true,
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.serve(cmd, false) },
	}
	config.AddFlags(root.PersistentFlags())
	root.PersistentFlags().VisitAll(func(f *pflag.Flag) { f.Hidden = f.Name != "config" }) // config.Usage tells of them
	root.Flags().Bool("version", false, "Print the version")
	root.SetVersionTemplate("rapt-bridge {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return config.FlagError(err, cmd.Flags()) })
	root.SetArgs(p.args)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.AddCommand(p.runCommand(), p.demoCommand(), p.checkCommand(), p.dashboardCommand(), p.batchCommand(), p.exportCommand(), p.diagnoseCommand(), p.healthCommand(), p.versionCommand())
	checkHelp(root)
	return root
}

// checkHelp makes the help command refuse what is no command; it would print the help of the whole program.
func checkHelp(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		if c.Name() == "help" {
			c.Args = func(_ *cobra.Command, args []string) error {
				about, rest, err := root.Find(args)
				if err != nil {
					return err
				}
				return knownCommand(about, rest)
			}
		}
	}
}

// knownCommand refuses a word that is no command, and names the nearest one.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var known []string
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			known = append(known, c.Name())
		}
	}
	if near := config.Nearest(args[0], known); near != "" {
		return fmt.Errorf("unknown command %q; did you mean %s %s?", args[0], cmd.CommandPath(), near)
	}
	return fmt.Errorf("unknown command %q; rapt-bridge --help lists the known ones", args[0])
}

// noWords refuses words after a command that takes none.
func noWords(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no %q; %s --help tells what it takes", cmd.CommandPath(), args[0], cmd.CommandPath())
	}
	return nil
}

func (p *program) runCommand() *cobra.Command {
	var demo bool
	cmd := &cobra.Command{
		Use: "run", Short: "Run the bridge (what happens without a command too)", Args: noWords,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.serve(cmd, demo) },
	}
	cmd.Flags().BoolVar(&demo, "demo-if-unconfigured", false, "run the demo when no account and no broker is configured")
	_ = cmd.Flags().MarkHidden("demo-if-unconfigured")
	return cmd
}

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: noWords,
		Run: func(cmd *cobra.Command, _ []string) { fmt.Fprintln(p.stdout, "rapt-bridge", programVersion()) },
	}
}

func (p *program) healthCommand() *cobra.Command {
	return &cobra.Command{
		Use: "healthcheck", Short: "Ask the running bridge whether it is well; for containers", Args: noWords,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, _ := config.Load(p.layers(cmd, true)) // the running bridge tells of problems; here only the address matters
			if cfg.HTTP.Listen == "" {
				return nil // the page is turned off, so there is nothing to ask
			}
			if err := web.CheckHealth(cmd.Context(), loopback(cfg.HTTP.Listen)); err != nil {
				return &exitError{exitFailed, err}
			}
			return nil
		},
	}
}

// loopback is the address under which this machine reaches a listener on all addresses.
func loopback(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || host != "" && host != "0.0.0.0" && host != "::" {
		return listen
	}
	return net.JoinHostPort("127.0.0.1", port)
}

func programVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}

// load reads the configuration from all of its layers.
func (p *program) load(cmd *cobra.Command, demo bool) (config.Config, error) {
	o := p.layers(cmd, demo)
	client, addOn := p.supervisor()
	if addOn {
		o.ReadOptions = func() ([]byte, error) { return client.Options(cmd.Context()) }
	}
	cfg, err := config.Load(o)
	if err != nil {
		return cfg, &exitError{exitConfig, err}
	}
	if addOn && cfg.FromDefault("homeassistant.language") {
		// Where it is not told, whatever the reason, the entities are in English.
		tag, _ := client.Language(cmd.Context(), cmp.Or(p.brokerWait, languageWait))
		if language, ok := discovery.MatchLanguage(tag); ok {
			cfg.HomeAssistant.Language = language
		}
	}
	return cfg, nil
}

// languageWait is how long an add-on waits for Home Assistant to tell its language.
const languageWait = time.Minute

// layers says where the configuration is, on this machine alone.
func (p *program) layers(cmd *cobra.Command, demo bool) config.Options {
	return config.Options{
		Environ: p.environ, Flags: cmd.Root().PersistentFlags(), OptionsJSON: p.optionsJSON, SearchDirs: p.searchDirs, Demo: demo,
	}
}

// supervisor is the one that started this program as an add-on; false when none did.
func (p *program) supervisor() (supervisor.Client, bool) {
	client, addOn := supervisor.New(p.environ)
	client.URL = p.supervisorURL
	return client, addOn
}

func (p *program) logger(cfg config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.Log.Level}
	if cfg.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(p.stderr, options))
	}
	return slog.New(slog.NewTextHandler(p.stderr, options))
}

// serve runs the bridge on the real account.
func (p *program) serve(cmd *cobra.Command, demoIfUnconfigured bool) error {
	cfg, err := p.load(cmd, demoIfUnconfigured)
	if err != nil {
		return err
	}
	if demoIfUnconfigured && !cfg.Configured() {
		return p.demo(cmd.Context(), cfg, defaultSpeed)
	}
	if demoIfUnconfigured {
		if cfg, err = p.load(cmd, false); err != nil { // now nothing may be missing
			return err
		}
	}
	log := p.logger(cfg)
	for _, warning := range cfg.Warnings {
		log.Warn(warning)
	}
	options, err := p.options(cfg, log)
	if err != nil {
		return err
	}
	log.Info("rapt-bridge starts", slog.String("version", programVersion()), slog.String("account", redact.Account(cfg.RAPT.Username)), slog.String("broker", brokerName(cfg)))
	return p.bridge(cmd.Context(), cfg, options)
}

// bridge runs the bridge and its status page until ctx ends.
func (p *program) bridge(ctx context.Context, cfg config.Config, o bridge.Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	o.Metrics = registry
	refresh := make(chan struct{}, 1)
	forget := make(chan string, 16)
	diagnoses := make(chan chan<- []byte)
	o.Refresh, o.Forget, o.Diagnose = refresh, forget, diagnoses
	page := make(chan error, 1)
	if cfg.HTTP.Listen != "" {
		listener, err := p.listen(cfg.HTTP.Listen)
		if err != nil {
			return &exitError{exitFailed, fmt.Errorf("the status page can't be served: %w; set http.listen to another address, or to nothing to turn it off", err)}
		}
		pageOptions := p.pageOptions(cfg, o, registry, refresh, forget)
		pageOptions.Diagnosis = func(ctx context.Context) ([]byte, error) { return diagnosisOf(ctx, diagnoses) }
		server := web.New(pageOptions)
		o.OnSnapshot, o.Heartbeat = server.Show, server.Beat
		go func() {
			err := server.Serve(ctx, listener)
			if err != nil {
				o.Log.Error("the status page can't be shown any more; restart the bridge to have it again", slog.Any("reason", err))
			}
			page <- err
		}()
	} else {
		close(page)
	}
	hooks, err := p.hooks(ctx, cfg, &o)
	if err != nil {
		return err
	}
	err = p.runUntilStopped(ctx, o)
	cancel()
	<-hooks
	if pageErr := <-page; err == nil && pageErr != nil {
		err = fmt.Errorf("the status page: %w", pageErr)
	}
	if err != nil {
		return &exitError{exitFailed, err}
	}
	return nil
}

// diagnosisOf asks the bridge's loop for its anonymous file.
func diagnosisOf(ctx context.Context, ask chan<- chan<- []byte) ([]byte, error) {
	reply := make(chan []byte, 1)
	select {
	case ask <- reply:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case file := <-reply:
		return file, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// listen takes connections at address, of the status page or of webhooks.
func (p *program) listen(address string) (net.Listener, error) {
	if p.listenOn != nil {
		return p.listenOn(address)
	}
	return net.Listen("tcp", address)
}

// runUntilStopped runs the bridge. A stop signal ends the process whatever the bridge does: where it hangs, the broker
// says that it is offline.
func (p *program) runUntilStopped(ctx context.Context, o bridge.Options) error {
	run := p.runBridge
	if run == nil {
		run = bridge.Run
	}
	done := make(chan error, 1)
	go func() { done <- run(ctx, o) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	patience := cmp.Or(p.stopWithin, stopWithin)
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		return fmt.Errorf("the bridge did not stop within %s and was cut off; please report it with the log", patience)
	}
}

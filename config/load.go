package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/knadh/koanf/parsers/json"
	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
)

const (
	// FileName is the name of the configuration file that is looked for when --config names none.
	FileName = "rapt-bridge.yaml"

	// AddOnOptions is where the Home Assistant Supervisor puts the options of an add-on.
	AddOnOptions = "/data/options.json"

	// ContainerVariable is set to anything in the container image. It only changes the default of http.listen: inside a
	// container, loopback is reached by nobody.
	ContainerVariable = "RAPT_BRIDGE_CONTAINER"

	envPrefix       = "RAPT_BRIDGE_"
	defaultListen   = "127.0.0.1:8099"
	containerListen = ":8099"
	fromDefault     = "default"
)

// Options says where Load looks. The zero value means the real places.
type Options struct {
	Path        string         // the file that must be read (--config); empty: the flag config of Flags, else the first found in SearchDirs
	Environ     []string       // NAME=value; nil: os.Environ
	Flags       *pflag.FlagSet // parsed, with the flags of AddFlags; nil: none
	OptionsJSON string         // options of the add-on, no problem when it isn't there; empty: AddOnOptions
	SearchDirs  []string       // nil: SearchDirs()
	// ReadOptions gives the add-on's options where this user may not read OptionsJSON, as the Supervisor tells them. nil: that it
	// can't be read is a problem.
	ReadOptions func() ([]byte, error)
	Demo        bool // account and broker may be missing
}

// SearchDirs lists where the configuration file is looked for: beside the program, in the user's configuration
// directory, in /etc/rapt-bridge. The first one found is used.
func SearchDirs() []string {
	var dirs []string
	if program, err := os.Executable(); err == nil {
		dirs = append(dirs, filepath.Dir(program))
	}
	if own, err := os.UserConfigDir(); err == nil {
		dirs = append(dirs, filepath.Join(own, "rapt-bridge"))
	}
	return append(dirs, "/etc/rapt-bridge")
}

// Default gives the defaults alone, as outside the add-on and the container image. It has no account and no broker.
func Default() Config {
	cfg, _ := Load(Options{Environ: []string{}, OptionsJSON: os.DevNull, SearchDirs: []string{}, Demo: true})
	return cfg
}

// Load reads and checks the configuration. A bad one gives a *Problems with everything that is wrong, beside what could
// be read.
func Load(o Options) (Config, error) {
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	if o.OptionsJSON == "" {
		o.OptionsJSON = AddOnOptions
	}
	if o.SearchDirs == nil {
		o.SearchDirs = SearchDirs()
	}
	if o.Path == "" && o.Flags != nil {
		o.Path, _ = o.Flags.GetString(configFlag)
	}
	l := &loader{Options: o, merged: koanf.New("."), sources: map[string]string{}}
	l.defaults()
	l.configFile()
	l.addOnOptions()
	l.environment()
	l.flags()
	l.secretFiles()

	cfg := Config{Sources: l.sources}
	if err := l.merged.Unmarshal("", &cfg); err != nil {
		// Every value was read by its kind before, so that only a table that disagrees with Config gets here.
		return cfg, fmt.Errorf("decode the configuration: %w", err)
	}
	l.validate(&cfg)
	l.ownersAlone()
	cfg.Warnings = l.warnings
	if len(l.problems) > 0 {
		return cfg, &Problems{All: l.sorted(), Looked: l.looked, Unconfigured: l.nothingSet(cfg)}
	}
	return cfg, nil
}

// nothingSet tells whether nobody has begun to configure the program. An add-on is begun with.
func (l *loader) nothingSet(cfg Config) bool {
	isSet := func(p Problem) bool { return !p.Missing }
	return !cfg.Configured() && l.variable("SUPERVISOR_TOKEN") == "" && !slices.ContainsFunc(l.problems, isSet)
}

// loader puts the layers on top of each other and collects what is wrong with them.
type loader struct {
	Options
	merged   *koanf.Koanf      // values that were readable, by key
	sources  map[string]string // where they came from
	problems []Problem
	warnings []string
	file     string   // the configuration file that was read; empty: none
	looked   []string // files that were looked for and are not there
}

func (l *loader) add(p Problem) { l.problems = append(l.problems, p) }

// bad is a problem of a known key, with the source that its value came from.
func (l *loader) bad(key, problem, do string) {
	source := l.sources[key]
	if source == fromDefault {
		source = ""
	}
	l.add(Problem{Key: key, Source: source, Problem: problem, Do: do})
}

// put takes one layer's values: those that can be read by their kind go on top of what is there.
func (l *loader) put(values map[string]any, source func(Key) string) {
	layer := map[string]any{}
	for _, k := range Keys() {
		raw, ok := values[k.Name]
		if !ok || raw == nil {
			continue
		}
		value, problem, do := k.read(raw)
		if problem != "" {
			l.add(Problem{Key: k.Name, Source: source(k), Problem: problem, Do: do})
			continue
		}
		layer[k.Name] = value
		l.sources[k.Name] = source(k)
	}
	// A confmap of values that are not maps can't fail.
	_ = l.merged.Load(confmap.Provider(layer, "."), nil)
}

func (l *loader) defaults() {
	values := map[string]any{}
	for _, k := range Keys() {
		values[k.Name] = k.Default
		if k.Default == "" {
			delete(values, k.Name)
		}
	}
	if l.variable("SUPERVISOR_TOKEN") != "" || l.variable(ContainerVariable) != "" {
		values["http.listen"] = containerListen
	}
	l.put(values, func(Key) string { return fromDefault })
}

func (l *loader) configFile() {
	path := l.Path
	if path == "" {
		for _, dir := range l.SearchDirs {
			found := filepath.Join(dir, FileName)
			// Anything but "not there" is told when it is read.
			if _, err := os.Stat(found); !errors.Is(err, fs.ErrNotExist) {
				path = found
				break
			}
			l.looked = append(l.looked, found)
		}
	}
	if path != "" {
		l.file, l.looked = path, nil
		values := l.readFile(path, yaml.Parser(), "YAML")
		l.unknown(values, path)
		l.put(values, func(Key) string { return path })
	}
}

func (l *loader) addOnOptions() {
	path := l.OptionsJSON
	if _, err := os.Stat(path); path == os.DevNull || errors.Is(err, fs.ErrNotExist) {
		return
	}
	l.looked = nil // an add-on is configured by its options
	var values map[string]any
	if _, err := readSmall(path); errors.Is(err, fs.ErrPermission) && l.ReadOptions != nil {
		values = l.askOptions()
	} else {
		values = l.readFile(path, json.Parser(), "JSON")
	}
	l.unknown(values, path)
	for key, value := range values {
		if value == "" { // an option that was cleared in the form
			delete(values, key)
		}
	}
	l.put(values, func(Key) string { return path })
}

// askOptions gives the values of the add-on's options by their full keys.
func (l *loader) askOptions() map[string]any {
	content, err := l.ReadOptions()
	if err != nil {
		l.add(Problem{Source: l.OptionsJSON, Problem: "is for root alone, and asking for the options failed: " + err.Error(), Do: "Start the add-on again."})
		return nil
	}
	parsed, err := json.Parser().Unmarshal(content)
	if err != nil {
		l.add(Problem{Source: l.OptionsJSON, Problem: "is for root alone, and the Supervisor's answer is not valid JSON", Do: "Start the add-on again."})
		return nil
	}
	values := koanf.New(".")
	_ = values.Load(confmap.Provider(parsed, ""), nil) // a confmap can't fail
	return values.All()
}

// readFile gives the values of a file by their full keys.
func (l *loader) readFile(path string, parser koanf.Parser, format string) map[string]any {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		l.add(Problem{Source: path, Problem: "is not a regular file", Do: "Name the configuration file of rapt-bridge."})
		return nil
	}
	if err == nil && info.Size() > maxFileSize {
		l.add(Problem{Source: path, Problem: fmt.Sprintf("is larger than %d bytes", maxFileSize), Do: "Name the configuration file of rapt-bridge."})
		return nil
	}
	layer := koanf.New(".")
	if err := layer.Load(file.Provider(path), parser); err != nil {
		var unreadable *fs.PathError
		if errors.As(err, &unreadable) {
			l.add(Problem{Source: path, Problem: "can't be read: " + unreadable.Err.Error(), Do: "Check the path and its permissions."})
		} else {
			l.add(Problem{Source: path, Problem: "is not valid " + format + syntaxHint(err), Do: "Compare it with examples/rapt-bridge.yaml."})
		}
		return nil
	}
	return layer.All()
}

// maxFileSize bounds every file that is read; all of them are small.
const maxFileSize = 1 << 20

// syntaxHint says where a syntax error is. It shows nothing else of the parser's message: that may quote the file, and
// what it quotes may be a secret.
func syntaxHint(err error) string {
	message := err.Error()
	var hint string
	if line := regexp.MustCompile(`line \d+`).FindString(message); line != "" {
		hint = " (" + line + ")"
	}
	for _, known := range []struct{ says, means string }{
		{"already defined", "a key is there twice"},
		{"tab character", "there is a tab: indent with spaces"},
		{"cannot start any token", "a value starts with a tab or a sign that needs quotes"},
		{"mapping values are not allowed", "a colon where none may be, or wrong indentation"},
		{"unknown anchor", "a value that starts with * needs quotes"},
		{"cannot unmarshal", "it must have keys and values, such as rapt: and below it username:"},
	} {
		if strings.Contains(message, known.says) {
			return hint + ": " + known.means
		}
	}
	return hint
}

// variable gives an environment variable's value; of several of one name the last.
func (l *loader) variable(name string) string {
	for _, entry := range slices.Backward(l.Environ) {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

// serviceLink matches the variables that Kubernetes sets for a service called rapt-bridge; nobody wrote them.
var serviceLink = regexp.MustCompile(`^RAPT_BRIDGE_(SERVICE_(HOST|PORT(_.*)?)|PORT(_.*)?)$`)

func (l *loader) environment() {
	names := map[string]Key{}
	var known []string
	for _, k := range Keys() {
		names[k.Env()] = k
		known = append(known, strings.TrimPrefix(k.Env(), envPrefix))
	}
	layer := koanf.New(".")
	_ = layer.Load(env.Provider(".", env.Opt{
		Prefix:      envPrefix,
		EnvironFunc: func() []string { return l.Environ },
		TransformFunc: func(name, value string) (string, any) {
			k, ok := names[name]
			switch {
			case ok && value == "" && k.Name != "http.listen":
				// Compose files pass on variables that aren't set as empty ones. To have no status page is the one
				// meaning that an empty value has.
				return "", nil
			case ok:
				return k.Name, value
			case name != ContainerVariable && !serviceLink.MatchString(name):
				l.add(Problem{Key: printable(name), Problem: "is not a variable of rapt-bridge", Do: suggest(envPrefix, strings.TrimPrefix(name, envPrefix), known)})
			}
			return "", nil
		},
	}), nil)
	l.put(layer.All(), Key.Env)
}

func (l *loader) flags() {
	if l.Flags == nil {
		return
	}
	names := map[string]Key{}
	for _, k := range Keys() {
		names[k.Flag()] = k
	}
	layer := koanf.New(".")
	_ = layer.Load(posflag.ProviderWithFlag(l.Flags, ".", nil, func(f *pflag.Flag) (string, any) {
		if v, ok := f.Value.(*flagValue); ok {
			return names[f.Name].Name, v.text
		}
		return "", nil // a flag of the command line's own
	}), nil)
	l.put(layer.All(), func(k Key) string { return "--" + k.Flag() })
}

// unknown tells the keys of a file that aren't in the table.
func (l *loader) unknown(values map[string]any, path string) {
	var known []string
	for _, k := range Keys() {
		known = append(known, k.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if slices.Contains(known, name) {
			continue
		}
		if slices.ContainsFunc(Groups(), func(g Group) bool { return g.Name == name }) {
			if empty, isMap := values[name].(map[string]any); values[name] != nil && (!isMap || len(empty) > 0) {
				l.add(Problem{Key: name, Source: path, Problem: "must be a group of keys", Do: "Write its keys below it, each with two spaces before it."})
			}
			continue
		}
		if i := slices.IndexFunc(known, func(k string) bool { return strings.HasPrefix(name, k+".") }); i >= 0 {
			l.add(Problem{Key: known[i], Source: path, Problem: "must be a single value and not a group of keys", Do: "Write the value after the colon."})
			continue
		}
		l.add(Problem{Key: printable(name), Source: path, Problem: "is not a key of rapt-bridge", Do: suggest("", name, known)})
	}
}

// sorted gives the problems in the order of Keys: whole files first, unknown keys last.
func (l *loader) sorted() []Problem {
	rank := map[string]int{"": -1}
	for i, k := range Keys() {
		rank[k.Name] = i
	}
	of := func(p Problem) int {
		if r, ok := rank[p.Key]; ok {
			return r
		}
		return len(rank)
	}
	sort.SliceStable(l.problems, func(i, j int) bool { return of(l.problems[i]) < of(l.problems[j]) })
	return slices.Compact(l.problems)
}

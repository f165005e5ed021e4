package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

const configFlag = "config"

// AddFlags adds a flag for every key that is no secret, and --config. The flags take any text: Load reads it, so that a bad flag is told
// together with all other problems.
func AddFlags(flags *pflag.FlagSet) {
	flags.String(configFlag, "", "Configuration `file`. By default the first "+FileName+" beside the program, in the user's configuration directory (rapt-bridge) or in /etc/rapt-bridge.")
	for _, k := range Keys() {
		if k.Secret {
			continue // every user of this computer could see it in the list of processes
		}
		f := flags.VarPF(&flagValue{text: k.Default, kind: k.Kind}, k.Flag(), "", k.Description)
		if k.Kind == Boolean {
			f.NoOptDefVal = "true"
		}
	}
}

// FlagError explains an error of parsing flags: one that is a secret's, or one that is not known, where flags are the known ones.
func FlagError(err error, flags *pflag.FlagSet) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	name := unknown.GetSpecifiedName()
	secrets := map[string]Key{}
	var known []string
	for _, k := range Keys() {
		if k.Secret {
			secrets[k.Flag()] = k
			known = append(known, k.Flag())
		}
	}
	flags.VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })

	var flagged, secret []string
	for _, near := range meant(name, known) {
		if k, is := secrets[near]; is {
			secret = append(secret, fmt.Sprintf("set %s, or name a file with --%s-file", k.Env(), k.Flag()))
		} else {
			flagged = append(flagged, "--"+near)
		}
	}
	switch last := len(flagged) - 1; {
	case secret != nil:
		return fmt.Errorf("--%s is no flag, because every user of this computer could see the secret: %s", name, strings.Join(secret, "; or "))
	case last > 0:
		return fmt.Errorf("%w; did you mean %s or %s?", err, strings.Join(flagged[:last], ", "), flagged[last])
	case last == 0:
		return fmt.Errorf("%w; did you mean %s?", err, flagged[0])
	}
	return fmt.Errorf("%w; --help lists the known ones", err)
}

// mostMeant is how many flags an unknown one may stand for. More would be no help.
const mostMeant = 4

// meant are the flags that an unknown one was probably meant to be: itself, those that end with its words, or the nearest.
func meant(name string, known []string) []string {
	if slices.Contains(known, name) {
		return []string{name}
	}
	var out []string
	for _, k := range known {
		if strings.HasSuffix(k, "-"+name) {
			out = append(out, k)
		}
	}
	if len(out) > mostMeant {
		return nil
	}
	if near := Nearest(name, known); out == nil && near != "" {
		return []string{near}
	}
	return out
}

// flagValue is a flag's text.
type flagValue struct {
	text string
	kind Kind
}

func (v *flagValue) String() string     { return v.text }
func (v *flagValue) Set(s string) error { v.text = s; return nil }
func (v *flagValue) Type() string       { return string(v.kind) }

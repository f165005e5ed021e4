package config

import (
	"errors"
	"fmt"
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
	for _, k := range Keys() {
		if k.Secret && strings.HasSuffix(err.Error(), ": --"+k.Flag()) {
			return fmt.Errorf("--%s is no flag, because every user of this computer could see the secret: set %s, or name a file with --%s-file", k.Flag(), k.Env(), k.Flag())
		}
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	var known []string
	flags.VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	if near := Nearest(unknown.GetSpecifiedName(), known); near != "" {
		return fmt.Errorf("%w; did you mean --%s?", err, near)
	}
	return err
}

// flagValue is a flag's text.
type flagValue struct {
	text string
	kind Kind
}

func (v *flagValue) String() string     { return v.text }
func (v *flagValue) Set(s string) error { v.text = s; return nil }
func (v *flagValue) Type() string       { return string(v.kind) }

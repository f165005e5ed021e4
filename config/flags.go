package config

import "github.com/spf13/pflag"

const configFlag = "config"

// AddFlags adds a flag for every key, and --config. The flags take any text: Load reads it, so that a bad flag is told
// together with all other problems.
func AddFlags(flags *pflag.FlagSet) {
	flags.String(configFlag, "", "Configuration `file`. By default the first "+FileName+" beside the program, in the user's configuration directory (rapt-bridge) or in /etc/rapt-bridge.")
	for _, k := range Keys() {
		usage := k.Description
		if k.Secret {
			usage += " Other users of this computer can see it here: better use --" + k.Flag() + "-file."
		}
		f := flags.VarPF(&flagValue{text: k.Default, kind: k.Kind}, k.Flag(), "", usage)
		if k.Kind == Boolean {
			f.NoOptDefVal = "true"
		}
	}
}

// flagValue is a flag's text.
type flagValue struct {
	text string
	kind Kind
}

func (v *flagValue) String() string     { return v.text }
func (v *flagValue) Set(s string) error { v.text = s; return nil }
func (v *flagValue) Type() string       { return string(v.kind) }

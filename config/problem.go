package config

import (
	"fmt"
	"strings"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	Key     string // as in Keys, or as found when it is unknown; empty when a whole file is meant
	Source  string // the file, variable or flag it came from; empty when it came from nowhere
	Problem string // what is wrong; never shows a secret
	Do      string // what to do about it
	Missing bool   // true when it is wrong only because it is not set
}

// String says it in one line: key (source): problem. What to do.
func (p Problem) String() string {
	where := p.Key
	switch {
	case where == "":
		where = p.Source
	case p.Source != "" && p.Source != p.Key:
		where += " (" + p.Source + ")"
	}
	return where + ": " + p.Problem + ". " + p.Do
}

// Problems is the error of a bad configuration: all that is wrong with it, in the order of Keys.
type Problems struct {
	All []Problem
	// Looked are the files that were looked for and are not there; empty when a file was found or named.
	Looked []string
	// Unconfigured says that nothing names an account or a broker.
	Unconfigured bool
}

// Error has a line for each problem, and where nothing is configured what to begin with.
func (p *Problems) Error() string {
	var b strings.Builder
	if len(p.All) == 1 {
		b.WriteString("the configuration has a problem:")
	} else {
		fmt.Fprintf(&b, "the configuration has %d problems:", len(p.All))
	}
	for _, one := range p.All {
		b.WriteString("\n  - " + one.String())
	}
	if len(p.Looked) > 0 {
		b.WriteString("\nNo configuration file was found. Looked for " + strings.Join(p.Looked, ", ") + "; --config names another.")
	}
	if p.Unconfigured {
		b.WriteString("\nTo look around without an account: rapt-bridge demo")
	}
	return b.String()
}

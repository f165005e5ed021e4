package config

import (
	"fmt"
	"strings"
)

// MarkdownTable gives the README's table of keys.
func MarkdownTable() string {
	var b strings.Builder
	b.WriteString("| Key | Default | What it does | Environment variable |\n| --- | --- | --- | --- |\n")
	for _, k := range Keys() {
		value := ""
		if k.Default != "" {
			value = "`" + k.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | `%s` |\n", k.Name, value, strings.ReplaceAll(k.sentence(), "|", "\\|"), k.Env())
	}
	return b.String()
}

// sentence is the description with what the kind allows.
func (k Key) sentence() string {
	if k.Kind == Choice {
		return k.Description + " One of " + strings.Join(k.Choices, ", ") + "."
	}
	return k.Description
}

// ExampleYAML gives the example file: every key with its meaning, as a comment, so that the file as it stands sets nothing
// but the groups.
func ExampleYAML() []byte {
	var b strings.Builder
	b.WriteString("# Configuration of rapt-bridge. Keys with a # before them stand at their defaults or are not set; remove the # to set one.\n")
	b.WriteString("# Every key is also an environment variable (RAPT_BRIDGE_RAPT_USERNAME), and a flag (--rapt-username) if it is no secret.\n")
	b.WriteString("# Save it as " + FileName + " beside the program, in your own configuration folder or in /etc/rapt-bridge, or name it with --config.\n")
	b.WriteString("# Your own folder is ~/.config/rapt-bridge on Linux, ~/Library/Application Support/rapt-bridge on macOS, %AppData%\\rapt-bridge on Windows.\n")
	for _, g := range Groups() {
		fmt.Fprintf(&b, "\n# %s\n%s:\n", g.Title, g.Name)
		for _, k := range Keys() {
			if k.Group() != g.Name {
				continue
			}
			for _, line := range wrap(k.sentence(), 110) {
				b.WriteString("  # " + line + "\n")
			}
			fmt.Fprintf(&b, "  # %s: %s\n", k.Leaf(), k.example())
		}
	}
	return []byte(b.String())
}

// example is a value as it stands in YAML: the default, or a made-up one.
func (k Key) example() string {
	value := k.Default
	if value == "" {
		value = k.Example
	}
	if k.Kind == Integer || k.Kind == Boolean || k.Kind == Duration || k.Kind == Choice {
		return value
	}
	return `"` + value + `"`
}

// Usage gives the help's section on configuration: every key with its flag, its variable and its default.
func Usage() string {
	var b strings.Builder
	b.WriteString("Configuration, the first that is set counts: flag, environment variable, " + AddOnOptions + ", configuration file, default.\n")
	for _, g := range Groups() {
		fmt.Fprintf(&b, "\n%s (%s)\n", g.Title, g.Name)
		for _, k := range Keys() {
			if k.Group() != g.Name {
				continue
			}
			if k.Secret {
				fmt.Fprintf(&b, "  (no flag: it is a secret) <%s>\n", k.Kind)
			} else {
				fmt.Fprintf(&b, "  --%s <%s>\n", k.Flag(), k.Kind)
			}
			for _, line := range wrap(k.sentence(), 90) {
				b.WriteString("      " + line + "\n")
			}
			b.WriteString("      " + k.Env())
			if k.Default != "" {
				b.WriteString(", default " + k.Default)
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// wrap breaks a sentence into lines of at most width letters, words permitting.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

package config

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestExampleFileIsTheTables(t *testing.T) {
	golden(t, "../examples/rapt-bridge.yaml", string(ExampleYAML()))
}

func TestExampleFileLoads(t *testing.T) {
	o := nowhere()
	o.Demo = true
	o.Path = write(t, "example.yaml", string(ExampleYAML()))
	cfg, err := Load(o)
	require.NoError(t, err)
	assert.Equal(t, Default(), cfg, "as it stands, it sets nothing")

	// With every comment sign before a key taken away, but for the files, which aren't there.
	text := regexp.MustCompile(`(?m)^  # ([a-z_]+: )`).ReplaceAllString(string(ExampleYAML()), "  $1")
	text = regexp.MustCompile(`(?m)^  [a-z_]+_file: .*\n`).ReplaceAllString(text, "")
	o.Demo = false
	o.Path = write(t, "known.yaml", text)
	_, err = Load(o)
	require.ErrorContains(t, err, "webhook.secret", "everybody can read the example's")
	text = strings.Replace(text, "by chance: openssl rand -hex 16", "0123456789abcdef0123456789abcdef", 1)
	o.Path = write(t, "all.yaml", text)
	cfg, err = Load(o)
	require.NoError(t, err)
	assert.Equal(t, "brewer@example.com", cfg.RAPT.Username)
	for _, k := range Keys() {
		if k.Default != "" {
			assert.Equal(t, o.Path, cfg.Sources[k.Name], "the example has it")
		}
	}
	want := Default()
	assert.Equal(t, want.RAPT.MaxPollInterval, cfg.RAPT.MaxPollInterval)
	want.HomeAssistant.URL, want.HomeAssistant.Token = "http://homeassistant.local:8123", NewSecret("a long-lived access token")
	assert.Equal(t, want.HomeAssistant, cfg.HomeAssistant)
	assert.Equal(t, want.Log, cfg.Log)
}

func TestEveryKeyIsInEveryDocument(t *testing.T) {
	flags := pflag.NewFlagSet("rapt-bridge", pflag.ContinueOnError)
	AddFlags(flags)
	table, usage, example := MarkdownTable(), Usage(), string(ExampleYAML())
	seen := map[string]bool{}
	for _, k := range Keys() {
		assert.False(t, seen[k.Name], "%s is there twice", k.Name)
		seen[k.Name] = true
		assert.Contains(t, table, "| `"+k.Name+"` | ")
		assert.Contains(t, table, " | `"+k.Env()+"` |\n")
		assert.Contains(t, usage, k.Env())
		assert.Contains(t, example, "  # "+k.Leaf()+": ")
		f := flags.Lookup(k.Flag())
		if k.Secret {
			assert.Nil(t, f, "%s would be seen in the list of processes", k.Flag())
			continue
		}
		assert.Contains(t, usage, "  --"+k.Flag()+" <")
		if assert.NotNil(t, f, k.Flag()) {
			assert.Contains(t, f.Usage, k.Description)
			assert.Equal(t, k.Default, f.DefValue)
		}
		assert.True(t, strings.HasSuffix(k.Description, "."), "%s: a description is a sentence", k.Name)
		assert.True(t, k.Default != "" || k.Example != "", "%s: something to show", k.Name)
	}
	golden(t, "testdata/table.md", table)
	golden(t, "testdata/usage.txt", usage)
}

func TestTableAndConfigHaveTheSameKeys(t *testing.T) {
	var fields []string
	root := reflect.TypeFor[Config]()
	for i := range root.NumField() {
		group := root.Field(i)
		if group.Tag.Get("koanf") == "-" {
			continue
		}
		for j := range group.Type.NumField() {
			fields = append(fields, group.Tag.Get("koanf")+"."+group.Type.Field(j).Tag.Get("koanf"))
		}
	}
	var keys []string
	for _, k := range Keys() {
		// The file of a secret ends up in the secret's field.
		if !strings.HasSuffix(k.Name, "api_secret_file") && !strings.HasSuffix(k.Name, "password_file") && !strings.HasSuffix(k.Name, "token_file") && k.Name != "webhook.secret_file" {
			keys = append(keys, k.Name)
		}
	}
	assert.Equal(t, keys, fields)
}

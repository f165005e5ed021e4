package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rapt-bridge/rapt-bridge/raptclient/redact"
)

// FuzzLoad gives arbitrary text as the file, the add-on's options and a variable: nothing panics, a bad configuration is
// always told as *Problems, and secrets that are set properly never show, whatever else is wrong.
func FuzzLoad(f *testing.F) {
	files, _ := filepath.Glob("testdata/bad/*.yaml")
	for _, path := range files {
		content, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(content), "", "mqtt://a:b@c")
	}
	f.Add(string(ExampleYAML()), `{"rapt":{"username":"a","min_poll_interval":"1h"},"log":{}}`, "wss://broker/?x#y")
	f.Add("rapt: &a {b: *a}\nmqtt.url: 1\nmqtt: {url: 2}\n.: {'': 1}\n1: 2\n2001-01-01: x", `{"":{"":[]},"rapt":[1]}`, "a:b%40c")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, yaml, json, address string) {
		if strings.Contains(yaml+json+address, canary) {
			t.Skip("the secret is somebody's key or address")
		}
		o := nowhere()
		o.Path, o.OptionsJSON = filepath.Join(dir, "c.yaml"), filepath.Join(dir, "o.json")
		for path, content := range map[string]string{o.Path: yaml, o.OptionsJSON: json} {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		o.Environ = []string{"RAPT_BRIDGE_RAPT_API_SECRET=" + canary, "RAPT_BRIDGE_MQTT_PASSWORD=" + canary, "RAPT_BRIDGE_MQTT_URL=" + address}
		cfg, err := Load(o)
		var problems *Problems
		if err != nil && !errors.As(err, &problems) {
			t.Fatalf("not told as problems: %v", err)
		}
		if shown := fmt.Sprintf("%v %+v %#v %s", err, cfg, cfg, redact.URL(address)); strings.Contains(shown, canary) {
			t.Fatalf("shows the secret: %s", shown)
		}

		// The same, with the secret in the broker's address.
		o.Environ = []string{"RAPT_BRIDGE_MQTT_URL=mqtt://user:" + canary + address + "@broker"}
		if _, err := Load(o); err != nil && strings.Contains(err.Error(), canary) {
			t.Fatalf("shows the password of mqtt.url: %s", err)
		}
	})
}

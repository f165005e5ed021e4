package device

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// explained are the entities of the table of what is unknown in DOCS.md.
func explained(t *testing.T) map[string]bool {
	t.Helper()
	docs, err := os.ReadFile(filepath.Join("..", "..", "addon", "DOCS.md"))
	require.NoError(t, err)
	table := regexp.MustCompile(`(?ms)^\*Unknown\* means .*?^\| --- \| --- \|\n(.*?)\n\n`).FindStringSubmatch(string(docs))
	require.NotNil(t, table, "the table of what is unknown")
	names := map[string]bool{}
	for row := range strings.Lines(table[1]) {
		cells := strings.Split(row, "|")
		require.Len(t, cells, 4, row)
		assert.NotEmpty(t, strings.TrimSpace(cells[2]), "a reason: %s", row)
		which := regexp.MustCompile(` of an? .*`).ReplaceAllString(strings.TrimSpace(cells[1]), "")
		for name := range strings.SplitSeq(which, ", ") {
			names[name] = true
		}
	}
	return names
}

// nothingKnown is the state document of a device of which the cloud tells nothing but its id.
func nothingKnown(t *testing.T, f *Family) map[string]any {
	t.Helper()
	cloud := raptsim.New(raptsim.Options{Devices: []raptsim.DeviceSpec{}, Latency: &raptsim.Latency{}})
	client, err := raptclient.New(raptclient.Options{APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "brewer@example.com", APISecret: "demo-secret", Transport: cloud.Transport()})
	require.NoError(t, err)
	cloud.Inject(raptsim.Fault{Path: "/api/", Body: `[{"id":"00000000-0000-4000-8000-0000000000aa"}]`})
	list, err := f.List(t.Context(), client)
	require.NoError(t, err)
	require.Len(t, list.Readings, 1)
	var doc map[string]any
	require.NoError(t, json.Unmarshal(list.Readings[0].AppendJSON(nil, &Derived{}), &doc))
	return doc
}

// Every entity that may be unknown has a reason in DOCS.md, those that are disabled together, and nothing else has.
func TestWhateverMayBeUnknownIsExplained(t *testing.T) {
	names := explained(t)
	unknown := map[string]bool{}
	for _, f := range Families() {
		doc := nothingKnown(t, f)
		for _, e := range discovery.Entities(f.Name) {
			name := e.Name
			switch {
			case e.Platform == discovery.Climate:
				name = "The climate entity"
			case e.Disabled:
				name = "Whatever is marked ◌"
			case e.Platform == discovery.Button, e.Platform == discovery.Text: // nothing to know, or an empty text
				continue
			case e.Empty != "", e.Composed != nil: // has a word for nothing
				continue
			case e.Document == discovery.StateDocument && doc[e.DocumentKey()] != nil:
				continue
			}
			unknown[name] = true
			assert.True(t, names[name], "%s: %s of a %s", name, e.Key, f.Name)
		}
	}
	for name := range names {
		assert.True(t, unknown[name], "%s is never unknown", name)
	}
}

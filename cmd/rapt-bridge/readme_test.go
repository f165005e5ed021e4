package main

import (
	"flag"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/config"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

var (
	update       = flag.Bool("update", false, "write the generated parts of README.md anew")
	pollingTable = flag.String("polling", "", "with -update: file with the table of BenchmarkPolling")
)

// top is the root of the repository, seen from here.
const top = "../.."

// generated are the parts of the README that the program's own tables make, by the name in their markers.
func generated() map[string]func() string {
	return map[string]func() string{
		"configuration": config.MarkdownTable,
		"commands":      commandsTable,
		"entities":      entitiesTable,
	}
}

// marked matches a part of a page between its markers.
var marked = regexp.MustCompile(`(?s)(<!-- generated: ([a-z]+) -->\n)(.*?)(<!-- end -->)`)

func TestReadmeHasWhatTheTablesSay(t *testing.T) {
	path := filepath.Join(top, "README.md")
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	parts := generated()
	if *pollingTable != "" {
		table, err := os.ReadFile(*pollingTable)
		require.NoError(t, err)
		parts["polling"] = func() string { return string(table) }
	}
	if *forecastScores != "" {
		table := forecastTable(t, *forecastScores, *forecastSources)
		parts["forecast"] = func() string { return table }
	}
	var found []string
	fresh := marked.ReplaceAllStringFunc(string(page), func(part string) string {
		m := marked.FindStringSubmatch(part)
		found = append(found, m[2])
		if make, ok := parts[m[2]]; ok {
			return m[1] + "\n" + make() + "\n" + m[4]
		}
		return part
	})
	for name := range parts {
		assert.Contains(t, found, name, "the README has no part of this name")
	}
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(fresh), 0o644))
		return
	}
	assert.Equal(t, fresh, string(page), "the README is stale; run make docs")
}

// commandsTable lists the commands of the catalogue.
func commandsTable() string {
	var b strings.Builder
	b.WriteString("| Topic | Families | In Home Assistant | Payload | Limits | Example |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, row := range discovery.CommandTable(discovery.Topics{Prefix: "rapt", DiscoveryPrefix: "homeassistant"}) {
		entity := row.Entity
		if entity == "" {
			entity = "–"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | `%s` |\n", row.Topic, familiesText(row.Families), entity, row.Payload, row.Limits, row.Example)
	}
	return b.String()
}

// entitiesTable lists the members of the documents that entities show, each once, by the families that have them.
func entitiesTable() string {
	having := map[string][]discovery.Family{} // by key and unit
	var keys []string
	for _, f := range append(discovery.Families(), discovery.Bridge) {
		for _, row := range discovery.EntityTable(f) {
			if row.Member != row.Key {
				continue // it has a row of its own
			}
			key := "`" + row.Key + "`"
			if row.Unit != "" {
				key += " (" + row.Unit + ")"
			}
			if having[key] == nil {
				keys = append(keys, key)
			}
			having[key] = append(having[key], f)
		}
	}
	sharing := map[string][]string{} // keys by families
	var groups []string
	for _, key := range keys {
		group := familiesText(having[key])
		if sharing[group] == nil {
			groups = append(groups, group)
		}
		sharing[group] = append(sharing[group], key)
	}
	var b strings.Builder
	b.WriteString("| Families | Keys |\n| --- | --- |\n")
	for _, group := range groups {
		fmt.Fprintf(&b, "| %s | %s |\n", group, strings.Join(sharing[group], ", "))
	}
	return b.String()
}

func familiesText(families []discovery.Family) string {
	if len(families) == len(discovery.Families()) {
		return "every device"
	}
	var names []string
	for _, f := range families {
		names = append(names, "`"+string(f)+"`")
	}
	return strings.Join(names, ", ")
}

// pages are what people read of the repository.
func pages(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, pattern := range []string{"README.md", "addon/*.md", "examples/*.md"} {
		paths, err := filepath.Glob(filepath.Join(top, filepath.FromSlash(pattern)))
		require.NoError(t, err)
		for _, path := range paths {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			name, err := filepath.Rel(top, path)
			require.NoError(t, err)
			out[filepath.ToSlash(name)] = string(text)
		}
	}
	require.Contains(t, out, "README.md")
	require.Contains(t, out, "addon/DOCS.md")
	return out
}

var (
	linked = regexp.MustCompile(`\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"\s]+)"`)
	fenced = regexp.MustCompile("(?s)```.*?```")
	titled = regexp.MustCompile(`(?m)^#+ (.+)$`)
	// own are addresses of files of this repository as the web has them.
	own = []string{
		"https://raw.githubusercontent.com/rapt-bridge/rapt-bridge/main/",
		"https://github.com/rapt-bridge/rapt-bridge/blob/main/",
		"https://github.com/rapt-bridge/rapt-bridge/tree/main/",
	}
)

func TestLinksAndPicturesLeadSomewhere(t *testing.T) {
	for name, text := range pages(t) {
		t.Run(name, func(t *testing.T) {
			prose := fenced.ReplaceAllString(text, "")
			for _, m := range linked.FindAllStringSubmatch(prose, -1) {
				target := m[1] + m[2]
				path := filepath.Join(top, filepath.Dir(name))
				for _, prefix := range own {
					if rest, ok := strings.CutPrefix(target, prefix); ok {
						target, path = rest, top
					}
				}
				u, err := url.Parse(target)
				require.NoError(t, err, target)
				switch {
				case u.IsAbs():
				case u.Path == "":
					assert.Contains(t, anchors(prose), u.Fragment, "no heading of this name")
				default:
					_, err := os.Stat(filepath.Join(path, filepath.FromSlash(u.Path)))
					assert.NoError(t, err)
				}
			}
		})
	}
}

// anchors are the names that the web gives to the headings of a page.
func anchors(text string) []string {
	var names []string
	for _, m := range titled.FindAllStringSubmatch(text, -1) {
		name := regexp.MustCompile(`[^\pL\pN _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		names = append(names, strings.ReplaceAll(name, " ", "-"))
	}
	return names
}

func TestReadmeNamesTargetsOfTheMakefile(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(top, "Makefile"))
	require.NoError(t, err)
	targets := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^([a-z-]+):.*## `).FindAllStringSubmatch(string(makefile), -1) {
		targets[m[1]] = true
	}
	for _, m := range regexp.MustCompile("(?m)(?:`|^)make ([a-z-]+)").FindAllStringSubmatch(pages(t)["README.md"], -1) {
		assert.Contains(t, slices.Collect(maps.Keys(targets)), m[1])
	}
}

// The map of the code names every package and no other.
func TestReadmeMapsTheCode(t *testing.T) {
	_, mapped, ok := strings.Cut(pages(t)["README.md"], "## Map of the code")
	require.True(t, ok)
	mapped, _, _ = strings.Cut(mapped, "\n## ")
	var folders []string
	for _, root := range []string{"cmd", "bridge", "raptclient", "discovery", "config", "addon"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(top, root), func(path string, d os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if err == nil && d.IsDir() && d.Name() == "testdata" {
				return filepath.SkipDir
			}
			if source, _ := filepath.Glob(filepath.Join(path, "*.go")); d.IsDir() && len(source) > 0 {
				folders = append(folders, filepath.ToSlash(path)[len(top)+1:])
			}
			return nil
		}))
	}
	for _, folder := range append(folders, "examples") {
		assert.Contains(t, mapped, "| `"+folder+"`", "a line for it")
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)`").FindAllStringSubmatch(mapped, -1) {
		_, err := os.Stat(filepath.Join(top, filepath.FromSlash(m[1])))
		assert.NoError(t, err)
	}
}

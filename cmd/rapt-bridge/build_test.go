package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The image and the released binaries hold the program that is tested and measured.
func TestEveryBuildHasTheSameFlags(t *testing.T) {
	command := regexp.MustCompile(`(?:go|\$\(GO\)) build ((?:[^\n]|\\\n)*?)-o\s`)
	name := regexp.MustCompile(`main\.version=\S*"`)
	flags := map[string]string{}
	for _, file := range []string{"Makefile", "Dockerfile", ".github/workflows/release.yaml"} {
		text, err := os.ReadFile(filepath.Join(top, file))
		require.NoError(t, err)
		found := command.FindAllStringSubmatch(string(text), -1)
		require.Len(t, found, 1, "%s builds the program once", file)
		flags[file] = name.ReplaceAllString(strings.Join(strings.Fields(strings.ReplaceAll(found[0][1], "\\\n", " ")), " "), `main.version="`)
	}
	assert.Equal(t, `-trimpath -tags timetzdata -ldflags "-s -w -X main.version="`, flags["Makefile"])
	assert.Equal(t, flags["Makefile"], flags["Dockerfile"])
	assert.Equal(t, flags["Makefile"], flags[".github/workflows/release.yaml"])
}

// A test that was renamed would be slowed down by the race detector again, and no longer run without it.
func TestMakefileNamesSlowTestsThatExist(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(top, "Makefile"))
	require.NoError(t, err)
	list := regexp.MustCompile(`(?m)^SLOW = ((?:.*\\\n)*.*)$`).FindSubmatch(makefile)
	require.NotNil(t, list)
	there := map[string]bool{}
	require.NoError(t, filepath.WalkDir(top, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(source, -1) {
			there[string(m[1])] = true
		}
		return err
	}))
	for _, name := range strings.Fields(strings.ReplaceAll(string(list[1]), "\\", " ")) {
		assert.True(t, there[name], "%s is in SLOW of the Makefile, and no test", name)
	}
}

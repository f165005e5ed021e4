package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The program's command lines on a page: in a block they may stand behind variables of the environment or run a container; in a sentence
// they are between backticks.
var (
	blockCommand    = regexp.MustCompile(`(?m)^(?:(?:[A-Z_]+=(?:'[^']*'|\S+) )*rapt-bridge|(?:docker run .*| +)ghcr\.io/rapt-bridge/rapt-bridge:\S+)(| .*)$`)
	sentenceCommand = regexp.MustCompile("`rapt-bridge(| [^`\n]*)`")
)

// arguments are the words of a command line, without its comment and the file that its output goes to.
func arguments(line string) (args []string) {
	line, _, _ = strings.Cut(line, "#")
	line, _, _ = strings.Cut(line, ">")
	for _, word := range regexp.MustCompile(`"[^"]*"|\S+`).FindAllString(line, -1) {
		args = append(args, strings.Trim(word, `"`))
	}
	return args
}

func TestTheProgramTakesTheCommandLinesOfThePages(t *testing.T) {
	found := 0
	for name, text := range pages(t) {
		var blocks []string
		for _, block := range fenced.FindAllString(text, -1) {
			for _, m := range blockCommand.FindAllStringSubmatch(block, -1) {
				blocks = append(blocks, m[1])
			}
		}
		lines := blocks
		for _, m := range sentenceCommand.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
			lines = append(lines, m[1])
		}
		for i, line := range lines {
			p, _, _ := newProgram(nil)
			cmd, rest, err := p.command().Find(arguments(line))
			require.NoError(t, err, "%s: rapt-bridge%s", name, line)
			require.NoError(t, cmd.ParseFlags(rest), "%s: rapt-bridge%s", name, line)
			if i < len(blocks) { // a sentence may name a command without its words
				assert.NoError(t, cmd.ValidateArgs(cmd.Flags().Args()), "%s: rapt-bridge%s", name, line)
			}
			found++
		}
	}
	assert.Greater(t, found, 15, "the pages have at least these")
}

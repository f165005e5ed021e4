package e2e

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestThePageHasTheTableOfFaults: a row that was added, renamed or promises something else is to be tried and published.
// Figures that a row measured stand in parentheses behind what must hold.
func TestThePageHasTheTableOfFaults(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../.github/faults.md")
	require.NoError(t, err)
	_, rest, begins := strings.Cut(string(page), tableBegins)
	table, _, ends := strings.Cut(rest, tableEnds)
	_, table, head := strings.Cut(table, tableHead)
	require.True(t, begins && ends && head, "the page has no table")
	published := strings.Split(strings.TrimSpace(table), "\n")
	rows := faults()
	for i, row := range rows {
		require.Less(t, i, len(published), "%s is not there; run make chaos", row.begins())
		line, states := published[i], row.states()
		assert.True(t, strings.HasPrefix(line, states+" | ") || strings.HasPrefix(line, states+" ("), "run make chaos: row %d is\n%s\nand should begin with\n%s", i, line, states)
	}
	assert.Len(t, published, len(rows), "rows that there are no longer")
}

package e2e

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

var (
	allFaults  = flag.Bool("faults", false, "try every fault of the table, not the quick ones alone")
	faultTable = flag.String("fault-table", "", "file for the table of faults, as Markdown")
)

// usualLines are fewer than a fault may have in the log, unless its row says otherwise.
const usualLines = 200

// fault is a row of the table of faults: something that happens to a brewery, and what must hold.
type fault struct {
	group, name string
	quick       bool // tried in every run of the tests
	// holds says what must hold beside what always must.
	holds string

	broker       mosquittoOptions
	own          bool // a broker of its own
	heavy        bool // keeps a core busy: tried alone, before the others
	forgets      bool // which forgets what it retained when it ends
	relayed      bool // a relay before the broker
	secured      bool // with TLS
	securedCloud bool // a relay with TLS before the cloud
	cloud        raptsim.Options
	set          settings
	clock        bool // the bridge's wall clock can be set
	start        func(*trial)
	strike       func(*trial) // makes it happen, and returns when it is over
	after        func(*trial) // looks at what happened, when all is well

	// What may be different because of it.
	takesAway bool          // the bridge or the broker is away for a time
	offline   bool          // devices may be shown offline meanwhile
	within    time.Duration // until all is well again; 3 minutes when zero
	memory    int           // MiB at the most; 64 when zero
	lines     int           // of the log; usualLines when zero
	signIns   int           // 6 when zero; more where the hour has passed for the bridge
}

// outcome is what a row's trial has shown.
type outcome struct {
	row     fault
	broken  []string
	figures string // that the row measured
	well    time.Duration
	lines   int
	memory  int // MiB at the most
	done    bool
}

// faults is the table.
func faults() []fault {
	return slices.Concat(brokerFaults(), cloudFaults(), signInFaults(), clockFaults(), processFaults(), homeFaults())
}

// TestFaults lives through the table of faults: the built program, a Mosquitto in a container and a cloud in a process of
// its own for each row. With -faults all rows are tried ("make chaos"), else the quick ones.
func TestFaults(t *testing.T) {
	t.Parallel()
	needDocker(t)
	var mu sync.Mutex
	outcomes := map[string]*outcome{}
	rows := faults()
	t.Cleanup(func() { tell(t, rows, outcomes) })
	broker := startMosquitto(t, t, mosquittoOptions{})
	for i, row := range rows {
		if !row.quick && !*allFaults {
			continue
		}
		t.Run(row.group+" "+strings.ReplaceAll(row.name, "/", "."), func(t *testing.T) { // a name with / can't be chosen with -run
			if !row.heavy {
				t.Parallel()
			}
			o := &outcome{row: row}
			mu.Lock()
			outcomes[row.group+"/"+row.name] = o
			mu.Unlock()
			tryFault(t, o, broker, fmt.Sprintf("f%d", i))
		})
	}
}

// TestTheTableOfFaults holds the rows themselves.
func TestTheTableOfFaults(t *testing.T) {
	t.Parallel()
	seen, quick := map[string]bool{}, 0
	for _, row := range faults() {
		name := row.group + "/" + row.name
		require.False(t, seen[name], "%s is there twice", name)
		seen[name] = true
		require.NotEmpty(t, row.holds, name)
		require.NotNil(t, row.strike, name)
		if row.quick {
			quick++
		}
	}
	require.Greater(t, quick, 8)
	require.Greater(t, len(seen), 60)
}

// line is the row's line of the table, and whether all held.
func (o *outcome) line() (text string, held bool) {
	mark := "yes"
	if len(o.broken) > 0 {
		mark = "**no**: " + strings.ReplaceAll(strings.Join(o.broken, "; "), "|", "/")
	}
	states := o.row.states()
	if o.figures != "" {
		states += " (" + o.figures + ")"
	}
	return fmt.Sprintf("%s | %s | %.0f s | %d | %d |\n", states, mark, o.well.Seconds(), o.lines, o.memory), len(o.broken) == 0
}

// begins is what no other line of the table begins with.
func (row fault) begins() string { return fmt.Sprintf("| %s | %s |", row.group, row.name) }

// states is the line as far as it doesn't depend on a trial.
func (row fault) states() string {
	text := row.begins() + " " + row.holds
	if row.lines > 0 {
		text += fmt.Sprintf("; under %d lines of log", row.lines)
	}
	return text
}

// The place of the table in its page.
const (
	tableBegins = "<!-- table: faults -->\n"
	tableEnds   = "<!-- end -->"
	tableHead   = "| | Fault | Beside what always must hold | Held | Well after | Log lines | MiB |\n| --- | --- | --- | --- | ---: | ---: | ---: |\n"
)

// tell prints the table, and writes it where that is wanted. A row that was not tried keeps the line that it has there.
func tell(t *testing.T, rows []fault, outcomes map[string]*outcome) {
	var tried strings.Builder
	lines := map[string]string{}
	held := 0
	for _, row := range rows {
		if o := outcomes[row.group+"/"+row.name]; o != nil && (o.done || len(o.broken) > 0) {
			line, ok := o.line()
			if ok {
				held++
			}
			lines[row.begins()] = line
			tried.WriteString(line)
		}
	}
	t.Logf("%d of %d rows hold:\n%s%s", held, len(outcomes), tableHead, tried.String())
	if *faultTable == "" {
		return
	}
	page, err := os.ReadFile(*faultTable)
	require.NoError(t, err)
	before, rest, begins := strings.Cut(string(page), tableBegins)
	earlier, after, ends := strings.Cut(rest, tableEnds)
	require.True(t, begins && ends, "%s has no place for the table", *faultTable)
	table, count := "", 0
	for _, row := range rows {
		line := lines[row.begins()]
		for old := range strings.Lines(earlier) {
			if line == "" && strings.HasPrefix(old, row.begins()) {
				line = old
			}
		}
		if line != "" {
			count++
		}
		table += line
	}
	failed := strings.Count(table, "| **no**: ")
	when := fmt.Sprintf("\n%d rows, the last one tried on %s: %d hold.\n\n", count, time.Now().UTC().Format(time.DateOnly), count-failed)
	require.NoError(t, os.WriteFile(*faultTable, []byte(before+tableBegins+when+tableHead+table+"\n"+tableEnds+after), 0o644))
}

// tryFault tries one row.
func tryFault(t *testing.T, o *outcome, shared *mosquitto, prefix string) {
	row := o.row
	c := newTrial(t, o, shared, prefix)
	defer func() {
		if t.Failed() && len(o.broken) == 0 {
			o.broken = []string{"it was not well again in time"}
		}
	}()
	c.begin()
	if row.start != nil {
		row.start(c)
	}
	c.expectUsual()
	var before measured
	within(t, patience, "what the program uses", func() error {
		if before = c.measure(); before.goroutines == 0 {
			return errors.New("its metrics don't come")
		}
		return nil
	})
	logged := len(c.log())
	stopSending := c.send()
	c.ledger.cut, c.seen = time.Now(), len(c.watcher.all())
	row.strike(c)
	o.well = c.waitUntilWell()
	c.ledger.well = time.Now()
	stopSending()
	c.awaitOutcomes()
	if row.after != nil {
		row.after(c)
	}
	c.restsAs(before)
	o.lines = strings.Count(c.log()[logged:], "\n")
	o.memory = max(c.bridge.memory("VmHWM"), before.peak)
	c.judge()
	o.done = true
	for _, broken := range o.broken {
		t.Error(broken)
	}
}

// judge holds what happened against what must hold.
func (c *trial) judge() {
	o, row := c.outcome, c.outcome.row
	c.readLedger()
	c.ledger.signInLimit = row.signIns
	o.broken = append(o.broken, c.ledger.broken()...)
	if most := cmp.Or(row.lines, usualLines); o.lines >= most {
		c.broke("%d lines of log", o.lines)
	}
	if most := cmp.Or(row.memory, 64); o.memory > most {
		c.broke("%d MiB of memory", o.memory)
	}
	c.judgeDevices()
	if c.t.Failed() {
		c.t.Logf("requests: %d, sign-ins: %d", len(c.ledger.requests), len(c.ledger.signIns))
	}
}

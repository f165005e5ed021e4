package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// A promise holds the bridge's requests since a fault began, in order, against what a row says, and returns what breaks it.
type promise func(cut time.Time, requests []raptsim.Request) (broken string)

// shows holds what was asked until all was well against a promise.
func shows(p promise) func(*trial) {
	return func(c *trial) { c.keeps(p, c.ledger.well) }
}

func (c *trial) keeps(p promise, until time.Time) {
	if broken := p(c.ledger.cut, c.asked(c.ledger.cut, until)); broken != "" {
		c.broke("%s", broken)
	}
}

// asked are the bridge's requests between two times, in order.
func (c *trial) asked(from, to time.Time) (out []raptsim.Request) {
	for _, r := range c.cloud.requests(c.t) {
		if strings.HasPrefix(r.UserAgent, "rapt-bridge") && !r.At.Before(from) && r.At.Before(to) {
			out = append(out, r)
		}
	}
	return out
}

// isList reports whether a request asks for all devices of a family: only that has no query.
func isList(r raptsim.Request) bool { return r.Method == http.MethodGet && r.Query == "" }

// isWrite reports whether a request is a command's.
func isWrite(r raptsim.Request) bool { return r.Method == http.MethodPost && !r.SignIn }

// keptQuiet: nothing is asked in the minute after the first 429.
func keptQuiet(_ time.Time, requests []raptsim.Request) string {
	first := slices.IndexFunc(requests, func(r raptsim.Request) bool { return r.Status == http.StatusTooManyRequests })
	if first < 0 {
		return "nothing was answered with 429"
	}
	if len(requests) > first+1 {
		if next := requests[first+1]; next.At.Sub(requests[first].At) < time.Minute {
			return fmt.Sprintf("%s was asked %s after a 429", next.Path, next.At.Sub(requests[first].At).Round(time.Second))
		}
	}
	return ""
}

// leftAlone: nothing is asked any more since two lists were forbidden.
func leftAlone(_ time.Time, requests []raptsim.Request) string {
	forbidden := map[string]bool{}
	for _, r := range requests {
		if len(forbidden) > 1 {
			return r.Path + " was asked although two lists were forbidden"
		}
		if isList(r) && r.Status == http.StatusForbidden {
			forbidden[r.Path] = true
		}
	}
	if len(forbidden) < 2 {
		return fmt.Sprintf("%d lists were forbidden", len(forbidden))
	}
	return ""
}

// readBackFirst: between a write without an answer and the next one of its kind to the same device the cloud is asked for the
// device, or for its family.
func readBackFirst(_ time.Time, requests []raptsim.Request) string {
	lost := map[[2]string]bool{} // by path and device
	writes := 0
	for _, r := range requests {
		what := [2]string{r.Path, deviceOf(r)}
		switch {
		case isWrite(r):
			if lost[what] {
				return r.Path + " was written again without a look"
			}
			if lost[what] = r.Status == 0; lost[what] {
				writes++
			}
		case !r.SignIn:
			for key := range lost {
				if familyOf(key[0]) == familyOf(r.Path) && (isList(r) || key[1] == what[1]) {
					delete(lost, key)
				}
			}
		}
	}
	if writes == 0 {
		return "no answer was lost"
	}
	return ""
}

// familyOf is the part of a path that names the family.
func familyOf(path string) string {
	family, _, _ := strings.Cut(strings.TrimPrefix(path, "/api/"), "/")
	return family
}

// deviceOf is the device's id in a request's query.
func deviceOf(r raptsim.Request) string {
	for part := range strings.SplitSeq(r.Query, "&") {
		if name, id, _ := strings.Cut(part, "="); strings.HasSuffix(name, "Id") {
			return id
		}
	}
	return ""
}

// commandsFirst: a command leaves within seconds, and from then on no list is asked for, since each answer takes longer than
// the next command.
func commandsFirst(cut time.Time, requests []raptsim.Request) string {
	first := slices.IndexFunc(requests, isWrite)
	if first < 0 || requests[first].At.Sub(cut) > 10*time.Second {
		return "no command left within 10 s"
	}
	for _, r := range requests[first:] {
		if isList(r) && r.At.Sub(cut) < faultLasts {
			return r.Path + " was asked before commands"
		}
	}
	return ""
}

// toldOnce checks that the log tells of fields of a wrong type, and has no such line twice.
func toldOnce(c *trial) {
	lines := map[string]int{}
	for line := range strings.Lines(c.log()) {
		if _, text, ok := strings.Cut(line, "level=WARN"); ok && strings.Contains(text, "instead of") {
			lines[text]++
		}
	}
	for text, times := range lines {
		if times > 1 {
			c.broke("told %d times: %s", times, strings.TrimSpace(text))
		}
	}
	if len(lines) == 0 {
		c.broke("no field was told")
	}
}

// quickCommands checks how long commands took to be carried out.
func quickCommands(c *trial) {
	for _, o := range c.ledger.commands {
		for _, done := range c.ledger.carried {
			if took := done.at.Sub(o.at); done.device == o.device && done.value == o.value && took > 5*time.Second {
				c.broke("the command of %s took %s", o.at.Format(time.TimeOnly), took.Round(time.Second))
			}
		}
	}
}

// The promises can be broken.
func TestABrokenPromiseShowsInRequests(t *testing.T) {
	t.Parallel()
	cut := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	at := func(seconds, status int, method, path, query string) raptsim.Request {
		return raptsim.Request{At: cut.Add(time.Duration(seconds) * time.Second), Status: status, Method: method, Path: "/api/" + path, Query: query}
	}
	list := func(seconds, status int, family string) raptsim.Request {
		return at(seconds, status, "GET", family+"/All", "")
	}
	read := func(seconds int, id string) raptsim.Request {
		return at(seconds, 200, "GET", "Stills/One", "stillId="+id)
	}
	write := func(seconds, status int, id string) raptsim.Request {
		return at(seconds, status, "POST", "Stills/Set", "target=1&stillId="+id)
	}
	for name, c := range map[string]struct {
		promise
		requests []raptsim.Request
		says     string
	}{
		"quiet for a minute":      {keptQuiet, []raptsim.Request{list(0, 429, "Stills"), list(60, 200, "Stills")}, ""},
		"quiet for half a minute": {keptQuiet, []raptsim.Request{list(0, 200, "Stills"), write(1, 429, "a"), write(31, 200, "a")}, "30s after"},
		"never asked to be quiet": {keptQuiet, []raptsim.Request{list(0, 200, "Stills")}, "nothing was answered"},
		"two lists and no more":   {leftAlone, []raptsim.Request{list(0, 403, "Stills"), write(1, 403, "a"), list(2, 403, "CanFillers")}, ""},
		"a third list":            {leftAlone, []raptsim.Request{list(0, 403, "Stills"), list(2, 403, "CanFillers"), list(3, 403, "BrewZillas")}, "although"},
		"one list":                {leftAlone, []raptsim.Request{list(0, 403, "Stills"), list(1, 403, "Stills")}, "1 lists"},
		"read back":               {readBackFirst, []raptsim.Request{write(0, 0, "a"), write(1, 0, "b"), read(2, "a"), write(3, 200, "a")}, ""},
		"read with its family":    {readBackFirst, []raptsim.Request{write(0, 0, "a"), list(2, 200, "Stills"), write(3, 200, "a")}, ""},
		"another one was read":    {readBackFirst, []raptsim.Request{write(0, 0, "a"), read(2, "b"), write(3, 200, "a")}, "without a look"},
		"another family was read": {readBackFirst, []raptsim.Request{write(0, 0, "a"), list(2, 200, "CanFillers"), write(3, 200, "a")}, "without a look"},
		"every answer came":       {readBackFirst, []raptsim.Request{write(0, 200, "a"), write(1, 200, "a")}, "no answer was lost"},
		"commands first":          {commandsFirst, []raptsim.Request{list(0, 200, "Stills"), write(5, 200, "a"), read(25, "a"), list(31, 200, "Stills")}, ""},
		"a poll among commands":   {commandsFirst, []raptsim.Request{write(5, 200, "a"), list(25, 200, "Stills")}, "before commands"},
		"a late command":          {commandsFirst, []raptsim.Request{list(0, 200, "Stills"), write(20, 200, "a")}, "no command left"},
	} {
		if broken := c.promise(cut, c.requests); c.says == "" {
			assert.Empty(t, broken, name)
		} else {
			assert.Contains(t, broken, c.says, name)
		}
	}
}

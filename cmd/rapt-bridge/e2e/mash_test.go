package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/exec"
)

// part is a part of a scene, as testdata/flow/play.js has it.
type part map[string]any

// played is what the function node of a flow did in a scene.
type played struct {
	Sent   []string // second, id, key and value of each command
	Told   []string
	Status struct{ Fill, Text string }
}

// stage plays scenes to function nodes, in the Node.js of Node-RED.
type stage struct {
	*container
	flows []map[string]any
}

func newStage(t testing.TB) stage {
	t.Helper()
	script, err := os.ReadFile("testdata/flow/play.js")
	require.NoError(t, err)
	return stage{startContainer(t, t, nodeREDImage, nil, testcontainers.WithEntrypoint("sleep", "1200"),
		testcontainers.WithFiles(file("/tmp/play.js", string(script)))), exampleFlows(t)}
}

func (s stage) play(t testing.TB, function string, scene []part) (p played) {
	t.Helper()
	parts, err := json.Marshal(scene)
	require.NoError(t, err)
	source := nodeNamed(t, s.flows, "function", function)["func"].(string)
	code, r, err := s.Exec(t.Context(), []string{"node", "/tmp/play.js", source, string(parts)}, exec.Multiplexed())
	require.NoError(t, err)
	out, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Zero(t, code, string(out))
	require.NoError(t, json.NewDecoder(bytes.NewReader(out)).Decode(&p), string(out))
	return p
}

// kettle is a reading of a BrewZilla that is called by its id.
func kettle(id string, celsius, target float64) part {
	return part{"topic": "rapt/brewzilla/" + id + "/state", "payload": map[string]any{"name": id, "temperature": celsius, "target_temperature": target}}
}

// mashIn begins a mash of two steps, in answer to which the bridge applies everything.
func mashIn(id string) []part {
	return []part{{"bridge": "applied"}, kettle(id, 20, 20), {"topic": "start", "payload": map[string]any{
		"kettle": id, "pump": true, "off_at_end": false, "steps": []map[string]any{
			{"name": "Beta", "temperature_celsius": 63, "minutes": 40}, {"name": "Alpha", "temperature_celsius": 72, "minutes": 20},
		},
	}}}
}

// begun is what a mash sends at first.
var begun = []string{"0 K heating_enabled ON", "0 K pump_enabled ON", "0 K target_temperature 63"}

func off(id string, seconds ...int) (sent []string) {
	for _, second := range seconds {
		sent = append(sent, fmt.Sprintf("%d %s heating_enabled OFF", second, id), fmt.Sprintf("%d %s pump_enabled OFF", second, id))
	}
	return sent
}

func TestAStepMashEndsWithTheHeatingOff(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	with := func(parts ...part) []part { return append(mashIn("K"), parts...) }
	retained := "nodered/step_mash"
	for _, test := range []struct {
		name   string
		scene  []part
		sent   []string // after the mash has begun
		status string
	}{
		{
			"it is sent until it is taken, ever more slowly",
			with(part{"bridge": "failed"}, part{"topic": "stop"}, part{"after": 300}, part{"bridge": "unchanged"}, part{"after": 300}),
			off("K", 0, 10, 30, 70, 130, 190, 250, 310), "grey K: stopped by hand",
		},
		{
			"the status says so meanwhile",
			with(part{"bridge": "failed"}, part{"topic": "stop"}, part{"after": 50}),
			off("K", 0, 10, 30), "red K: heating may still be ON (failed: the cloud is away); stopped by hand",
		},
		{
			"also while nobody answers, and over a restart days later",
			with(part{"bridge": ""}, part{"topic": "stop"}, part{"after": 100}, part{"restart": 3 * 86400, "topic": retained}, part{"bridge": "applied"}, part{"after": 100}),
			off("K", 0, 70, 259300, 259370), "grey K: stopped by hand",
		},
		{
			"a later value of somebody does not end it",
			with(part{"bridge": "superseded"}, part{"topic": "stop"}, part{"bridge": "confirmed"}, part{"after": 100}),
			off("K", 0, 70), "grey K: stopped by hand",
		},
		{
			"what became of ON says nothing of OFF",
			with(part{"bridge": ""}, part{"topic": "stop"}, part{"topic": "rapt/brewzilla/K/result", "payload": map[string]any{
				"key": "heating_enabled", "value": true, "outcome": "applied",
			}}), off("K", 0), "red K: heating may still be ON; stopped by hand",
		},
		{
			"a mash that was not watched ends", with(kettle("K", 63, 63), part{"restart": 3 * 86400, "topic": retained}, kettle("K", 18, 63), part{"after": 100}),
			off("K", 259200), "red K: not watched for more than 10 min",
		},
		{
			"one that slept with its machine too", with(part{"sleep": 660, "topic": "tick"}), off("K", 660), "red K: not watched for more than 10 min",
		},
		{
			"a clock that is set back holds it up no longer",
			with(part{"bridge": "failed"}, part{"topic": "stop"}, part{"sleep": -3 * 3600, "topic": "tick"}, part{"bridge": "applied"}, part{"after": 60}),
			off("K", 0, -10800, -10780), "grey K: stopped by hand",
		},
		{
			"a target that the cloud rounds to a tenth is reached", with(kettle("K", 63, 63.05), part{"after": 2410}),
			[]string{"2400 K target_temperature 72"}, "yellow K 2/2 Alpha: heating to 72 °C (63.0)",
		},
		{
			"one that was watched goes on",
			with(kettle("K", 63, 63), part{"after": 900}, part{"restart": 500, "topic": retained}, kettle("K", 63, 63), part{"after": 1100}),
			[]string{"2400 K target_temperature 72"}, "yellow K 2/2 Alpha: heating to 72 °C (63.0)",
		},
		{
			"a command without an answer ends it",
			with(kettle("K", 63, 63), part{"after": 2300}, part{"bridge": ""}, part{"after": 400}, part{"bridge": "applied"}, part{"after": 100}),
			append([]string{"2400 K target_temperature 72", "2470 K target_temperature 72", "2540 K target_temperature 72"}, off("K", 2610, 2680, 2750)...),
			"red K: target_temperature got no answer",
		},
		{
			"another kettle's mash ends it", with(append([]part{{"bridge": ""}}, mashIn("L")[1:]...)...),
			append(off("K", 0), "0 L heating_enabled ON", "0 L pump_enabled ON", "0 L target_temperature 63"), "red K: heating may still be ON",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := s.play(t, "Step mash", test.scene)
			assert.Equal(t, slices.Concat(begun, test.sent), p.Sent, strings.Join(p.Told, "\n"))
			assert.Equal(t, test.status, p.Status.Fill+" "+p.Status.Text)
		})
	}
}

// TestAMashOfAnEarlierFlowIsStopped has one whose commands were remembered without their kettle.
func TestAMashOfAnEarlierFlowIsStopped(t *testing.T) {
	t.Parallel()
	p := newStage(t).play(t, "Step mash", []part{{"bridge": "applied"}, {"topic": "nodered/step_mash", "payload": map[string]any{
		"kettle": "K", "id": "K", "pump": true, "off_at_end": true, "step": 0, "phase": "heating", "reached": []any{}, "seen": 1793527200000,
		"steps":   []map[string]any{{"name": "Beta", "temperature_celsius": 63, "minutes": 40}},
		"waiting": map[string]any{"target_temperature": map[string]any{"value": "63", "sent": 1, "next": 0}},
	}}, {"after": 100}})
	assert.Equal(t, off("K", 0), p.Sent)
	assert.Equal(t, "grey K: stopped by a change of the flow", p.Status.Fill+" "+p.Status.Text)
}

func TestOneOddReadingBeginsNoSecondDiacetylRest(t *testing.T) {
	t.Parallel()
	scene := []part{
		{"bridge": "applied"},
		{"topic": "settings", "payload": map[string]any{
			"hydrometer": "Pill", "controller": "Fridge", "gravity": 1.015, "temperature_celsius": 20, "coldest_celsius": 8, "readings": 2,
		}},
		{"topic": "rapt/fermentation_chamber/F/state", "payload": map[string]any{"name": "Fridge", "target_temperature": 12}},
	}
	for i, gravity := range []float64{1.014, 1.014, 1.060, 1.013, 1.013, 1.050, 1.050, 1.014, 1.014} {
		scene = append(scene, part{"sleep": 3600, "topic": "rapt/hydrometer/P/state", "payload": map[string]any{"name": "Pill", "gravity": gravity, "last_activity": i}})
	}
	p := newStage(t).play(t, "Diacetyl rest", scene)
	assert.Equal(t, []string{"7200 F target_temperature 20", "32400 F target_temperature 20"}, p.Sent, "one for each batch")
}

package main

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// telling is an account of which every name would be known again.
func telling(t testing.TB) (*raptsim.Cloud, string) {
	return served(t, raptsim.Options{
		Telemetry: raptsim.Telemetry{Past: 4 * 24 * time.Hour}, TelemetryShape: raptsim.TelemetryArray, RateLimitHeaders: true,
		Devices: []raptsim.DeviceSpec{
			{
				Family: raptsim.Hydrometer, Name: "Ottilie's Cellar", ReportEvery: 15 * time.Minute, TimeDigits: 7, OriginalGravity: 1052, FinalGravity: 1010,
				Profile: true, Values: map[string]any{"status": "Ottilie", "error": "Hansplatz", "firmwareVersion": "Ottoware"},
			},
			{Family: raptsim.Hydrometer, Name: "Xanthippe", ReportEvery: time.Hour},
			{Family: raptsim.FermentationChamber, Name: "Quirin", ReportEvery: 5 * time.Minute, Values: map[string]any{"controlDeviceType": "Hydrometer", "controlDeviceMacAddress": "78-e3-6d-44-7f-e7"}},
			{Family: raptsim.CanFiller, Name: "Ludwigsburg Cans"},
			{Family: raptsim.ExternalDevice, Name: "192.168.77.13"},
		},
	})
}

// toldValues are the texts of answers that the file may have: words of the API's own enumerations.
var toldValues = []string{"Hydrometer", "FermentationChamber", "CanFiller", "External", "Connected", "Disconnected", "Automatic", "BLETemperature", "Target", "Duration", "Temperature", "Gravity"}

// identifying are all texts in the answers of a cloud, with what could stand for them.
func identifying(t testing.TB, url string) map[string]bool {
	t.Helper()
	texts := map[string]bool{account: true, secret: true, strings.TrimPrefix(url, "http://"): true, "127.0.0.1": true, "brewer": true, "example.com": true}
	client, err := raptclient.New(raptclient.Options{
		APIURL: url, AuthURL: url, Username: account, APISecret: secret, UserAgent: "test",
		Received: func(_ string, body []byte) {
			var v any
			require.NoError(t, json.Unmarshal(body, &v))
			leaves(v, func(s string) { texts[s] = true })
		},
	})
	require.NoError(t, err)
	defer client.CloseIdleConnections()
	for _, f := range device.Families() {
		list, err := f.List(t.Context(), client)
		require.NoError(t, err)
		for _, r := range list.Readings {
			_, err := f.Telemetry(t.Context(), client, r.ID(), time.Now().Add(-24*time.Hour), time.Now())
			require.NoError(t, err)
		}
	}
	for _, value := range toldValues {
		delete(texts, value)
	}
	for s := range texts {
		if len(s) < 3 {
			delete(texts, s)
		}
	}
	return texts
}

// leaves goes through all texts within a value.
func leaves(v any, yield func(string)) {
	switch v := v.(type) {
	case string:
		yield(v)
	case []any:
		for _, item := range v {
			leaves(item, yield)
		}
	case map[string]any:
		for _, item := range v {
			leaves(item, yield)
		}
	}
}

// hashes are what some would take for anonymous.
func hashes(s string) []string {
	a, b, c := md5.Sum([]byte(s)), sha1.Sum([]byte(s)), sha256.Sum256([]byte(s))
	var out []string
	for _, sum := range [][]byte{a[:], b[:], c[:]} {
		out = append(out, hex.EncodeToString(sum)[:8], base64.RawStdEncoding.EncodeToString(sum)[:8])
	}
	return out
}

func assertAnonymous(t testing.TB, file string, texts map[string]bool) {
	t.Helper()
	lower := strings.ToLower(file)
	for s := range texts {
		if len(s) < 5 { // it may be within another word
			require.NotRegexp(t, `\b`+regexp.QuoteMeta(strings.ToLower(s))+`\b`, lower)
		} else {
			require.False(t, strings.Contains(lower, strings.ToLower(s)), "%q is in it", s)
		}
		for _, form := range append(hashes(s), hashes(strings.ToUpper(s))...) {
			require.NotContains(t, lower, strings.ToLower(form), "a hash of %q", s)
		}
		for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == '-' || r == ':' }) {
			if len(s) == 36 && len(part) >= 8 { // of a uuid
				require.NotContains(t, lower, strings.ToLower(part))
			}
		}
	}
	require.NotRegexp(t, `\d\d:\d\d:\d\d|20\d\d-\d\d-\d\d`, file, "a time of day")
}

// diagnosed is a file as a test reads it.
type diagnosed struct {
	Devices []struct {
		Family    string
		Number    int
		Reports   int
		Interval  *struct{ Median, P90 float64 }
		Intervals string
	}
	Endpoints []struct {
		Endpoint string
		Order    map[string]int `json:"order_of_rows"`
		Fields   map[string]string
	}
	Answers []struct {
		Endpoint      string
		Status, Count int
	}
}

func TestADiagnosisTellsOfNobody(t *testing.T) {
	cloud, url := telling(t)
	remove := cloud.Inject(raptsim.Fault{Path: "BrewZillas/GetBrewZillas", Status: 500, Body: `{"title":"Ottilie's account"}`})
	broker := startBroker(t, true)
	fresh(t, broker)
	o := ran(t, settings(url, broker.address), "diagnose")
	require.Equal(t, exitOK, o.status, o.stderr)
	assert.Equal(t, 1, cloud.MaxInFlight())
	requests := len(cloud.Requests())
	assert.Equal(t, 1+8+5, requests, "a sign-in, the lists, the devices")
	eventually(t, "the log of requests", func() bool { return counted(t, broker) == requests })
	remove()
	assertAnonymous(t, o.stdout, identifying(t, url))

	var file diagnosed
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &file))
	require.Len(t, file.Devices, 5)
	pill, slow := file.Devices[0], file.Devices[1]
	assert.Equal(t, "hydrometer", pill.Family)
	assert.Equal(t, []int{1, 2}, []int{pill.Number, slow.Number})
	assert.InDelta(t, 905, pill.Interval.Median, 10, "as the simulated Pill reports")
	assert.InDelta(t, 3600, slow.Interval.Median, 60)
	assert.Greater(t, pill.Reports, 200)
	assert.GreaterOrEqual(t, strings.Count(pill.Intervals, " "), pill.Reports-3)
	shapes := shapesOf(file)
	assert.Equal(t, "number: 2", shapes["Hydrometers/GetHydrometers"]["gravity"])
	assert.Equal(t, "text: 2", shapes["Hydrometers/GetHydrometers"]["name"])
	// Zeros at the end of a second's fraction are not written.
	assert.Regexp(t, `^time with [1-7] digits, Z: 1, time with 0 digits, \+00:00: 1$`, joined(shapes["Hydrometers/GetHydrometers"]["lastActivityTime"]))
	assert.Equal(t, "text Hydrometer: 2", shapes["Hydrometers/GetHydrometers"]["deviceType"])
	assert.Equal(t, "list: 2", shapes["Hydrometers/GetHydrometers"]["telemetry"])
	statuses := map[string]int{}
	for _, a := range file.Answers {
		statuses[a.Endpoint] = a.Status
	}
	assert.Equal(t, 500, statuses["BrewZillas/GetBrewZillas"])
	assert.Equal(t, 200, statuses["connect/token"])
}

func shapesOf(file diagnosed) map[string]map[string]string {
	shapes := map[string]map[string]string{}
	for _, e := range file.Endpoints {
		shapes[e.Endpoint] = e.Fields
	}
	return shapes
}

// joined sorts what may come in either order.
func joined(s string) string {
	if before, after, ok := strings.Cut(s, ", time"); ok && strings.HasPrefix(before, "time with 0") {
		return "time" + after + ", " + before
	}
	return s
}

func TestADiagnosisIsWrittenAfterAQuestion(t *testing.T) {
	_, url := telling(t)
	environ := withoutBroker(url)
	path := filepath.Join(t.TempDir(), "rapt-diagnose.json")
	for name, c := range map[string]struct {
		answer  string
		args    []string
		status  int
		written bool
		says    string
	}{
		"yes":                 {"y\n", nil, exitOK, true, "is written; attach it to an issue"},
		"no":                  {"n\n", nil, exitOK, false, "was not written"},
		"nothing":             {"", nil, exitOK, false, "was not written"},
		"asked for":           {"", []string{"--yes"}, exitOK, true, "is written"},
		"days out of reach":   {"", []string{"--days", "15"}, exitConfig, false, "--days 15"},
		"a place of no files": {"y\n", []string{"--output", filepath.Join(path, "none", "x")}, exitFailed, false, "can't be written"},
	} {
		t.Run(name, func(t *testing.T) {
			_ = os.Remove(path)
			p, stdout, stderr := newProgram(environ, append([]string{"diagnose", "--output", path}, c.args...)...)
			p.stdin = strings.NewReader(c.answer)
			assert.Equal(t, c.status, run(t.Context(), p), stderr.String())
			assert.Contains(t, stderr.String(), c.says)
			file, err := os.ReadFile(path)
			if c.written {
				require.NoError(t, err)
				assert.Equal(t, stdout.String(), string(file), "it was shown first")
			} else {
				assert.ErrorIs(t, err, os.ErrNotExist)
			}
		})
	}
}

func TestADiagnosisOfARefusedSecret(t *testing.T) {
	_, url := telling(t)
	o := ran(t, append(withoutBroker(url), "RAPT_BRIDGE_RAPT_API_SECRET=wrong"), "diagnose")
	assert.Equal(t, exitFailed, o.status)
	assert.Contains(t, o.stderr, "the RAPT Cloud refuses the username or the API secret")
	var file diagnosed
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &file))
	require.Len(t, file.Answers, 1, "whether it is 400 or 401 is worth knowing")
	assert.Equal(t, 400, file.Answers[0].Status)
	o = ran(t, nil, "diagnose")
	assert.Equal(t, exitConfig, o.status)
	assert.Contains(t, o.stderr, "rapt.username")
}

func TestAStopSignalAtTheQuestionWritesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "diagnose.json")
	for name, d := range map[string]diagnosis{"at the question": {output: path}, "before, with --yes": {output: path, yes: true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, _, stderr := newProgram(nil)
				in, terminal := io.Pipe()
				p.stdin, d.program = in, &p
				ctx, stop := context.WithCancel(t.Context())
				if d.yes {
					stop()
				}
				ended := make(chan error, 1)
				go func() { ended <- d.write(ctx, []byte("{}")) }()
				synctest.Wait()
				stop()
				synctest.Wait()
				select {
				case err := <-ended:
					var status *exitError
					require.ErrorAs(t, err, &status)
					assert.Equal(t, exitFailed, status.code)
				default:
					t.Error("it waits for an answer")
				}
				go func() { _, _ = terminal.Write([]byte("y\n")); _ = terminal.Close() }()
				synctest.Wait()
				_ = in.Close()
				assert.Contains(t, stderr.String(), "not written")
				assert.NoFileExists(t, path)
			})
		})
	}
}

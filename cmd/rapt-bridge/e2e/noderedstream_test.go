package e2e

import (
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// stream are telemetry rows of every device of a cloud, as the bridge hands them on.
type stream struct {
	devices []raptsim.Info
	rows    map[string]streamRow // by row key
}

type streamRow struct {
	device     raptsim.Info
	at         time.Time
	backfilled bool
	csv        string // the line in the file, but for its end
	influx     string // the line of InfluxDB's protocol
}

func newStream(t testing.TB, c *cloud) *stream {
	t.Helper()
	return &stream{devices: c.devices(t), rows: map[string]streamRow{}}
}

// publish publishes a row of every device with a time. The same time is the same row.
func (s *stream) publish(t testing.TB, c *mqttClient, at string, backfilled bool) {
	t.Helper()
	when, err := time.Parse(time.RFC3339Nano, at)
	require.NoError(t, err)
	for i, d := range s.devices {
		key := fmt.Sprintf("%08d-row-%s", i, at)
		name := strings.TrimSpace(d.Name)
		s.rows[key] = streamRow{
			device: d, at: when, backfilled: backfilled,
			csv: fmt.Sprintf("%s,%s,%s,%s,18.61,,1.0303,,%t,%s", at, d.Family, d.ID, name, backfilled, key),
			influx: fmt.Sprintf(`rapt,device=%s,family=%s,id=%s backfilled=%t,temperature=18.61,gravity=1.0303,active_profile="Pale \"Ale\", 1",heating_enabled=true %d`,
				strings.ReplaceAll(name, " ", `\ `), d.Family, d.ID, backfilled, when.UnixMilli()),
		}
		c.publish(t, "rapt/"+d.Family+"/"+d.ID+"/telemetry", fmt.Sprintf(`{"at":%q,"row":%q,"backfilled":%t,"temperature":18.61,
			"gravity":1.0303,"target_temperature":null,"active_profile":"Pale \"Ale\", 1","heating_enabled":true}`, at, key, backfilled), false)
	}
}

// inCSV waits until the files have all rows, and looks whether any is there twice.
func (s *stream) inCSV(t *testing.T, red *nodeRED) {
	within(t, patience, "the files", func() error {
		files := map[string]string{}
		for key, row := range s.rows {
			month := row.at.UTC().Format("2006-01")
			if files[month] == "" {
				files[month] = red.file(t, "/data/rapt-telemetry-"+month+".csv")
			}
			if !strings.Contains(files[month], "\n"+row.csv+"\n") {
				return fmt.Errorf("%s is not in the file of %s: %.600q", key, month, files[month])
			}
		}
		for month, content := range files {
			lines, err := csv.NewReader(strings.NewReader(content)).ReadAll()
			if err != nil {
				return err
			}
			assert.Equal(t, "time,family,id,device,temperature,target_temperature,gravity,battery,backfilled,row", strings.Join(lines[0], ","))
			seen := map[string]bool{}
			for _, line := range lines[1:] {
				key := line[2] + line[9]
				assert.False(t, seen[key], "twice in the file of %s: %q", month, line)
				assert.NotEqual(t, "time", line[0], "a second header")
				seen[key] = true
			}
		}
		require.Len(t, files, 2)
		return nil
	})
}

// influxToken is what the stand-in for InfluxDB asks for.
const influxToken = "brewers-token"

// withInfluxDB adds a stand-in for InfluxDB, served by Node-RED itself, and has the flow of the examples use it. Its first
// answer is that it is not available.
func withInfluxDB(t testing.TB, flows []map[string]any) []map[string]any {
	t.Helper()
	set := 0
	for _, node := range flows {
		env, _ := node["env"].([]any)
		for _, e := range env {
			switch variable := e.(map[string]any); variable["name"] {
			case "INFLUX_URL":
				variable["value"] = "http://127.0.0.1:1880/write?db=rapt&precision=ms"
				set++
			case "INFLUX_TOKEN":
				variable["value"], variable["type"] = influxToken, "str"
				set++
			}
		}
	}
	require.Equal(t, 2, set)
	const tab, in, write, answer, lines = "72617074ffffff10", "72617074ffffff11", "72617074ffffff12", "72617074ffffff13", "72617074ffffff14"
	return append(flows,
		map[string]any{"id": tab, "type": "tab", "label": "stand-in"},
		map[string]any{"id": in, "type": "http in", "z": tab, "url": "/write", "method": "post", "wires": [][]string{{write}}},
		map[string]any{"id": write, "type": "function", "z": tab, "outputs": 2, "wires": [][]string{{answer}, {lines}}, "func": `
			const first = !context.get("asked");
			context.set("asked", true);
			const { req, res, payload } = msg;
			if (first) return [{ req, res, statusCode: 503, payload: "starting" }, null];
			if (req.headers.authorization !== "Token ` + influxToken + `" || req.query.precision !== "ms") return [{ req, res, statusCode: 401, payload: "" }, null];
			return [{ req, res, statusCode: 204, payload: "" }, { payload: String(payload) }];`},
		map[string]any{"id": answer, "type": "http response", "z": tab, "wires": []any{}},
		map[string]any{
			"id": lines, "type": "file", "z": tab, "filename": influxLines, "filenameType": "str", "appendNewline": false,
			"overwriteFile": "false", "encoding": "utf8", "wires": [][]string{{}},
		},
	)
}

// influxLines is where the stand-in keeps what it has taken.
const influxLines = "/data/influxdb.lines"

// inInfluxDB waits until the stand-in has the line of every row. Lines with the same tags and time are one point there, so
// a row that came twice may have been sent twice.
func (s *stream) inInfluxDB(t *testing.T, red *nodeRED) {
	within(t, patience, "the lines", func() error {
		content := "\n" + red.file(t, influxLines)
		for key, row := range s.rows {
			if !strings.Contains(content, "\n"+row.influx+"\n") {
				return fmt.Errorf("no line of %s in %.600q", key, content)
			}
		}
		return nil
	})
}

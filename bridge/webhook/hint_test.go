package webhook

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

const id = "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a01"

func TestWhatAWebhookSays(t *testing.T) {
	const date = "2026-11-24t10:15:00z"
	one := []Hint{{ID: id}}
	dated := []Hint{{ID: id, Row: date}}
	for is, c := range map[string]struct {
		body string
		want []Hint
	}{
		"JSON, numbers in quotation marks": {`{"device_id":"` + id + `","device_type":"Hydrometer","temperature":"19.1","created_date":"2026-11-24T10:15:00Z"}`, dated},
		"numbers without them":             {`{"device_id": "` + id + `", "temperature": 19.1, "gravity": 1.0163}`, one},
		"nothing in quotation marks":       {`{"device_id": ` + id + `, "temperature": 19.1}`, one},
		"upper case":                       {`{"Device_Id": "` + strings.ToUpper(id) + `"}`, one},
		"bytes of zero":                    {"{\x00\"device_id\"\x00:\"" + id[:9] + "\x00" + id[9:] + "\"}\x00\x00", one},
		"the same row twice":               {`{"device_id":"` + id + `"}{"device_id":"` + id + `"}`, one},
		"rows in an array":                 {`[{"device_id":"` + id + `","created_date":"2026-11-24T10:15:00Z"},{"device_id":"` + id + `"}]`, []Hint{{ID: id, Row: date}, {ID: id}}},
		"a form":                           {"temperature=19.1&device_id=" + id + "&rssi=-60", one},
		"an escaped form":                  {"device%5Fid=" + id + "&created_date=2026-11-24T10%3A15%3A00Z", dated},
		"JSON in a text in JSON":           {`{"body":"{\"device_id\":\"` + id + `\"}"}`, one},
		"another spelling":                 {`{"deviceId":"` + id + `"}`, one},
		"after a byte order mark":          {"\xef\xbb\xbf{\"device_id\":\"" + id + `"}`, one},
		"a variable that is not filled in": {`{"device_id":"@device_id","created_date":"@created_date"}`, nil},
		"no id":                            {`{"temperature":19.1}`, nil},
		"an id that is none":               {`{"device_id":"../../etc/passwd"}`, nil},
		"an id and more":                   {`{"device_id":"` + id + `0"}`, nil},
		"nothing":                          {"", nil},
		"too long":                         {`{"device_id":"` + id + `"}` + strings.Repeat(" ", MaxBody), nil},
	} {
		t.Run(is, func(t *testing.T) { assert.Equal(t, c.want, Parse([]byte(c.body))) })
	}
}

func TestWhatHeadersAndQuerySay(t *testing.T) {
	header := http.Header{}
	header.Set("device_id", strings.ToUpper(id))
	assert.Equal(t, []Hint{{ID: id}}, Parse(nil, header), "a parameter as the portal sends it")
	assert.Equal(t, []Hint{{ID: id}}, Parse(nil, http.Header{"X-Device-Id": {id}}))
	query, err := url.ParseQuery("device_id=" + id + "&created_date=1")
	assert.NoError(t, err)
	assert.Equal(t, []Hint{{ID: id, Row: "1"}}, Parse(nil, http.Header{"Accept": {"*/*"}}, query))
	assert.Empty(t, Parse(nil, http.Header{"Device-Id": nil}, url.Values{"device_id": {"@device_id"}}))
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"device_id":"`+id+`","created_date":"2026-11-24T10:15:00Z"}`), id, id)
	f.Add([]byte("device_id="+id+"&temperature=19.1\x00"), "@device_id", "")
	f.Add([]byte("device_iddevice_iddevice_id"), strings.ToUpper(id), "\xff")
	f.Fuzz(func(t *testing.T, body []byte, header, query string) {
		hints := Parse(body, map[string][]string{"device_id": {header}}, map[string][]string{"device_id": {query}})
		assert.LessOrEqual(t, len(hints), maxHints)
		for _, h := range hints {
			assert.Equal(t, h.ID, uuid(h.ID))
			assert.NotEmpty(t, h.ID)
			assert.LessOrEqual(t, len(h.Row), maxRow)
		}
	})
}

package raptclient

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func testReader() *reader { return newReader(func(s string) string { return s }) }

// device is a hydrometer with the given fields beside a valid id.
func device(fields string) string {
	return strings.TrimSuffix(`{"id":"`+someID+`",`+fields, ",") + "}"
}

func TestAFieldIsReadOrNullAndCounted(t *testing.T) {
	at := func(ns int) Null[time.Time] { return Some(time.Date(2026, 9, 8, 18, 8, 0, ns, time.UTC)) }
	type want = map[string]any
	tests := map[string]struct {
		json   string
		want   want
		report Report
	}{
		"a reading":                  {`"gravity":1016.3`, want{"gravity": Some(1016.3)}, Report{}},
		"null":                       {`"gravity":null`, want{"gravity": Null[float64]{}}, Report{}},
		"absent":                     {``, want{"gravity": Null[float64]{}, "lastActivityTime": Null[time.Time]{}}, Report{}},
		"zero is a value":            {`"gravity":0,"name":"","active":false`, want{"gravity": Some(0.0), "name": Some(""), "active": Some(false)}, Report{}},
		"a number in a string":       {`"gravity":"1016.3"`, want{"gravity": Null[float64]{}}, wrong("gravity", "a string instead of a number")},
		"text like NaN":              {`"gravity":"NaN"`, want{"gravity": Null[float64]{}}, wrong("gravity", "a string instead of a number")},
		"a number beyond float64":    {`"gravity":1e999`, want{"gravity": Null[float64]{}}, wrong("gravity", "a number instead of a number")},
		"an object for a number":     {`"gravity":{"value":[1]},"battery":88`, want{"gravity": Null[float64]{}, "battery": Some(88.0)}, wrong("gravity", "an object instead of a number")},
		"a number for a string":      {`"name":5`, want{"name": Null[string]{}}, wrong("name", "a number instead of a string")},
		"a number for a boolean":     {`"active":1`, want{"active": Null[bool]{}}, wrong("active", "a number instead of true or false")},
		"text for a boolean":         {`"active":"true"`, want{"active": Null[bool]{}}, wrong("active", "a string instead of true or false")},
		"the last of two counts":     {`"gravity":1,"gravity":null,"battery":1,"battery":"x"`, want{"gravity": Null[float64]{}, "battery": Null[float64]{}}, wrong("battery", "a string instead of a number")},
		"a name with spaces":         {`"name":"  Pill é  "`, want{"name": Some("  Pill é  ")}, Report{}},
		"a name in another script":   {`"name":"\u9ea6\u9152 🍺"`, want{"name": Some("麦酒 🍺")}, Report{}},
		"a name that is not UTF-8":   {"\"name\":\"Pill\xff\"", want{"name": Some("Pill\ufffd")}, Report{}},
		"a name of 300 characters":   {`"name":"` + strings.Repeat("麦", 300) + `"`, want{"name": Some(strings.Repeat("麦", 300))}, Report{}},
		"no fractional digits":       {`"lastActivityTime":"2026-09-08T18:08:00Z"`, want{"lastActivityTime": at(0)}, Report{}},
		"one fractional digit":       {`"lastActivityTime":"2026-09-08T18:08:00.7Z"`, want{"lastActivityTime": at(7e8)}, Report{}},
		"seven fractional digits":    {`"lastActivityTime":"2026-09-08T18:08:00.7034888Z"`, want{"lastActivityTime": at(703488800)}, Report{}},
		"an offset":                  {`"lastActivityTime":"2026-09-08T20:08:00+02:00"`, want{"lastActivityTime": at(0)}, Report{}},
		"no zone":                    {`"lastActivityTime":"2026-09-08T18:08:00.5"`, want{"lastActivityTime": at(5e8)}, Report{}},
		"year 1":                     {`"lastActivityTime":"0001-01-01T00:00:00"`, want{"lastActivityTime": Null[time.Time]{}}, Report{}},
		"year 1 east of Greenwich":   {`"lastActivityTime":"0001-01-01T00:00:00+10:00"`, want{"lastActivityTime": Null[time.Time]{}}, Report{}},
		"not a date":                 {`"lastActivityTime":"yesterday"`, want{"lastActivityTime": Null[time.Time]{}}, wrong("lastActivityTime", "a string instead of a date")},
		"a Unix time":                {`"lastActivityTime":1788000000`, want{"lastActivityTime": Null[time.Time]{}}, wrong("lastActivityTime", "a number instead of a date")},
		"a uuid in upper case":       {`"pairedDeviceId":"7B1C2D3E-4F50-4A6B-9C8D-0E1F2A3B4C5D"`, want{"pairedDeviceId": Some(someSession)}, Report{}},
		"the uuid of zeros":          {`"pairedDeviceId":"00000000-0000-0000-0000-000000000000"`, want{"pairedDeviceId": Null[string]{}}, Report{}},
		"an empty uuid":              {`"pairedDeviceId":""`, want{"pairedDeviceId": Null[string]{}}, Report{}},
		"not a uuid":                 {`"pairedDeviceId":"none"`, want{"pairedDeviceId": Null[string]{}}, wrong("pairedDeviceId", "a string instead of a uuid")},
		"a device type of tomorrow":  {`"deviceType":"Kegerator"`, want{"deviceType": Some("Kegerator")}, Report{UnknownValues: 1, Notices: []Notice{{UnknownValue, "Hydrometers", "deviceType", "Kegerator"}}}},
		"an enumeration's number":    {`"deviceType":3`, want{"deviceType": Null[string]{}}, wrong("deviceType", "a number instead of a string")},
		"a field of tomorrow":        {`"colour":{"deep":[1,2]},"battery":5`, want{"battery": Some(5.0)}, Report{UnknownFields: 1, Notices: []Notice{{UnknownField, "Hydrometers", "colour", "an object"}}}},
		"an escaped name of a field": {`"gr\u0061vity":1016`, want{"gravity": Some(1016.0)}, Report{}},
		"what is left unread":        {`"username":{"anything":1},"createdBy":7`, want{}, Report{}},
	}
	fields := testReader().table(reflect.TypeFor[Hydrometer]()).fields
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			list, err := decodeList[Hydrometer](testReader(), "Hydrometers", []byte("["+device(test.json)+"]"))
			require.NoError(t, err)
			require.Len(t, list.Items, 1)
			assert.Equal(t, someID, list.Items[0].ID)
			for field, want := range test.want {
				assert.Equal(t, want, reflect.ValueOf(list.Items[0]).FieldByIndex(fields[field].index).Interface(), field)
			}
			assert.Equal(t, test.report, list.Report)
		})
	}
}

func wrong(field, detail string) Report {
	return Report{WrongType: 1, Notices: []Notice{{WrongType, "Hydrometers", field, detail}}}
}

func TestWholeNumbers(t *testing.T) {
	for text, want := range map[string]Null[int]{
		"60": Some(60), "60.0": Some(60), "6e1": Some(60), "-0": Some(0), "null": {}, "60.5": {}, "2147483647": Some(2147483647),
		"2147483648": {}, "1e99": {}, `"60"`: {}, "true": {},
	} {
		list, err := decodeList[Still](testReader(), "Stills", []byte("["+device(`"telemetryFrequency":`+text)+"]"))
		require.NoError(t, err)
		assert.Equal(t, want, list.Items[0].TelemetryFrequency, text)
		assert.Equal(t, !want.Valid && text != "null", list.WrongType == 1, text)
	}
}

func TestTelemetryMayBeNullAListOrAnObject(t *testing.T) {
	row := func(at string, gravity int) string {
		return fmt.Sprintf(`{"createdOn":%s,"gravity":%d}`, at, gravity)
	}
	const day1, day2 = `"2026-09-01T00:00:00Z"`, `"2026-09-02T00:00:00Z"`
	for name, test := range map[string]struct {
		json    string
		want    []float64 // of a device: newest first
		history []float64 // of GetTelemetry: oldest first
		wrong   int
	}{
		"null":                   {`null`, nil, nil, 0},
		"an object":              {row(day1, 1), []float64{1}, []float64{1}, 0},
		"empty":                  {`[]`, nil, nil, 0},
		"oldest first":           {"[" + row(day1, 1) + "," + row(day2, 2) + "]", []float64{2, 1}, []float64{1, 2}, 0},
		"newest first":           {"[" + row(day2, 2) + "," + row(day1, 1) + "]", []float64{2, 1}, []float64{1, 2}, 0},
		"one without a date":     {"[" + row("null", 0) + "," + row(day2, 2) + "," + row(day1, 1) + "]", []float64{2, 1, 0}, []float64{1, 2, 0}, 0},
		"rows that are none":     {"[null," + row(day1, 1) + `,"x",[]]`, []float64{1}, []float64{1}, 3},
		"text":                   {`"none"`, nil, nil, 1},
		"rows without a good id": {`[{"id":"","gravity":1},{"id":"","gravity":2}]`, []float64{1, 2}, []float64{1, 2}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			gravities := func(rows []HydrometerTelemetry) (g []float64) {
				for _, r := range rows {
					g = append(g, r.Gravity.V)
				}
				return g
			}
			list, err := decodeList[Hydrometer](testReader(), "Hydrometers", []byte("["+device(`"telemetry":`+test.json+`,"battery":5`)+"]"))
			require.NoError(t, err)
			assert.Equal(t, test.want, gravities(list.Items[0].Telemetry))
			assert.Equal(t, Some(5.0), list.Items[0].Battery)
			assert.Equal(t, test.wrong, list.WrongType)

			var rows []HydrometerTelemetry
			report, err := decodeRows(testReader(), "Hydrometers", strings.NewReader(test.json), func(row *HydrometerTelemetry) { rows = append(rows, *row) })
			if name == "text" {
				assert.EqualError(t, err, "the answer is not what was asked for, a string instead of a list")
				return
			}
			require.NoError(t, err)
			oldestFirst(reflect.ValueOf(&rows).Elem())
			assert.Equal(t, test.history, gravities(rows))
			assert.Equal(t, test.wrong, report.Skipped)
		})
	}
}

func TestAnItemThatCantBeToldApartIsSkippedAndTheRestKept(t *testing.T) {
	good := `{"id":"` + someSession + `","name":"Good"}`
	for item, reason := range map[string]string{
		`null`:          "null instead of an object",
		`[{}]`:          "a list instead of an object",
		`"device"`:      "a string instead of an object",
		`{}`:            "it has no valid id",
		`{"id":null}`:   "it has no valid id",
		`{"id":7}`:      "it has no valid id",
		`{"id":"../x"}`: "it has no valid id",
		`{"id":"00000000-0000-0000-0000-000000000000"}`:         "it has no valid id",
		`{"id":"` + strings.ToUpper(someSession) + `"}`:         "it has the id of an earlier item",
		`{"id":"` + someSession + `","name":"Two of one name"}`: "it has the id of an earlier item",
	} {
		t.Run(item, func(t *testing.T) {
			list, err := decodeList[Hydrometer](testReader(), "Hydrometers", []byte("["+good+","+item+","+device("")+"]"))
			require.NoError(t, err)
			require.Len(t, list.Items, 2)
			assert.Equal(t, Some("Good"), list.Items[0].Name)
			assert.Equal(t, someID, list.Items[1].ID)
			assert.Equal(t, Report{Skipped: 1, Notices: []Notice{{SkippedItem, "Hydrometers", "", reason}}}, list.Report)
		})
	}
}

func TestASkippedItemLeavesNothingBehind(t *testing.T) {
	list, err := decodeList[Hydrometer](testReader(), "Hydrometers", []byte(`[{"name":"Ghost","battery":5},`+device("")+"]"))
	require.NoError(t, err)
	assert.Equal(t, []Hydrometer{{Device: Device{ID: someID}}}, list.Items)
}

func TestWhatTheContractLacksIsCountedEveryTimeAndNoticedOnce(t *testing.T) {
	r := testReader()
	body := []byte("[" + device(`"colour":1,"deviceType":"A","gravity":"x","activeProfileSession":{"profile":{"steps":[{"name":1,"mood":2},{"name":1}]}}`) + "]")
	list, err := decodeList[Hydrometer](r, "Hydrometers", body)
	require.NoError(t, err)
	assert.Equal(t, Report{UnknownFields: 2, UnknownValues: 1, WrongType: 3, Notices: []Notice{
		{UnknownField, "Hydrometers", "colour", "a number"},
		{UnknownValue, "Hydrometers", "deviceType", "A"},
		{WrongType, "Hydrometers", "gravity", "a string instead of a number"},
		{WrongType, "Hydrometers", "activeProfileSession.profile.steps.name", "a number instead of a string"},
		{UnknownField, "Hydrometers", "activeProfileSession.profile.steps.mood", "a number"},
	}}, list.Report)
	assert.Equal(t, "Hydrometers: the cloud sends a field that is not known, colour (a number)", list.Notices[0].String())
	assert.Equal(t, "Hydrometers: deviceType has a value that is not known, A", list.Notices[1].String())
	assert.Equal(t, "Hydrometers: gravity can't be read and counts as unknown, a string instead of a number", list.Notices[2].String())

	list, err = decodeList[Hydrometer](r, "Hydrometers", body)
	require.NoError(t, err)
	assert.Equal(t, Report{UnknownFields: 2, UnknownValues: 1, WrongType: 3}, list.Report)

	stills, err := decodeList[Still](r, "Stills", []byte("["+device(`"colour":1`)+"]"))
	require.NoError(t, err)
	assert.Len(t, stills.Notices, 1, "another resource has notices of its own")
}

func TestNoticesAreBounded(t *testing.T) {
	r := testReader()
	var fields []string
	for i := range 2 * maxNotices {
		fields = append(fields, fmt.Sprintf(`"f%d%s":1`, i, strings.Repeat("x", 500)))
	}
	fields = append(fields, `"deviceType":"`+strings.Repeat("y", 500)+`"`)
	list, err := decodeList[Hydrometer](r, "Hydrometers", []byte("["+device(strings.Join(fields, ","))+"]"))
	require.NoError(t, err)
	assert.Equal(t, 2*maxNotices, list.UnknownFields)
	assert.Len(t, list.Notices, maxNotices)
	for _, n := range list.Notices {
		assert.LessOrEqual(t, len([]rune(n.Field)), 2*noticeLength)
	}
}

func TestABodyThatIsOfNoUse(t *testing.T) {
	whole := "[" + device(`"battery":5`) + "]"
	for body, want := range map[string]string{
		"":                         "the answer is empty",
		" \r\n":                    "the answer is empty",
		"\xef\xbb\xbf":             "the answer is empty",
		"null":                     "the answer is not what was asked for, null instead of a list",
		"{}":                       "the answer is not what was asked for, an object instead of a list",
		"true":                     "the answer is not what was asked for, true or false instead of a list",
		"Service down":             "the answer is not JSON, it breaks at byte 0",
		whole + "]":                "the answer is not JSON, more follows at byte 59",
		whole + " []":              "the answer is not JSON, more follows at byte 61",
		`[{"gravity":NaN}]`:        "the answer is not JSON, it breaks at byte 11",
		whole[:30]:                 "the answer was cut off, it ends within its data at byte 6",
		whole[:len(whole)-1]:       "the answer was cut off, it ends within its data at byte 58",
		"[":                        "the answer was cut off, it ends within its data at byte 1",
		`{"id":`:                   "the answer was cut off, it ends within its data at byte 5",
		strings.Repeat("[", 20000): "the answer is not JSON, it breaks at byte 10000",
	} {
		_, err := decodeList[Hydrometer](testReader(), "Hydrometers", []byte(body))
		assert.EqualError(t, err, want, "%.40q", body)
	}
	list, err := decodeList[Hydrometer](testReader(), "Hydrometers", []byte("\xef\xbb\xbf "+whole+"\n"))
	require.NoError(t, err)
	assert.Len(t, list.Items, 1)
	list, err = decodeList[Hydrometer](testReader(), "Hydrometers", []byte("[]"))
	require.NoError(t, err)
	assert.Equal(t, List[Hydrometer]{Items: []Hydrometer{}}, list)
}

func TestOneItemMustBeTheOneThatWasAskedFor(t *testing.T) {
	for body, want := range map[string]string{
		"":                             "the answer is empty",
		"null":                         "the answer is not what was asked for, null instead of an object",
		"[]":                           "the answer is not what was asked for, a list instead of an object",
		"{}":                           "the answer is not what was asked for, it has no valid id",
		`{"id":"` + someSession + `"}`: "the answer is not what was asked for, it has another id",
		device("")[:20]:                "the answer was cut off, it ends within its data at byte 5",
		device("") + "x":               "the answer is not JSON, more follows at byte 45",
	} {
		_, err := decodeItem[Hydrometer](testReader(), "Hydrometers", []byte(body), someID)
		assert.EqualError(t, err, want, body)
	}
}

func TestASettersReply(t *testing.T) {
	for body, want := range map[string]string{
		"true": "", " false\n": "", "": "the answer is empty", "null": "the answer is not what was asked for, null instead of true or false",
		`"true"`: "the answer is not what was asked for, a string instead of true or false", "tr": "the answer was cut off, it ends within its data at byte 0",
		"OK": "the answer is not JSON, it breaks at byte 0",
	} {
		changed, err := decodeBool([]byte(body))
		if want == "" {
			require.NoError(t, err)
			assert.Equal(t, body == "true", changed)
			continue
		}
		assert.EqualError(t, err, want, body)
	}
}

func TestRowsAreTakenAsTheyCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body, cloud := io.Pipe()
		client, err := New(Options{
			APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "u", APISecret: "s",
			Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				answer := io.ReadCloser(body)
				if strings.HasSuffix(r.URL.Path, SignInEndpoint) {
					answer = io.NopCloser(strings.NewReader(`{"access_token":"t","token_type":"Bearer","expires_in":3600}`))
				}
				return &http.Response{StatusCode: 200, Header: http.Header{}, Body: answer, Request: r}, nil
			}),
		})
		require.NoError(t, err)
		taken := make(chan float64)
		go func() {
			_, _ = io.WriteString(cloud, "\xef\xbb\xbf"+`[{"gravity":1050},`)
			assert.EqualValues(t, 1050, <-taken, "before the answer goes on")
			_, _ = io.WriteString(cloud, `{"gravity":1040},7]`)
			assert.EqualValues(t, 1040, <-taken)
			_ = cloud.Close()
		}()
		report, err := client.Hydrometers.EachTelemetry(t.Context(), someID, TelemetryQuery{}, func(row *HydrometerTelemetry) { taken <- row.Gravity.V })
		require.NoError(t, err)
		assert.Equal(t, 1, report.Skipped)
	})
}

// The order of an item's fields says nothing: each item of a list is read as it would be alone.
func TestFieldsMayComeInAnyOrder(t *testing.T) {
	const id = "00000000-0000-4000-8000-00000000000"
	r := rand.New(rand.NewPCG(1, 2))
	var items []string
	for i := range 9 {
		fields := []string{
			`"id":"` + id + strconv.Itoa(i) + `"`, `"name":"Pill"`, `"gravity":1050.5`, `"battery":80`, `"temperature":19.5`, `"fieldOfTomorrow":{"name":"x"}`,
			`"gravity":` + strconv.Itoa(1000+i), `"another":[1]`, `"rssi":-60`,
		}
		r.Shuffle(len(fields), func(a, b int) { fields[a], fields[b] = fields[b], fields[a] })
		items = append(items, "{"+strings.Join(fields[:4+r.IntN(6)], ",")+`,"id":"`+id+strconv.Itoa(i)+`"}`)
	}
	together, err := decodeList[Hydrometer](testReader(), "hydrometers", []byte("["+strings.Join(items, ",")+"]"))
	require.NoError(t, err)
	require.Len(t, together.Items, len(items))
	unknown := 0
	for i, item := range items {
		alone, err := decodeList[Hydrometer](testReader(), "hydrometers", []byte("["+item+"]"))
		require.NoError(t, err)
		assert.Equal(t, alone.Items[0], together.Items[i], item)
		unknown += alone.Report.UnknownFields
	}
	assert.Equal(t, unknown, together.Report.UnknownFields)
	assert.Positive(t, unknown)
}

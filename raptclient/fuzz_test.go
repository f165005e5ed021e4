package raptclient

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// FuzzDecodeList puts any JSON in front of, between and behind the good fields of a device, and any bytes in the place
// of a whole list.
func FuzzDecodeList(f *testing.F) {
	for _, seed := range []string{
		`"x"`, `null`, `[]`, `{}`, `[{"createdOn":"2026-09-01T00:00:00Z"},null,{}]`, `{"profile":{"steps":[{"order":0.5}]}}`, `1e999`, `-0`, `"NaN"`,
		`"0001-01-01T00:00:00"`, `"2026-09-08T18:08:00.7034888Z"`, `"\ud800"`, "\"\xff\"", `[[[[`, `{"a":`, `"` + someID + `"`, `true`, ``,
	} {
		f.Add([]byte(seed))
	}
	doc := published(f, DefaultAPIURL)
	f.Add(marshal(f, []any{sample(doc.Components.Schemas["FermentationChamberModel"], "", 1, 3)}))
	fields := []string{
		"gravity", "temperature", "name", "active", "deviceType", "lastActivityTime", "activeProfileId", "activeProfileSession",
		"telemetry", "telemetryFrequency", "username", "colour",
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if list, err := decodeList[CanFiller](testReader(), "CanFillers", data); err == nil {
			require.True(t, json.Valid(bytes.TrimPrefix(data, bom)), "what is not JSON was taken")
			for _, item := range list.Items {
				require.Len(t, item.ID, len(someID))
			}
		}
		_, _ = decodeRows(testReader(), "Stills", bytes.NewReader(data), func(*StillTelemetry) {})
		_, _ = decodeItem[Profile](testReader(), "Profiles", data, someID)
		_, _ = decodeBool(data)

		if !json.Valid(data) || len(data) > 1<<16 {
			return
		}
		for _, name := range fields {
			body := []byte(`[{"battery":88.5,"` + name + `":` + string(data) + `,"id":"` + someID + `","` + name + `":` + string(data) + `,"rssi":-61}]`)
			list, err := decodeList[FermentationChamber](testReader(), "X", body)
			if err != nil {
				// A value nested deeper than the decoder goes makes the whole reply useless.
				require.ErrorContains(t, err, string(BodyNotJSON))
				continue
			}
			require.Len(t, list.Items, 1)
			require.Equal(t, Some(-61.0), list.Items[0].RSSI)
			h, err := decodeList[Hydrometer](testReader(), "X", body)
			require.NoError(t, err)
			require.Equal(t, someID, h.Items[0].ID)
			require.Equal(t, Some(88.5), h.Items[0].Battery)
			require.True(t, utf8.ValidString(h.Items[0].Name.V))
			require.False(t, h.Items[0].LastActivityTime.Valid && h.Items[0].LastActivityTime.V.Year() <= 1)
			for _, n := range append(h.Notices, list.Notices...) {
				require.LessOrEqual(t, utf8.RuneCountInString(n.Detail), noticeLength)
			}
		}
	})
}

package batch_test

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/batch"
)

// packed are rows as bytes: eight for each, and what they mean.
func packed(rows []batch.Row) (data []byte) {
	last := begin
	for _, r := range rows {
		data = binary.BigEndian.AppendUint16(data, uint16(r.At.Sub(last)/time.Minute))
		last = r.At
		g, temperature := int16(math.MinInt16), int16(math.MinInt16)
		if r.Gravity != nil {
			g = int16((*r.Gravity - 1) * 1e4)
		}
		if r.Temperature != nil {
			temperature = int16(*r.Temperature * 10)
		}
		data = binary.BigEndian.AppendUint16(data, uint16(g))
		data = binary.BigEndian.AppendUint16(data, uint16(temperature))
		data = binary.BigEndian.AppendUint16(data, 0)
	}
	return data
}

// unpacked are the rows, entries and sessions of some bytes.
func unpacked(data []byte) (rows []batch.Row, entries []batch.Entry, sessions []batch.Session) {
	at := begin
	for len(data) >= 8 && len(rows) < 400 {
		step, what := binary.BigEndian.Uint16(data), binary.BigEndian.Uint16(data[6:])
		g, temperature := int16(binary.BigEndian.Uint16(data[2:])), int16(binary.BigEndian.Uint16(data[4:]))
		data = data[8:]
		at = at.Add(time.Duration(step) * time.Minute)
		r := batch.Row{At: at}
		if g != math.MinInt16 {
			r.Gravity = ptr(1 + float64(g)/1e4)
		}
		if temperature != math.MinInt16 {
			r.Temperature = ptr(float64(temperature) / 10)
		}
		rows = append(rows, r)
		value := float64(what>>4) / 2000
		switch what % 16 {
		case 1:
			entries = append(entries, batch.Entry{At: at, NewBatch: true})
		case 2:
			entries = append(entries, batch.Entry{At: at, OriginalGravity: &value, Name: ptr("x")})
		case 3:
			entries = append(entries, batch.Entry{At: at, FinalGravity: &value})
		case 4:
			sessions = append(sessions, batch.Session{ID: strconv.Itoa(len(sessions)), Started: at, Attenuation: ptr(value * 50), OriginalGravity: &value, MinTemperature: &value})
		}
	}
	return rows, entries, sessions
}

func FuzzRows(f *testing.F) {
	f.Add(packed(paleAle.rows(7, noise{0.19, 0.1, 0, 2 * time.Hour}, nil)))
	f.Add(packed(append(paleAle.rows(6, noise{1, 1, 0.01, 3 * time.Hour}, nil), still(nil, 150, 160, 0.23)...)))
	f.Add(packed(still(nil, 0, 20, 0.23)))
	f.Add([]byte("\x00\x0f\x01\xf4\x00\xc3\x00\x01\x00\x0f\x01\xf4\x00\xc3\x04\x02\xff\xff\x00\x00\x00\x00\x20\x04"))
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, entries, sessions := unpacked(data)
		if len(rows) == 0 {
			return
		}
		var a, backwards batch.Analysis
		a.SetEntries(entries)
		a.SetSessions(sessions)
		for _, r := range rows {
			a.Add(r)
			sound(t, a.Findings(r.At), r.At)
		}
		for _, r := range slices.Backward(rows) {
			backwards.Add(r)
			backwards.Add(r)
		}
		slices.Reverse(sessions)
		backwards.SetSessions(sessions)
		backwards.SetEntries(entries)
		now := rows[len(rows)-1].At.Add(time.Hour)
		require.Equal(t, everything(t, &a, now), everything(t, &backwards, now))
	})
}

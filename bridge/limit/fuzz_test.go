package limit

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// FuzzSavedLog takes any log of requests that a broker may retain. None is trusted that the key did not sign, and one that
// is taken over all the same never lets more leave than an empty log would.
func FuzzSavedLog(f *testing.F) {
	for _, payload := range []string{
		"{}", "null", `{"at":"2026-11-22T12:00:00Z","polls":[[5,1]],"commands":[[3,2]],"sign_ins":[[5,1]],"code":"AAAA"}`,
		`{"at":"0001-01-01T00:00:00Z","polls":[[-5,-1],[9223372036854775807,9223372036854775807]]}`,
		`{"at":"9999-12-31T23:59:59Z","polls":[[0,1000000000]],"backfill":[[0,5]],"withheld":{"age":-5,"polls":1000000000,"commands":-5,"sign_ins":77}}`,
		`{"at":"2026-11-22T12:00:00Z","changes":{"AAAAAAAA":[9,-5,3600,9223372036854775807],"x":[1],"BBBBBBBB":[]}}`,
	} {
		f.Add([]byte(payload))
	}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	key := NewKey("brewer@example.com", "demo-secret")
	f.Fuzz(func(t *testing.T, payload []byte) {
		var saved SavedLog
		if json.Unmarshal(payload, &saved) != nil {
			return
		}
		l := NewRequestLog(240, 30)
		assert.Error(t, key.Check(saved))
		l.Restore(saved, now, now)
		assert.GreaterOrEqual(t, l.LastHour(now), 0)
		for range 1000 {
			if l.Allows(now, ForCommand, false) {
				l.Record(now, ForCommand, false)
			}
		}
		assert.False(t, l.Allows(now, ForCommand, false))
		assert.LessOrEqual(t, l.Free(now), 240)
		_ = l.Save(now, now)
		g := NewGate(l, NewHealth(), NewChanges(60), time.Time.String)
		g.Restore(saved, now, now)
		changes := g.Save(now, now).Changes
		assert.LessOrEqual(t, len(changes), mostSaved)
		for _, ages := range changes {
			assert.LessOrEqual(t, len(ages), 60)
			assert.GreaterOrEqual(t, ages[0], 0)
		}
	})
}

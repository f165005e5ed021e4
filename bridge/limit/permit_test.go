package limit

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOnlyAGenuineQuestionIsTakenAndOnce(t *testing.T) {
	ours, others := NewKey("brewer@example.com", "secret"), NewKey("brewer@example.com", "guess")
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	question := func(r PermitRequest) []byte {
		payload, err := json.Marshal(r)
		require.NoError(t, err)
		return payload
	}
	var lender Lender
	asked := ours.AskPermit(noon, true)
	r, err := lender.Take(ours, question(asked), noon.Add(3*time.Second))
	require.NoError(t, err)
	assert.True(t, r.SignIn)
	_, err = lender.Take(ours, question(asked), noon.Add(4*time.Second))
	assert.ErrorContains(t, err, "answered before")

	changed := ours.AskPermit(noon, true)
	changed.SignIn = false
	for name, c := range map[string]struct {
		payload []byte
		at      time.Time
		why     string
	}{
		"another secret":   {question(others.AskPermit(noon, false)), noon, "isn't signed"},
		"changed":          {question(changed), noon, "isn't signed"},
		"an answer":        {[]byte(`{"nonce":"x","wait_ms":0,"code":"` + ours.Answer(asked, 0).Code + `"}`), noon, "isn't signed"},
		"no question":      {[]byte("PRESS"), noon, "no question"},
		"old":              {question(ours.AskPermit(noon, false)), noon.Add(time.Minute), "another time"},
		"from the future":  {question(ours.AskPermit(noon, false)), noon.Add(-time.Minute), "another time"},
		"the first, later": {question(asked), noon.Add(time.Hour), "another time"},
	} {
		_, err := lender.Take(ours, c.payload, c.at)
		assert.ErrorContains(t, err, c.why, name)
	}
	_, err = lender.Take(ours, question(ours.AskPermit(noon.Add(time.Hour), false)), noon.Add(time.Hour))
	require.NoError(t, err)
	assert.Len(t, lender.taken, 1, "the first is forgotten, since it is too old to be taken again")
}

func TestOnlyTheBridgesAnswerIsTaken(t *testing.T) {
	ours, others := NewKey("brewer@example.com", "secret"), NewKey("brewer@example.com", "guess")
	asked, before := ours.AskPermit(time.Now(), false), ours.AskPermit(time.Now(), false)
	assert.True(t, ours.Answers(asked, ours.Answer(asked, 0)))
	assert.EqualValues(t, 1, ours.Answer(asked, time.Nanosecond).WaitMS, "a moment is not none")
	assert.False(t, ours.Answers(asked, others.Answer(asked, 0)))
	assert.False(t, ours.Answers(asked, ours.Answer(before, 0)), "it is of another question")
	held := ours.Answer(asked, time.Minute)
	held.WaitMS = 0
	assert.False(t, ours.Answers(asked, held))
	refused := ours.Refuse(asked, ErrAnotherTime)
	assert.True(t, ours.Answers(asked, refused) && refused.Error != "")
	refused.Error = ""
	assert.False(t, ours.Answers(asked, refused), "it would be a permit")
}

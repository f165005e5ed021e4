package raptclient

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestASessionSaysWhatIsKnownOfTheBeerAndWhatAlertsWereSent(t *testing.T) {
	body := []byte("[" + device(`"activeProfileSession":{"name":"Pale Ale 12","originalGravity":1052.5,"finalGravity":1010,
		"yeast":{"name":"US-05","attenuation":81,"minTemperature":12,"maxTemperature":25,"stockLevel":3},
		"sentAlerts":[{"alertText":"Dry hop now","trigger":"Gravity","gravity":1020,"createdOn":"2026-09-08T18:08:00Z"},null,{"alertText":7}]}`) + "]")
	list, err := decodeList[Hydrometer](testReader(), "Hydrometers", body)
	require.NoError(t, err)
	s := list.Items[0].ActiveProfileSession
	assert.Equal(t, Some("Pale Ale 12"), s.Name)
	assert.Equal(t, Some(1052.5), s.OriginalGravity)
	assert.Equal(t, Some(1010.0), s.FinalGravity)
	require.NotNil(t, s.Yeast)
	assert.Equal(t, Yeast{Name: Some("US-05"), Attenuation: Some(81.0), MinTemperature: Some(12.0), MaxTemperature: Some(25.0)}, *s.Yeast)
	require.Len(t, s.SentAlerts, 2)
	assert.Equal(t, Some("Dry hop now"), s.SentAlerts[0].AlertText)
	assert.Equal(t, Some(time.Date(2026, 9, 8, 18, 8, 0, 0, time.UTC)), s.SentAlerts[0].CreatedOn)
	assert.Equal(t, ProfileAlert{}, s.SentAlerts[1])
	assert.Equal(t, Report{WrongType: 2, Notices: []Notice{
		{WrongType, "Hydrometers", "activeProfileSession.sentAlerts", "null in a list of objects"},
		{WrongType, "Hydrometers", "activeProfileSession.sentAlerts.alertText", "a number instead of a string"},
	}}, list.Report)

	for text, wrong := range map[string]int{`"yeast":null,"sentAlerts":null`: 0, `"yeast":[],"sentAlerts":{}`: 2, `"yeast":"US-05","sentAlerts":"none"`: 2} {
		list, err := decodeList[Hydrometer](testReader(), "Hydrometers", []byte("["+device(`"activeProfileSession":{`+text+`}`)+"]"))
		require.NoError(t, err)
		assert.Nil(t, list.Items[0].ActiveProfileSession.Yeast)
		assert.Equal(t, wrong, list.WrongType, text)
	}
}

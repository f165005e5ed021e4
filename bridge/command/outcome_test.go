package command

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWhereAResultMayGo(t *testing.T) {
	for topic, may := range map[string]bool{
		"": false, "answers/1": true, "rapt/still/1/state": false, "homeassistant/status": false, "raptor/1": true, "rapt": true,
		"$SYS/broker": false, "a/+": false, "a/#": false, "a\x00b": false,
	} {
		assert.Equal(t, may, Request{ResponseTopic: topic}.Answerable("rapt", "homeassistant"), topic)
	}
}

func TestAValueAsPeopleReadIt(t *testing.T) {
	assert.Equal(t, `a "quoted" text`, Unquoted(TextValue(`a "quoted" text`)))
	assert.Equal(t, "18.5", Unquoted([]byte("18.5")))
	assert.Equal(t, `{"gravity":1.05}`, Unquoted([]byte(`{"gravity":1.05}`)))
}

package raptclient

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAnEndpointThatRefusesEachTokenCostsNoSignIns: one list answers 401 for good, the others take every token.
func TestAnEndpointThatRefusesEachTokenCostsNoSignIns(t *testing.T) {
	f, c := newFake(t, nil)
	refuses := true
	f.list = func(req *http.Request) (*http.Response, error) {
		if req.Header.Get("Authorization") != "Bearer "+f.valid || refuses && strings.Contains(req.URL.Path, "Stills") {
			return answer(401, ""), nil
		}
		return answer(200, "[]"), nil
	}
	stills := func() *APIError {
		_, err := c.Stills.List(t.Context())
		var api *APIError
		require.ErrorAs(t, err, &api)
		return api
	}
	require.NoError(t, list(t, c))
	assert.False(t, stills().TakenElsewhere)
	assert.Equal(t, 2, f.signIns, "the fresh token is refused as well")
	assert.False(t, stills().TakenElsewhere)
	assert.Equal(t, 3, f.signIns, "nobody else has taken that one yet")
	require.NoError(t, list(t, c))
	for range 5 {
		err := stills()
		assert.True(t, err.TakenElsewhere)
		assert.ErrorContains(t, err, "the cloud takes the token for other requests")
		require.NoError(t, list(t, c))
	}
	assert.Equal(t, 3, f.signIns)

	f.valid = "revoked"
	assert.True(t, stills().TakenElsewhere, "it says nothing of the token")
	require.NoError(t, list(t, c))
	assert.Equal(t, 4, f.signIns, "but another endpoint does")

	refuses = false
	_, err := c.Stills.List(t.Context())
	require.NoError(t, err)
	f.valid = "revoked"
	_, err = c.Stills.List(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 5, f.signIns, "it takes tokens again, and so is believed")
}

package raptclient

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestErrorsShowNobodysAddress(t *testing.T) {
	body := `[{"id":"c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a01","createdBy":"brewer+rapt@example.com","name":"Pill","username":"BREWER@example.co.uk"`
	client, err := New(Options{
		APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "u", APISecret: "s",
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			text := body
			if strings.HasSuffix(r.URL.Path, SignInEndpoint) {
				text = `{"access_token":"t","token_type":"Bearer","expires_in":3600}`
			}
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
		}),
	})
	require.NoError(t, err)
	_, err = client.Hydrometers.List(t.Context())
	require.ErrorContains(t, err, "REDACTED")
	require.NotContains(t, err.Error(), "@")
	require.NotContains(t, err.Error(), "example")
}

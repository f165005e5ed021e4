package raptclient

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestANewClientNeedsCredentialsAndPlainAddresses(t *testing.T) {
	for name, test := range map[string]struct {
		options Options
		want    string
	}{
		"nothing":      {Options{}, "no Username: it is the email address of the RAPT account\nno APISecret: make one in the RAPT app under My Account, Api Secrets"},
		"a user":       {Options{Username: "u", APISecret: "s", APIURL: "https://u:pw@host"}, "APIURL must not have a user, a query or a fragment"},
		"another kind": {Options{Username: "u", APISecret: "s", AuthURL: "mqtt://host"}, "AuthURL is not an address like https://id.rapt.io"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(test.options)
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), "pw")
		})
	}
	_, err := New(Options{Username: "u", APISecret: "s"})
	require.NoError(t, err)
}

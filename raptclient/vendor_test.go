package raptclient

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheVendorsHostIsRecognisedHoweverItIsWritten(t *testing.T) {
	for address, want := range map[string]bool{
		DefaultAPIURL: true, DefaultAuthURL: true, "https://rapt.io": true, "https://API.Rapt.IO:443/x": true,
		"https://api.rapt.io.": true, "https://api.rapt.io.:443": true, "https://api.rapt.io..": true,
		"https://user:secret@api.rapt.io": true, "https://api。rapt。io": true, "https://api.ｒapt.io": true,
		"": true, "::": true, "https://": true, "https://api.rapt.io:port": true, "api.rapt.io": true,
		"https://rapt.io.example.com": false, "https://rapt.io@example.com": false, "https://drapt.io": false,
		"https://example.com/api.rapt.io": false, "http://127.0.0.1:80": false, "http://[::1]:80": false, "http://cloud": false,
	} {
		assert.Equal(t, want, VendorHost(address), "%q", address)
	}
}

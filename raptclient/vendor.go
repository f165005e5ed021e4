package raptclient

import (
	"net/url"
	"strings"
)

// vendorDomain is where the vendor's service is, see [DefaultAPIURL] and [DefaultAuthURL].
const vendorDomain = "rapt.io"

// VendorHost reports whether an address leads to the vendor's own service, where no setting raises the limits that spare
// it. An address whose host is not certain counts as the vendor's: one that is empty or not a URL, and one with letters
// beyond ASCII, which the resolver may turn into the vendor's name.
func VendorHost(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return true
	}
	host := strings.ToLower(strings.TrimRight(u.Hostname(), "."))
	if host == "" || strings.ContainsFunc(host, func(r rune) bool { return r > '~' }) {
		return true
	}
	return host == vendorDomain || strings.HasSuffix(host, "."+vendorDomain)
}

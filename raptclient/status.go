package raptclient

import (
	"fmt"
	"net/http"
	"strings"
)

// statusFacts says of a status what the person can do, and whether the same request can succeed later.
var statusFacts = []struct {
	from, to  int
	temporary bool
	hint      string
}{
	{300, 399, true, "a login page of the network (captive portal) or a proxy stands in between, or the address is wrong"},
	{401, 401, false, "the cloud refuses a fresh token; check that the account may use the API"},
	{403, 403, false, "the account may not do this; check in the RAPT app that it still has access"},
	{404, 404, false, "the cloud doesn't know this device or endpoint; check that the device is still in the RAPT app"},
	{407, 407, false, "the proxy wants a password; check the proxy settings"},
	{408, 408, true, "try again later"},
	{425, 425, true, "try again later"},
	{429, 429, true, "the vendor's limit is reached; wait before asking again"},
	{400, 499, false, "the cloud refuses the request as it is"},
	{500, 599, true, "the cloud has a problem; try again later"},
}

func statusHint(status int) string {
	for _, f := range statusFacts {
		if f.from <= status && status <= f.to {
			return f.hint
		}
	}
	return "this is not an answer of the RAPT Cloud; check the address"
}

func temporaryStatus(status int) bool {
	for _, f := range statusFacts {
		if f.from <= status && status <= f.to {
			return f.temporary
		}
	}
	return true
}

func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

// sentence joins what happened, an excerpt of the answer and what to do.
func sentence(what, excerpt, hint string) string {
	if excerpt != "" {
		what += fmt.Sprintf(" (%q)", excerpt)
	}
	if hint == "" {
		return what
	}
	return what + ": " + hint
}

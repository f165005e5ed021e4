package bridge

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// faultsOfTheCloud are what may go wrong with its answers: what .github/faults.md has of the cloud and of sign-ins, as far
// as it is not a matter of connections. A gzip bomb is one: the transport unpacks it, and hands on what is huge.
func faultsOfTheCloud(w *world) []raptsim.Fault {
	var all []raptsim.Fault
	for _, status := range []int{400, 401, 403, 404, 408, 409, 500, 502, 503, 504} {
		all = append(all, raptsim.Fault{Path: "/api/", Status: status})
	}
	pill, _ := w.deviceOf(raptsim.Hydrometer)
	still, _ := w.deviceOf(raptsim.Still)
	for _, list := range []string{
		fmt.Sprintf(`[{"id":%q,"name":"One"},{"id":%[1]q,"name":"The same"}]`, pill),
		fmt.Sprintf(`[{"id":%q,"name":"A still"}]`, still),
		fmt.Sprintf(`[{"id":%q,"lastActivityTime":"0001-01-01T00:00:00"}]`, pill),
		fmt.Sprintf(`[{"id":%q,"lastActivityTime":"9999-12-31T23:59:59Z"}]`, pill),
		fmt.Sprintf(`[{"id":%q,"lastActivityTime":"yesterday"}]`, pill),
	} {
		all = append(all, raptsim.Fault{Path: "/api/Hydrometers/GetHydrometers", Body: list})
	}
	for _, token := range []string{
		"<junk>", `{"access_token":"no good","token_type":"Bearer","expires_in":3600}`, `{"access_token":"","token_type":"Bearer","expires_in":3600}`,
		`{"access_token":"short","token_type":"Bearer","expires_in":1}`, `{"access_token":"without","token_type":"Bearer"}`,
		`{"access_token":"negative","token_type":"Bearer","expires_in":-5}`,
	} {
		all = append(all, raptsim.Fault{Path: "/connect/token", Body: token})
	}
	return append(all,
		raptsim.Fault{Status: 500}, raptsim.Fault{Status: 503, HTML: true}, raptsim.Fault{HTML: true}, raptsim.Fault{CutBody: true}, raptsim.Fault{WrongTypes: true},
		raptsim.Fault{LimitRate: true, RetryAfter: 5 * time.Minute}, raptsim.Fault{Reset: true}, raptsim.Fault{Delay: 40 * time.Second}, raptsim.Fault{DropToken: true},
		raptsim.Fault{Method: http.MethodPost, Path: "/api/", Executed: true, Reset: true},
		raptsim.Fault{Path: "/connect/token", Status: 500}, raptsim.Fault{Path: "/connect/token", LimitRate: true}, raptsim.Fault{Path: "/connect/token", Delay: 45 * time.Second},
		raptsim.Fault{Path: "/api/Hydrometers", EmptyList: true, Times: 1}, raptsim.Fault{Path: "/api/Hydrometers", EmptyList: true},
		raptsim.Fault{Status: 502, Body: "bad gateway"}, raptsim.Fault{Body: "{}"}, raptsim.Fault{Body: "null"}, raptsim.Fault{Body: " "},
		raptsim.Fault{Body: strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)},
		raptsim.Fault{Body: `[{"name":"` + strings.Repeat("x", raptclient.MaxBody)},
		raptsim.Fault{Status: http.StatusTemporaryRedirect, Header: http.Header{"Location": {"http://portal.invalid/"}}},
	)
}

// shuffled hands out all of the faults in a random order, then all of them again.
func shuffled(r *rand.Rand, faults []raptsim.Fault) (next func() raptsim.Fault) {
	r.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
	i := -1
	return func() raptsim.Fault {
		i++
		return faults[i%len(faults)]
	}
}

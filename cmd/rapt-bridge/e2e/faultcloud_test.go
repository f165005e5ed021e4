package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// faultLasts is how long the cloud's faults last.
const faultLasts = 30 * time.Second

// injected is a strike of a fault of the simulated cloud.
func injected(f raptsim.Fault) func(*trial) {
	return func(c *trial) {
		end := c.cloud.inject(c.t, f)
		time.Sleep(faultLasts)
		end()
	}
}

// withField is a strike that sets a field of a device for a while.
func withField(family, field string, value any) func(*trial) {
	return func(c *trial) {
		id := c.cloud.device(c.t, family).ID
		before := c.cloud.value(c.t, id, field)
		c.cloud.set(c.t, id, field, value)
		time.Sleep(faultLasts)
		c.cloud.set(c.t, id, field, before)
	}
}

const nothingChanges = "devices stay as they are"

// cloudFaults are what the RAPT Cloud may answer.
func cloudFaults() []fault {
	rows := slices.Concat(statusFaults(), connectionFaults(), bodyFaults(), listFaults())
	for i := range rows {
		rows[i].group = "cloud"
	}
	return rows
}

// api is a fault of every request but sign-ins.
func api(f raptsim.Fault) func(*trial) { f.Path = "/api/"; return injected(f) }

// statusFaults are the cloud's refusals.
func statusFaults() (rows []fault) {
	for _, status := range []int{400, 401, 403, 404, 408, 409, 429, 500, 502, 503, 504} {
		row := fault{name: fmt.Sprint(status), holds: nothingChanges, strike: injected(raptsim.Fault{Path: "/api/", Status: status}), quick: status == 503 || status == 429}
		switch status {
		case 401:
			row.holds, row.signIns, row.clock = "asks for no more tokens than six an hour; all is well in the next hour", 2*signInsAnHour, true
			row.takesAway, row.offline = true, true
			strike := row.strike
			row.strike = func(c *trial) { strike(c); c.nextHour() }
		case 403:
			row.holds, row.takesAway, row.offline = "leaves alone what is forbidden, for an hour or until its owner restarts it", true, true
			strike := row.strike
			row.strike = func(c *trial) { strike(c); time.Sleep(faultLasts); c.keeps(leftAlone, time.Now()); c.restart() }
		case 429:
			row.holds, row.after = "keeps quiet for a minute at least", shows(keptQuiet)
			row.strike = injected(raptsim.Fault{Path: "/api/", LimitRate: true})
		}
		rows = append(rows, row)
	}
	return rows
}

// connectionFaults are on the way to the cloud.
func connectionFaults() []fault {
	return []fault{
		{name: "hangs before the headers", holds: nothingChanges, strike: api(raptsim.Fault{Delay: 5 * time.Minute})},
		{name: "carries writes out and loses the answers", quick: true, holds: "reads back before it writes again",
			strike: injected(raptsim.Fault{Path: "/api/", Method: "POST", Executed: true, Reset: true}), after: shows(readBackFirst)},
		{name: "answers after 20 s", holds: "commands go before polls", strike: api(raptsim.Fault{Delay: 20 * time.Second}), after: shows(commandsFirst)},
		{name: "drips, 100 bytes a second", holds: nothingChanges, securedCloud: true, strike: func(c *trial) {
			good := c.cloudRelay.now()
			slow := good
			slow.rate = 100
			c.cloudRelay.set(slow)
			time.Sleep(faultLasts)
			c.cloudRelay.set(good)
		}},
		{name: "cuts bodies", quick: true, holds: nothingChanges, strike: api(raptsim.Fault{CutBody: true})},
		{name: "breaks connections (RST)", holds: nothingChanges, strike: api(raptsim.Fault{Reset: true})},
		{name: "ends TLS in an alert", holds: nothingChanges, securedCloud: true, strike: func(c *trial) {
			good := c.cloudRelay.now()
			c.cloudRelay.set(passage{})
			c.cloudRelay.cut()
			time.Sleep(faultLasts)
			c.cloudRelay.set(good)
		}},
		{name: "has the certificate of an unknown authority", holds: "gets no token and no secret", securedCloud: true, strike: func(c *trial) {
			good := c.cloudRelay.now()
			c.cloudRelay.set(passage{present: newAuthority(c.t).pair(c.t, "server", loopback, tomorrow())})
			c.cloudRelay.cut()
			before := len(c.cloud.requests(c.t))
			time.Sleep(faultLasts)
			if n := len(c.cloud.requests(c.t)); n != before {
				c.broke("%d requests through it", n-before)
			}
			c.cloudRelay.set(good)
		}},
	}
}

// bodyFaults are answers that can't be what they should be.
func bodyFaults() []fault {
	deep := strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)
	return []fault{
		{name: "a captive portal (HTML)", quick: true, holds: nothingChanges, strike: injected(raptsim.Fault{HTML: true})},
		{name: "empty bodies", holds: nothingChanges, strike: api(raptsim.Fault{Body: " "})},
		{name: "null", holds: nothingChanges, strike: api(raptsim.Fault{Body: "null"})},
		{name: "an object for a list", holds: nothingChanges, strike: api(raptsim.Fault{Body: `{"value":[]}`})},
		{name: "wrong types in every field", quick: true, holds: "each field is told once", strike: api(raptsim.Fault{WrongTypes: true}), after: toldOnce, offline: true},
		{name: "100,000 arrays deep", holds: nothingChanges, strike: api(raptsim.Fault{Body: deep})},
		{name: "30 MB, a string that does not end", holds: nothingChanges, strike: api(raptsim.Fault{Body: `[{"name":"` + strings.Repeat("x", 30<<20)})},
		{name: "a gzip bomb of 200 MB", holds: nothingChanges, strike: api(raptsim.Fault{Body: "[" + strings.Repeat(" ", 200<<20) + "]"})},
		{name: "redirects to another host", holds: "sends no token there", strike: redirect},
	}
}

// listFaults are lists whose devices can't be what they should be.
func listFaults() []fault {
	return []fault{
		{name: "a date of year 1", holds: nothingChanges, strike: withField(raptsim.TemperatureController, "lastActivityTime", "0001-01-01T00:00:00"), offline: true},
		{name: "a date of year 9999", holds: nothingChanges, strike: withField(raptsim.TemperatureController, "lastActivityTime", "9999-12-31T23:59:59Z"), offline: true},
		{name: "no date", holds: nothingChanges, strike: withField(raptsim.TemperatureController, "lastActivityTime", "yesterday"), offline: true},
		{name: "an id twice", holds: "one device each", strike: doubled},
		{name: "the list of another family", holds: nothingChanges, strike: confused},
		{name: "an empty list for minutes", holds: "no device leaves Home Assistant", strike: func(c *trial) {
			end := c.cloud.inject(c.t, raptsim.Fault{Path: "/api/Hydrometers/GetHydrometers", EmptyList: true})
			time.Sleep(3 * time.Minute)
			end()
		}, offline: true},
		{name: "10,000 devices", holds: "under 256 MiB, and commands are carried out within 5 s", own: true, forgets: true, broker: mosquittoOptions{busy: true}, heavy: true, cloud: raptsim.Options{Devices: manyDevices(10_000)},
			memory: 256, strike: func(*trial) { time.Sleep(faultLasts) }, after: quickCommands},
	}
}

// signInFaults are what the token endpoint may answer.
func signInFaults() []fault {
	// once has the next sign-in answered like this, and makes one necessary.
	once := func(body string) func(*trial) {
		return func(c *trial) {
			end := c.cloud.inject(c.t, raptsim.Fault{Path: "/connect/token", Body: body, Times: 1})
			c.cloud.revokeTokens(c.t)
			time.Sleep(faultLasts)
			end()
		}
	}
	rows := []fault{
		{name: "junk instead of a token", strike: once("<junk>")},
		{name: "a token that is no good", strike: once(`{"access_token":"no good","token_type":"Bearer","expires_in":3600}`)},
		{name: "a token for 1 s", strike: once(`{"access_token":"short","token_type":"Bearer","expires_in":1}`)},
		{name: "a token without expires_in", strike: once(`{"access_token":"without","token_type":"Bearer"}`)},
		{name: "a token with a negative expires_in", strike: once(`{"access_token":"negative","token_type":"Bearer","expires_in":-5}`)},
		{name: "an empty token", strike: once(`{"access_token":"","token_type":"Bearer","expires_in":3600}`)},
		{name: "500 for one sign-in", strike: func(c *trial) {
			end := c.cloud.inject(c.t, raptsim.Fault{Path: "/connect/token", Status: 500, Times: 1})
			c.cloud.revokeTokens(c.t)
			time.Sleep(faultLasts)
			end()
		}},
		{name: "500 for every sign-in, and commands all the while", clock: true, signIns: 2 * signInsAnHour, takesAway: true, offline: true, strike: func(c *trial) {
			end := c.cloud.inject(c.t, raptsim.Fault{Path: "/connect/token", Status: 500})
			c.cloud.revokeTokens(c.t)
			time.Sleep(faultLasts)
			end()
			c.nextHour()
		}},
		{name: "tokens revoked in flight", quick: true, strike: func(c *trial) {
			end := c.cloud.inject(c.t, raptsim.Fault{Path: "/api/", DropToken: true, Times: 1})
			time.Sleep(faultLasts)
			end()
		}},
		{name: "the secret is revoked, and its owner restarts the bridge with a good one", takesAway: true, offline: true, strike: func(c *trial) {
			c.cloud.setSecret(c.t, "another")
			c.cloud.revokeTokens(c.t)
			time.Sleep(20 * time.Second)
			c.cloud.setSecret(c.t, "demo-secret")
			c.restart()
		}},
	}
	for i := range rows {
		rows[i].group, rows[i].holds = "sign-in", "no more than six sign-ins an hour"
	}
	return rows
}

// redirect sends every request to another host, which must not see a token.
func redirect(c *trial) {
	listen, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(c.t, err)
	var tokens atomic.Int32
	server := http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if r.Header.Get("Authorization") != "" || strings.Contains(string(body), "demo-secret") {
			tokens.Add(1)
		}
		_, _ = io.WriteString(w, "[]")
	})}
	go func() { _ = server.Serve(listen) }()
	defer func() { _ = server.Close() }()
	address := "http://localhost:" + fmt.Sprint(listen.Addr().(*net.TCPAddr).Port) + "/"
	end := c.cloud.inject(c.t, raptsim.Fault{Status: 307, Header: http.Header{"Location": {address}}})
	c.cloud.revokeTokens(c.t)
	time.Sleep(faultLasts)
	end()
	if n := tokens.Load(); n > 0 {
		c.broke("another host got a token or the secret %d times", n)
	}
}

// list is what the cloud answers to a request of a list now.
func (c *trial) list(path string) []json.RawMessage {
	answer, err := http.PostForm(c.cloud.url+"/connect/token", url.Values{
		"client_id": {"rapt-user"}, "grant_type": {"password"}, "username": {"brewer@example.com"}, "password": {"demo-secret"},
	})
	require.NoError(c.t, err)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	err = json.NewDecoder(answer.Body).Decode(&token)
	_ = answer.Body.Close()
	require.NoError(c.t, err)
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.cloud.url+path, nil)
	require.NoError(c.t, err)
	request.Header.Set("Authorization", "Bearer "+token.AccessToken)
	answer, err = http.DefaultClient.Do(request)
	require.NoError(c.t, err)
	defer func() { _ = answer.Body.Close() }()
	var rows []json.RawMessage
	require.NoError(c.t, json.NewDecoder(answer.Body).Decode(&rows))
	return rows
}

// doubled answers with every hydrometer twice.
func doubled(c *trial) {
	rows := c.list("/api/Hydrometers/GetHydrometers")
	body, err := json.Marshal(append(rows, rows...))
	require.NoError(c.t, err)
	injected(raptsim.Fault{Path: "/api/Hydrometers/GetHydrometers", Body: string(body)})(c)
}

// confused answers with the stills where hydrometers are asked for.
func confused(c *trial) {
	body, err := json.Marshal(c.list("/api/Stills/GetStills"))
	require.NoError(c.t, err)
	injected(raptsim.Fault{Path: "/api/Hydrometers/GetHydrometers", Body: string(body)})(c)
}

// manyDevices are a brewery with so many hydrometers beside the demo's.
func manyDevices(n int) []raptsim.DeviceSpec {
	all := raptsim.DemoBrewery()
	for i := range n - len(all) {
		all = append(all, raptsim.DeviceSpec{Family: raptsim.Hydrometer, ID: fmt.Sprintf("00000000-0000-4000-8000-%012x", i), Name: fmt.Sprintf("Pill %d", i)})
	}
	return all
}

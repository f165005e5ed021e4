// Command neighbours stands beside the bridge in the tests of its status page, in a container: a RAPT cloud on port
// 8081 with a device whose name is markup, and one on port 8082 whose beers have been fermenting for five days; on port 8123 a proxy that shows the page of the host in its argument under a
// prefix and in a frame, as Home Assistant's ingress does; and on ports 8097 and 8098 the pages of bridges in trouble.
package main

import (
	"fmt"
	"log"
	"math"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/web"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

const prefix = "/api/hassio_ingress/S3cr3t-t0k3n"

func main() {
	cloud := raptsim.New(raptsim.Options{Devices: []raptsim.DeviceSpec{
		{Family: raptsim.Hydrometer, Name: "<script>alert(1)</script>"},
		{Family: raptsim.FermentationChamber, Name: `"><img src="http://elsewhere.example/x" onerror="alert(1)">`},
		{Family: raptsim.BrewZilla, Name: "Bräu 🍺 \u202e" + fmt.Sprintf("%0120d", 7)},
	}})
	page := &url.URL{Scheme: "http", Host: os.Args[1]}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(page)
		r.SetXForwarded()
		r.Out.Header.Set("X-Ingress-Path", prefix)
	}}
	ingress := http.NewServeMux()
	ingress.Handle(prefix+"/", http.StripPrefix(prefix, proxy))
	ingress.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<!DOCTYPE html><title>home</title><link rel="icon" href="data:,"><iframe src="%s/" width="1000" height="800"></iframe>`, prefix)
	})
	serve := func(address string, handler http.Handler) {
		server := http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
		log.Fatal(server.ListenAndServe())
	}
	go serve(":8081", cloud)
	go serve(":8082", raptsim.New(raptsim.Options{
		Devices: raptsim.FermentingBrewery(), OneBatch: true, Telemetry: raptsim.Telemetry{Past: 5 * 24 * time.Hour},
	}))
	slowed, away := trouble(), trouble()
	slowed.APIStatus, slowed.Connected, slowed.APIReason = "rate_limited", true, "The RAPT Cloud asks for fewer requests"
	slowed.Refresh = web.Plan{At: slowed.NextRequest, Why: slowed.APIReason}
	go serve(":8097", pageOf(slowed))
	go serve(":8098", pageOf(away))
	serve(":8123", ingress)
}

func pageOf(s *web.Snapshot) http.Handler {
	server := web.New(web.Options{})
	server.Show(s)
	return server.Handler()
}

// fermenting is what a Pill measured in six days until now.
func fermenting(now time.Time) (c web.Curve) {
	for i := range 6 * 48 {
		days := float64(i) / 48
		target := 19.0
		if days > 4 {
			target = 21
		}
		gravity := 1.0118 + 0.0505/(1+math.Exp(1.7*(days-2.3)))
		c = c.With(web.NewPoint(now.Add(time.Duration(i-6*48)*30*time.Minute), gravity, target+0.4*math.Sin(9*days)-0.6*math.Exp(-days), target))
	}
	return c
}

// trouble is a bridge with something in every part of its page, and without a broker.
func trouble() *web.Snapshot {
	now := time.Now()
	s := &web.Snapshot{
		At: now, Started: now.Add(-50 * time.Hour), Since: now.Add(-time.Minute), Version: "v1.2.3", Broken: "connection refused",
		APIStatus: "ok", LastSuccessfulPoll: now.Add(-2 * time.Minute), RateLimitReset: now.Add(5 * time.Minute), NextRequest: now.Add(5 * time.Minute),
		RequestsLastHour: 239, RequestsPerHour: 240, RequestsRemaining: 1, UnknownFields: 3, ReadOnly: true, Day: make([]int, 96),
		Devices: []web.DeviceStatus{
			{Family: discovery.Hydrometer, ID: "yellow", Name: "Yellow Pill", LastActivity: now.Add(-9 * time.Minute), Expected: now.Add(6 * time.Minute),
				Temperature: raptclient.Some(19.3), Gravity: raptclient.Some(1.0247), Battery: raptclient.Some(76.0), Online: true,
				Paired: "fridge", Curve: fermenting(now), Batch: &web.Batch{
					Name: "West Coast IPA", Number: 7, Began: now.Add(-6 * 24 * time.Hour), Day: 7, Stage: "finishing", Disturbed: true,
					OriginalGravity: raptclient.Some(1.0623), Gravity: raptclient.Some(1.0151), ExpectedFinalGravity: raptclient.Some(1.0118), ABV: raptclient.Some(6.2),
					EarliestEnd: now.Add(30 * time.Hour), ExpectedEnd: now.Add(50 * time.Hour), LatestEnd: now.Add(80 * time.Hour),
				}},
			{Family: discovery.FermentationChamber, ID: "fridge", Name: "Fermentation Fridge", LastActivity: now.Add(-time.Minute), Expected: now.Add(time.Minute),
				Temperature: raptclient.Some(19.1), Target: raptclient.Some(19.0), Cooling: true, Online: true},
			{Family: discovery.Hydrometer, Name: "Pale ale", LastActivity: now.Add(-14 * time.Minute), Expected: now.Add(46 * time.Minute),
				Temperature: raptclient.Some(19.0), Gravity: raptclient.Some(1.0485), Battery: raptclient.Some(87.0), Online: true},
			{Family: discovery.BrewZilla, Name: "In the shed", LastActivity: now.Add(-72 * time.Hour), Expected: now.Add(-70 * time.Hour)},
		},
		Commands: []web.CommandRecord{
			{At: now.Add(-time.Hour), Device: "Fridge", Key: "target_temperature", Value: "18.5", Outcome: "applied"},
			{At: now.Add(-time.Minute), Device: "Fridge", Key: "target_temperature", Value: "99", Outcome: "rejected", Error: "99 is above 40"},
		},
		Problems: []web.Problem{{At: now.Add(-time.Minute), Text: "MQTT: connection refused", Count: 7}},
	}
	for i := range s.Day {
		s.Day[i] = i * 7 % 13
	}
	return s
}

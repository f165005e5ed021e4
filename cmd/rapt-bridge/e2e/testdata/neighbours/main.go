// Command neighbours stands beside the bridge in the tests of its status page, in a container: a RAPT cloud on port
// 8081 with a device whose name is markup, and on port 8123 a proxy that shows the page of the host in its argument
// under a prefix and in a frame, as Home Assistant's ingress does.
package main

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"time"

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
	serve(":8123", ingress)
}

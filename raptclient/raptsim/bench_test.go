package raptsim_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	. "github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func benchmarkCaller(b *testing.B, c *Cloud) func(path string, query ...string) int64 {
	a := &caller{t: &testing.T{}, via: c.Transport()}
	a.token = a.signIn("demo-secret")
	return func(path string, query ...string) int64 {
		resp, err := a.via.RoundTrip(a.request(http.MethodGet, path, query...))
		if err != nil || resp.StatusCode != 200 {
			b.Fatal(err, resp)
		}
		n, _ := io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		return n
	}
}

// BenchmarkListOf1000 lists a thousand controllers which have all reported meanwhile.
func BenchmarkListOf1000(b *testing.B) {
	var specs []DeviceSpec
	for _, s := range LargeBrewery(8000) {
		if s.Family == TemperatureController {
			s.ReportEvery = time.Minute
			specs = append(specs, s)
		}
	}
	clock := newHand()
	c := New(Options{Now: clock.now, Devices: specs, TokenLifetime: 1 << 60, Latency: &Latency{}})
	list := benchmarkCaller(b, c)
	var n int64
	b.ReportAllocs()
	for b.Loop() {
		clock.add(time.Minute)
		n = list("TemperatureControllers/GetTemperatureControllers")
	}
	b.SetBytes(n)
}

// BenchmarkDayOfTheDemoBrewery lets a day go by and asks for one list.
func BenchmarkDayOfTheDemoBrewery(b *testing.B) {
	clock := newHand()
	c := New(Options{Now: clock.now, TokenLifetime: 1 << 60, Latency: &Latency{}})
	list := benchmarkCaller(b, c)
	for b.Loop() {
		clock.add(24 * time.Hour)
		list("Hydrometers/GetHydrometers")
	}
}

package raptsim

import (
	"net/http"
)

// Cloud is a simulated RAPT cloud with the devices of one account. It is safe for use by several goroutines.
type Cloud struct {
	opts Options
}

// New returns a cloud whose brewing time starts now.
func New(o Options) *Cloud { return &Cloud{opts: o.withDefaults()} }

// ServeHTTP answers the token endpoint (/connect/token) and the API (/api/...).
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }

// Transport returns a RoundTripper that answers in the caller's goroutine, whatever the host, without sockets. It obeys the
// request's context, in injected delays too.
func (c *Cloud) Transport() http.RoundTripper { return nil }

// Requests returns the log of requests, oldest first.
func (c *Cloud) Requests() []Request { return nil }

// MaxInFlight returns the greatest number of requests that were ever in flight at once.
func (c *Cloud) MaxInFlight() int { return 0 }

// Inject makes something go wrong until remove is called.
func (c *Cloud) Inject(f Fault) (remove func()) { return func() {} }

// RevokeTokens makes all tokens given so far no good.
func (c *Cloud) RevokeTokens() {}

// SetSecret changes the API secret that the token endpoint accepts. Tokens stay good.
func (c *Cloud) SetSecret(secret string) {}

// Devices returns the devices of the account.
func (c *Cloud) Devices() []Info { return nil }

// Value returns what the cloud shows now in an API field of a device: float64, bool, string, time.Time, or nil when the
// device, the field or its value is not there. Fields of the profile session are not among them.
func (c *Cloud) Value(id, field string) any { return nil }

// Actual returns what the device itself has now, without the noise of a reading; as [Cloud.Value] else.
func (c *Cloud) Actual(id, field string) any { return nil }

// Set changes an API field of a device for the device and the cloud at once, as its owner could in the RAPT app, or as the world could.
// A measured value (temperature, gravity, battery ...) comes with a report of its own, and the device goes on from there.
// telemetryFrequency changes the rhythm of every family. A value that the field's type can't hold ([Absent], nil, a string
// for a number, a field that the contract doesn't know) is sent as it is until the next Set of that field.
func (c *Cloud) Set(id, field string, v any) {}

type absent struct{}

// Absent is a value for [Cloud.Set]: the field is left out.
var Absent any = absent{}

// Add puts a device into the account, or replaces the one of the same id. It reports at once.
func (c *Cloud) Add(s DeviceSpec) {}

// Remove takes a device out of the account.
func (c *Cloud) Remove(id string) {}

// Silence makes a device stop reporting, or start again with a report. Commands to a silent device reach it when it is back.
func (c *Cloud) Silence(id string, silent bool) {}

// ReportNow makes a device report at once, beside its rhythm; visible after the usual lag.
func (c *Cloud) ReportNow(id string) {}

// Reports returns the reports of a device, oldest first; those that are not yet visible too.
func (c *Cloud) Reports(id string) []Report { return nil }

// DemoBrewery returns twelve devices over all eight families.
func DemoBrewery() []DeviceSpec { return nil }

// LargeBrewery returns n devices spread over all eight families.
func LargeBrewery(n int) []DeviceSpec { return nil }

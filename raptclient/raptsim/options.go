package raptsim

import "time"

// TelemetryShape is what the lists and single devices carry in the field "telemetry", which has been seen in three
// shapes.
type TelemetryShape int

// The shapes of "telemetry".
const (
	TelemetryNull   TelemetryShape = iota // null, and on some devices left out
	TelemetryArray                        // the last readings, newest last
	TelemetryObject                       // the newest reading alone, not in an array (against the contract)
)

// Options of a simulated cloud. The zero value is an ordinary account at ordinary speed.
type Options struct {
	// Speed is brewing time per real time; 1 when zero.
	Speed float64
	// Now is the clock of the world outside; time.Now when nil.
	Now func() time.Time
	// Seed makes another brewery of the same devices: noise, jitter, missed reports, tokens.
	Seed uint64

	// Username and APISecret are what the token endpoint accepts; brewer@example.com and demo-secret when empty.
	Username, APISecret string
	// Devices of the account; [DemoBrewery] when nil. An empty slice is an account without devices.
	Devices []DeviceSpec

	// BadCredentialsStatus answers a wrong secret: 400 (the OAuth standard, default) or 401.
	BadCredentialsStatus int
	// TokenLifetime is how long a token is good for; 60 minutes (the vendor's page) when zero.
	TokenLifetime time.Duration
	// TelemetryShape is the form of the field "telemetry" in lists and single devices.
	TelemetryShape TelemetryShape
	// Latency is how long an answer takes, in real time; 300 ms to 2 s when nil. Its zero value is for tests to which it
	// does not matter: they are answered at once.
	Latency *Latency
	// CommandDelay is the real time until a change by command shows in the replies; 12 s when zero, and at once when
	// negative. The device itself has it at once.
	CommandDelay time.Duration
	// CommandDelayByFamily overrides CommandDelay; a BrewZilla's old value has been seen for minutes.
	CommandDelayByFamily map[string]time.Duration
	// ReportLagMin and ReportLagMax bound the real time between a report (the device's last activity) and its being
	// visible; 1 to 5 s when both are zero, none when ReportLagMax is negative.
	ReportLagMin, ReportLagMax time.Duration
	// RateLimitPerHour is the number of requests, sign-ins included, that are answered in an hour which begins with the
	// first of them; further ones get 429 with Retry-After. No limit when zero. The vendor publishes none.
	RateLimitPerHour int
	// RateLimitHeaders adds X-Rate-Limit-Limit, -Remaining and -Reset to every API reply, as a limit does. Without a limit
	// they count down from 1,000 and nothing happens at zero.
	RateLimitHeaders bool
	// StillReportsPump adds pumpEnabled and pumpUtilisation to stills, which the contract can set but not show.
	StillReportsPump bool
	// SubmittedAsSG takes the gravity of a submission for SG, such as 1.044, in place of SG x 1000, which is not documented.
	SubmittedAsSG bool
	// ProfileTimeUnit is the unit of a step's length and of a session's times: a minute when zero.
	ProfileTimeUnit time.Duration
	// ProfileResetsTarget makes a running profile put its own target back a minute (of brewing time) after somebody set
	// another; else that one holds until the next step begins.
	ProfileResetsTarget bool
	// SessionGravityAsSG publishes a session's original and final gravity as 1.050, else as 1050 like the other gravities.
	SessionGravityAsSG bool
	// TelemetryFrequencyUnit is the unit of telemetryFrequency: a minute when zero (the contract's range), or a second.
	TelemetryFrequencyUnit time.Duration
	// ClockOffset is how far the cloud's clock is ahead of Now, in all dates that it publishes and in the Date header.
	ClockOffset time.Duration
	// BeerInRealTime has beers ferment in real time whatever Speed is, and the past before the start too, for what looks at
	// the readings of days: at a greater speed their times don't show a fermentation.
	BeerInRealTime bool
	// OneBatch leaves a finished beer, an empty battery and an ended profile as they are. Else a new batch starts after some
	// days, so that a demonstration can run for weeks.
	OneBatch bool
	// Description is what the cloud says of its own API at /swagger/v1/swagger.json, to who has a token; 404 when nil.
	Description []byte

	// Telemetry is what GetTelemetry has and how it answers.
	Telemetry Telemetry

	// KeepRequests bounds the log of requests; the newest 50,000 when zero.
	KeepRequests int
	// KeepReports bounds the reports kept per device for [Cloud.Reports]; the newest 10,000 when zero.
	KeepReports int
}

// Latency bounds how long an answer takes. Between the bounds a short time is likelier than a long one.
type Latency struct{ Min, Max time.Duration }

func (o Options) withDefaults() Options {
	setDefault(&o.Speed, 1)
	setDefault(&o.Username, "brewer@example.com")
	setDefault(&o.APISecret, "demo-secret")
	setDefault(&o.BadCredentialsStatus, 400)
	setDefault(&o.TokenLifetime, time.Hour)
	setDefault(&o.CommandDelay, 12*time.Second)
	setDefault(&o.Latency, &Latency{Min: 300 * time.Millisecond, Max: 2 * time.Second})
	setDefault(&o.ProfileTimeUnit, time.Minute)
	setDefault(&o.TelemetryFrequencyUnit, time.Minute)
	setDefault(&o.KeepRequests, 50_000)
	setDefault(&o.KeepReports, 10_000)
	if o.ReportLagMin == 0 && o.ReportLagMax == 0 {
		o.ReportLagMin, o.ReportLagMax = time.Second, 5*time.Second
	}
	o.ReportLagMax = max(o.ReportLagMax, 0)
	o.ReportLagMin = min(max(o.ReportLagMin, 0), o.ReportLagMax)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Devices == nil {
		o.Devices = DemoBrewery()
	}
	return o
}

func setDefault[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

// Package raptsim is a simulated RAPT cloud: the token endpoint and every endpoint of the public API, in front of a
// brewery whose values move like beer does. It is for development, tests and demonstrations, and is an [http.Handler]
// as well as an [http.RoundTripper] that needs no socket.
//
// Two clocks run in it. Beer ferments, cools, heats and is filled into cans in brewing time, which is
// [Options.Speed] times as fast as the clock that was passed in, and devices report on their own rhythm in brewing
// time. Whatever the cloud itself does — the life of a token, the delay until a reading or a change shows, the window
// of the rate limit — happens in real time, and every date that it publishes is one of the passed clock, so that the
// last activity of a device is some moments ago at any speed.
//
// As in the real service, a list shows the last report of a device, not its present state: [Cloud.Value] tells what
// the cloud shows and [Cloud.Actual] what the device has.
//
// GetTelemetry has every reading as a row, for as long as [Telemetry] says, and [Telemetry.Past] lets the brewery have been
// running for a while. Devices keep to their rhythm with some jitter, or as a real Pill was measured to ([Measured]); what
// reads the gravity has the noise of a real device ([Sensor]), and [Event] has what a gravity series must not be misread over.
//
// Nothing runs in the background: all is worked out when somebody asks. The same seed and the same clock give the
// same brewery. Where the service's behaviour is not known for certain, it is an option.
package raptsim

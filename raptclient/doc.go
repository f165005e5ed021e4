// Package raptclient is a typed client of the RAPT Cloud API, the service that KegLand's RAPT brewing devices report to.
//
// It knows the API's endpoints, its sign-in and the shape of its replies, and nothing of MQTT or Home Assistant. Values
// stay as the API gives them: gravity is SG x 1000, temperatures are Celsius with their float noise, names are untrimmed.
//
// Facts come from three sources, named in the comments: "contract" is the vendor's published OpenAPI document (kept in
// testdata/openapi.yaml), "observed" is what replies of the live service have been seen to hold, "vendor's page" is what
// KegLand writes about the API. The service has no versioning and changes without notice, so decoding never gives up on
// a list because of one field: what can't be read is null and counted, see [Report].
//
// The client sends one HTTP request per call, plus a sign-in when it holds no valid token. It repeats a request in one
// case alone, after a 401, which the cloud answers before it does anything. Pace, ceilings and retries are the caller's,
// who sees every request beforehand in [Options.Permit] and afterwards in [Options.Answered].
//
// A Client is safe for use by several goroutines. It starts none of its own.
package raptclient

package raptclient

import (
	"context"
	"net/http"
	"time"
)

// The addresses of the vendor's service and the defaults of a client.
const (
	DefaultAPIURL  = "https://api.rapt.io"
	DefaultAuthURL = "https://id.rapt.io"
	DefaultTimeout = 30 * time.Second

	// MaxBody is the longest reply that is read, in bytes after decompression. An account with 1,000 devices needs
	// about 2 MiB.
	MaxBody = 8 << 20
)

// SignInEndpoint is the endpoint's name in the [Request] of a sign-in, and its path below [Options.AuthURL].
const SignInEndpoint = "connect/token"

// Options are what a [Client] is made of. Username and APISecret are required.
type Options struct {
	// APIURL and AuthURL are base addresses; "/api/…" and "/connect/token" are appended. Empty means the vendor's.
	APIURL, AuthURL string
	// Username is the account's email address. APISecret is made in the RAPT app (My Account, Api Secrets).
	Username, APISecret string
	// UserAgent names the program and its version to the vendor.
	UserAgent string
	// GravityAsSG submits the gravity of external devices as SG, such as 1.044, in place of SG x 1000. Which of them the cloud
	// takes is not documented.
	GravityAsSG bool
	// Transport carries the requests. Nil means the package's own, with a time-out on every phase.
	Transport http.RoundTripper
	// Timeout bounds one exchange from the request to the last byte of the reply. 0 means DefaultTimeout.
	Timeout time.Duration
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
	// Permit is asked before every HTTP request that leaves, sign-ins and repeats too; it may wait. An error means
	// that nothing is sent; the caller gets it within a [PermitError].
	Permit func(ctx context.Context, r Request) error
	// Answered is called at the end of every HTTP request that was permitted, on the calling goroutine.
	Answered func(Exchange)
	// Received, when set, is called with the body of every whole reply of status 2xx, sign-ins apart, on the calling goroutine. It
	// must not keep or change the body.
	Received func(endpoint string, body []byte)
}

// Request is what [Options.Permit] decides about.
type Request struct {
	// Endpoint is the path below /api/, for example "Hydrometers/GetHydrometers", or SignInEndpoint.
	Endpoint string
	// SignIn is set for a sign-in, Write for a request that changes something in the cloud.
	SignIn, Write bool
}

// Exchange is one HTTP request and what became of it.
type Exchange struct {
	Request
	// Status is the HTTP status, 0 when there was no answer.
	Status int
	// Took is the time from the request to the last byte of the reply.
	Took      time.Duration
	RateLimit RateLimit
	// Date is the server's clock as its Date header has it, to the second.
	Date Null[time.Time]
	// Err says why no whole reply was read. It is nil for every complete reply, whatever its status.
	Err error
}

// RateLimit is what the headers of a reply say about the vendor's limit. The limit itself is not public.
type RateLimit struct {
	// Remaining is X-Rate-Limit-Remaining (observed), the number of requests that are left.
	Remaining Null[int]
	// Reset is X-Rate-Limit-Reset (observed as a date), on the server's clock.
	Reset Null[time.Time]
	// RetryAfter is Retry-After, never negative. It is given in seconds or as a date, then against the server's clock.
	RetryAfter Null[time.Duration]
}

package diagnose

import (
	"errors"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// problemOf is why an answer could not be read, in words that are the program's own: an error's text may quote the answer or
// name a host.
func problemOf(err error) string {
	var (
		body      *raptclient.BodyError
		transport *raptclient.TransportError
	)
	switch {
	case err == nil:
		return ""
	case errors.As(err, &body):
		return string(body.Problem)
	case errors.As(err, &transport) && transport.Timeout:
		return "no answer in time"
	case errors.As(err, &transport):
		return "no connection, or a broken one"
	}
	return "another error"
}

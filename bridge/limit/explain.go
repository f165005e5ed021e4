package limit

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// Explanation is what is wrong with the API in words for people, without endpoint, body or stack: those are in the log.
type Explanation struct {
	What string // a sentence that begins with a capital, without its full stop
	Do   string // one advice, as a sentence; empty where nobody can do anything
}

// String is both as one text.
func (t Explanation) String() string {
	if t.Do == "" {
		return t.What
	}
	return t.What + ". " + t.Do
}

const (
	doPortal     = "A login page of the network (captive portal) or a proxy may stand in between."
	doConnection = "If the RAPT app works on your phone, check the internet connection of this machine."
)

// Describe says what an error of the client means for a person; false for one that is none of the client's.
func Describe(err error) (Explanation, bool) {
	var (
		signIn    *raptclient.SignInError
		api       *raptclient.APIError
		body      *raptclient.BodyError
		transport *raptclient.TransportError
	)
	switch {
	case errors.As(err, &signIn) && signIn.Rejected:
		return Explanation{"The RAPT Cloud refuses the user name or the API secret",
			"Make a new secret in the RAPT app (My Account, Api Secrets), enter it and restart."}, true
	case errors.As(err, &transport) && transport.Timeout:
		return Explanation{"The RAPT Cloud does not answer in time", doConnection}, true
	case errors.As(err, &transport) && raptclient.Sent(transport):
		return Explanation{"The connection to the RAPT Cloud breaks", doConnection}, true
	case errors.As(err, &transport):
		return Explanation{"The RAPT Cloud can't be reached", doConnection}, true
	case errors.As(err, &body):
		return describeBody(body), true
	case errors.As(err, &signIn) && signIn.Status != 0:
		return describeStatus(signIn.Status, "the account", signIn.Excerpt), true
	case errors.As(err, &api) && api.TakenElsewhere:
		return Explanation{"The RAPT Cloud refuses " + subject(api.Endpoint) + " (401)", "Check in the RAPT app that the account may use them."}, true
	case errors.As(err, &api):
		return describeStatus(api.Status, subject(api.Endpoint), api.Excerpt), true
	}
	return Explanation{}, false
}

func describeBody(e *raptclient.BodyError) Explanation {
	switch {
	case saysMaintenance(e.Excerpt):
		return Explanation{What: "The RAPT Cloud says that it is being maintained"}
	case e.Problem == raptclient.BodyHTML:
		return Explanation{"A web page answers in place of the RAPT Cloud", doPortal}
	case e.Problem == raptclient.BodyCut:
		return Explanation{"The answers of the RAPT Cloud are cut off", doConnection}
	}
	return Explanation{What: "The RAPT Cloud can't be understood: " + string(e.Problem)}
}

// describeStatus is for an answer with a status; what is what was asked for.
func describeStatus(status int, what, excerpt string) Explanation {
	switch {
	case status == http.StatusTooManyRequests:
		return Explanation{What: "The RAPT Cloud asks for fewer requests"}
	case status == http.StatusUnauthorized:
		return Explanation{"The RAPT Cloud refuses its own fresh token (401)", "Check in the RAPT app that the account may use the API."}
	case status == http.StatusNotFound:
		return Explanation{What: "The RAPT Cloud does not know " + what + " (404)"}
	case status >= http.StatusInternalServerError && saysMaintenance(excerpt):
		return Explanation{What: "The RAPT Cloud says that it is being maintained"}
	case status >= http.StatusInternalServerError:
		return Explanation{What: fmt.Sprintf("The RAPT Cloud answers with errors (%d)", status)}
	case status >= http.StatusBadRequest:
		return Explanation{What: fmt.Sprintf("The RAPT Cloud refuses %s (%d)", what, status)}
	}
	return Explanation{fmt.Sprintf("Something else answers in place of the RAPT Cloud (%d)", status), doPortal}
}

// forbidden is the explanation of an account that is refused altogether.
func forbidden() Explanation {
	return Explanation{"The RAPT Cloud refuses this account (403)", "Access may have been revoked or banned: look into the RAPT app or ask KegLand."}
}

// saysMaintenance reports whether an answer says itself that the service is being maintained.
func saysMaintenance(excerpt string) bool {
	return strings.Contains(strings.ToLower(excerpt), "maintenance")
}

// subject is what an endpoint is about, as people call it: "the temperature controllers" of
// "TemperatureControllers/GetTemperatureControllers".
func subject(endpoint string) string {
	resource, _, _ := strings.Cut(endpoint, "/")
	if strings.HasPrefix(resource, "BrewZilla") {
		return "the " + resource
	}
	var words strings.Builder
	for _, r := range resource {
		if unicode.IsUpper(r) {
			words.WriteByte(' ')
		}
		words.WriteRune(unicode.ToLower(r))
	}
	if words.Len() == 0 {
		return "a request"
	}
	return "the" + words.String()
}

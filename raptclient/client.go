package raptclient

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client is a client of one RAPT account. Its fields are the API's resources.
type Client struct {
	Hydrometers            Resource[Hydrometer, HydrometerTelemetry]
	TemperatureControllers ControllerResource[TemperatureController, TemperatureControllerTelemetry]
	FermentationChambers   ControllerResource[FermentationChamber, FermentationChamberTelemetry]
	BrewZillas             KettleResource[BrewZilla, BrewZillaTelemetry]
	Stills                 KettleResource[Still, StillTelemetry]
	CanFillers             Resource[CanFiller, CanFillerTelemetry]
	BondedDevices          Resource[BondedDevice, BondedDeviceTelemetry]
	ExternalDevices        ExternalDeviceResource
	Profiles               Collection[Profile, Profile]
	ProfileTypes           Collection[Profile, ProfileType]

	options   Options
	apiURL    *url.URL
	transport http.RoundTripper
	session   session
	reader    *reader
}

// New makes a client. It sends nothing. The error names every problem of the options.
func New(o Options) (*Client, error) {
	apiURL, apiErr := baseURL("APIURL", o.APIURL, DefaultAPIURL)
	authURL, authErr := baseURL("AuthURL", o.AuthURL, DefaultAuthURL)
	var problems []error
	if o.Username == "" {
		problems = append(problems, errors.New("no Username: it is the email address of the RAPT account"))
	}
	if o.APISecret == "" {
		problems = append(problems, errors.New("no APISecret: make one in the RAPT app under My Account, Api Secrets"))
	}
	if err := errors.Join(append(problems, apiErr, authErr)...); err != nil {
		return nil, fmt.Errorf("rapt client: %w", err)
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	c := &Client{options: o, apiURL: apiURL, transport: o.Transport}
	if c.transport == nil {
		c.transport = newTransport(o.Timeout)
	}
	c.session.init(o, authURL)
	c.reader = newReader(c.session.redact)
	c.bindResources()
	return c, nil
}

// CloseIdleConnections closes the connections that wait for the next request.
func (c *Client) CloseIdleConnections() {
	(&http.Client{Transport: c.transport}).CloseIdleConnections()
}

// baseURL parses a base address. The messages leave the address out: it may hold a password.
func baseURL(option, address, fallback string) (*url.URL, error) {
	if address == "" {
		address = fallback
	}
	u, err := url.Parse(strings.TrimRight(address, "/"))
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "":
		return nil, fmt.Errorf("%s is not an address like %s", option, fallback)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%s must not have a user, a query or a fragment; write it like %s", option, fallback)
	}
	return u, nil
}

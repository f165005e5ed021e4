package raptsim

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// route is an endpoint: what it takes and how it answers. The handler runs with the cloud locked.
type route struct {
	method string
	fam    *familyRow
	handle func(c *Cloud, q *query, w *writer) *problem
}

// query is a request as the handlers see it.
type query struct {
	url.Values
	fam  *familyRow
	body []byte
	now  time.Time
}

// problem is an answer other than 200.
type problem struct {
	status int
	title  string
}

func badRequest(format string, a ...any) *problem {
	return &problem{http.StatusBadRequest, fmt.Sprintf(format, a...)}
}

// setters lists the commands of the contract: which families have them, their parameters in order and the fields they set.
func setters() []setter {
	const (
		target = "SetTargetTemperature"
		pid    = "SetPID"
	)
	return []setter{
		{target, inControlling, []parameter{{"target", "targetTemperature", degrees}}},
		{"SetPIDEnabled", inControlling, []parameter{{"state", "pidEnabled", onOff}}},
		{pid, inControlling, []parameter{{"p", "pidProportional", gain}, {"i", "pidIntegral", gain}, {"d", "pidDerivative", gain}}},
		{"SetHeatingEnabled", inKettle, []parameter{{"state", "heatingEnabled", onOff}}},
		{"SetHeatingUtilisation", inKettle, []parameter{{"utilisation", "heatingUtilisation", percent}}},
		{"SetPumpEnabled", inKettle, []parameter{{"state", "pumpEnabled", onOff}}},
		{"SetPumpUtilisation", inKettle, []parameter{{"utilisation", "pumpUtilisation", percent}}},
	}
}

// makeRoutes lists the 49 endpoints of the contract by path.
func (c *Cloud) makeRoutes() map[string]route {
	r := map[string]route{
		"/api/Profiles/GetProfiles": {http.MethodGet, nil, (*Cloud).listProfiles},
		"/api/Profiles/GetProfile":  {http.MethodGet, nil, (*Cloud).getProfile},
		"/api/ProfileTypes/GetAll":  {http.MethodGet, nil, (*Cloud).listProfileTypes},
		"/api/ProfileTypes/Get":     {http.MethodGet, nil, (*Cloud).getProfileType},
	}
	for i := range c.families {
		fam := &c.families[i]
		base := "/api/" + fam.segment + "/"
		r[base+fam.list] = route{http.MethodGet, fam, (*Cloud).list}
		r[base+fam.one] = route{http.MethodGet, fam, (*Cloud).getOne}
		r[base+"GetTelemetry"] = route{http.MethodGet, fam, (*Cloud).telemetry}
		for _, s := range setters() {
			if s.in&fam.bit != 0 {
				r[base+s.operation] = route{http.MethodPost, fam, s.handle}
			}
		}
		if fam.bit == inExternal {
			r[base+"Telemetry"] = route{http.MethodPost, fam, (*Cloud).submit}
		}
	}
	return r
}

func (c *Cloud) list(q *query, w *writer) *problem {
	w.open('[')
	for _, d := range c.devices {
		if d.fam == q.fam {
			d.update(q.now)
			w.comma()
			c.writeDevice(w, d)
		}
	}
	w.open(']')
	return nil
}

// asked finds the device that the query names.
func (c *Cloud) asked(q *query) (*device, *problem) {
	id, p := q.uuid(q.fam.idParam)
	if p != nil {
		return nil, p
	}
	d := c.byID[id]
	if d == nil || d.fam != q.fam {
		return nil, &problem{http.StatusNotFound, "Not Found"}
	}
	d.update(q.now)
	return d, nil
}

func (c *Cloud) getOne(q *query, w *writer) *problem {
	d, p := c.asked(q)
	if p == nil {
		c.writeDevice(w, d)
	}
	return p
}

func (c *Cloud) listProfiles(_ *query, w *writer) *problem {
	w.digits = 7
	w.open('[')
	for i := range c.world.profiles {
		w.comma()
		c.writeProfile(w, &c.world.profiles[i])
	}
	w.open(']')
	return nil
}

func (c *Cloud) getProfile(q *query, w *writer) *problem {
	id, p := q.uuid("profileId")
	if p != nil {
		return p
	}
	w.digits = 7
	for i := range c.world.profiles {
		if c.world.profiles[i].id == id {
			c.writeProfile(w, &c.world.profiles[i])
			return nil
		}
	}
	return &problem{http.StatusNotFound, "Not Found"}
}

func (c *Cloud) listProfileTypes(_ *query, w *writer) *problem {
	w.open('[')
	for _, t := range profileTypes() {
		w.comma()
		c.writeTypeInList(w, &t)
	}
	w.open(']')
	return nil
}

func (c *Cloud) getProfileType(q *query, w *writer) *problem {
	id, p := q.uuid("id")
	if p != nil {
		return p
	}
	for _, t := range profileTypes() {
		if profileTypeID(t.name) == id {
			c.writeType(w, &t)
			return nil
		}
	}
	return &problem{http.StatusNotFound, "Not Found"}
}

func (q *query) uuid(name string) (string, *problem) {
	s := strings.ToLower(q.Get(name))
	if len(s) != 36 || strings.Trim(s, "0123456789abcdef-") != "" || strings.Count(s, "-") != 4 {
		return "", badRequest("The value %q is not valid for %s.", s, name)
	}
	return s, nil
}

func (q *query) date(name string) (time.Time, *problem) {
	s := q.Get(name)
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return t, badRequest("The value %q is not valid for %s.", s, name)
	}
	return t, nil
}

func (q *query) float(name string) (float64, *problem) {
	x, err := strconv.ParseFloat(q.Get(name), 64)
	if err != nil || x-x != 0 { // NaN and infinities have no difference to themselves
		return 0, badRequest("The value %q is not valid for %s.", q.Get(name), name)
	}
	return x, nil
}

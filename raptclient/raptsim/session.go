package raptsim

import (
	"strconv"
	"time"
)

// yeast is what a session says of the yeast in its beer.
type yeast struct {
	name, laboratory string
	attenuation      float64 // percent
	min, max         float64 // C
}

// sessionID is the same for as long as the run lasts.
func (d *device) sessionID(r *profileRun) string {
	return uuid(hash("session", d.spec.ID, strconv.FormatInt(int64(r.started), 10)))
}

func (c *Cloud) writeSession(w *writer, d *device) {
	r := &d.shown.run
	p := &c.world.profiles[r.profile]
	elapsed, length := p.elapsed(r), p.length()
	unit := float64(c.opts.ProfileTimeUnit)
	started := c.published(c.clock.wall(r.started))
	w.open('{')
	w.put("id", d.sessionID(r))
	w.put("deleted", false)
	w.put("createdOn", started)
	w.put("createdBy", c.opts.Username)
	w.put("modifiedOn", started)
	w.put("name", p.name)
	w.put("description", nil)
	w.put("profileId", p.id)
	w.key("profile")
	c.writeProfile(w, p)
	w.put(d.fam.sessionKey, d.spec.ID)
	w.put("startDate", started)
	w.put("endDate", nil)
	w.maybe("originalGravity", c.sessionGravity(r.og))
	w.maybe("finalGravity", c.sessionGravity(r.fg))
	c.writeYeast(w, p)
	c.writeSentAlerts(w, p, r)
	w.put("estimatedEndDate", c.published(d.shownAt.Add(time.Duration(float64(length-elapsed)/c.clock.speed))))
	w.put("profileLength", float64(length)/unit)
	w.put("currentProfileTime", float64(elapsed)/unit)
	w.put("remainingProfileTime", float64(length-elapsed)/unit)
	w.open('}')
}

func (c *Cloud) sessionGravity(g float64) float64 {
	if c.opts.SessionGravityAsSG {
		return g / 1000
	}
	return g
}

func (c *Cloud) writeYeast(w *writer, p *profile) {
	y := p.yeast
	if y == nil {
		w.put("yeastId", nil)
		return
	}
	id := uuid(hash("yeast", y.name))
	w.put("yeastId", id)
	w.key("yeast")
	w.open('{')
	w.put("id", id)
	w.put("deleted", false)
	w.put("name", y.name)
	w.put("laboratory", y.laboratory)
	w.put("type", "Ale")
	w.put("form", "Dry")
	w.put("minTemperature", y.min)
	w.put("maxTemperature", y.max)
	w.put("flocculation", nil)
	w.put("attenuation", y.attenuation)
	w.put("isGlobal", true)
	w.open('}')
}

// writeSentAlerts writes an alert for each step that has begun after the first, at the time when it did.
func (c *Cloud) writeSentAlerts(w *writer, p *profile, r *profileRun) {
	if p.kind != "Fermentation" || r.step == 0 {
		w.put("sentAlerts", nil)
		return
	}
	w.key("sentAlerts")
	w.open('[')
	began := r.started
	for i := range p.steps[:r.step] {
		began += p.steps[i].length
		next := &p.steps[i+1]
		at := c.published(c.clock.wall(began))
		w.comma()
		w.open('{')
		w.put("id", uuid(hash("alert", next.id, strconv.FormatInt(int64(r.started), 10))))
		w.put("deleted", false)
		w.put("createdOn", at)
		w.put("modifiedOn", at)
		w.put("alertText", next.name+" begins")
		w.put("trigger", "StepStart")
		w.put("temperature", next.temperature)
		w.put("gravity", nil)
		w.put("profileId", p.id)
		w.open('}')
	}
	w.open(']')
}

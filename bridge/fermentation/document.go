package fermentation

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/batch"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/internal/text"
)

// Document is what is retained of the batch in a device: what its owner and its profiles said, and what is found. What is
// not known is null.
type Document struct {
	Entries  []batch.Entry   `json:"entries"`
	Sessions []batch.Session `json:"sessions"`
	Reported reported        `json:"told"`
	Run      runTime         `json:"run_time"`
	// Restored says that the findings are of an earlier run, until the rows since are there.
	Restored bool `json:"restored"`
	current
	state
	forecast
	alcohol
	surroundings
}

// current is which batch is in the device.
type current struct {
	Number *int       `json:"number"` // batches of the device so far
	ID     *string    `json:"id"`
	Name   *string    `json:"batch_name"`
	Began  *time.Time `json:"began"`
	Day    *int       `json:"batch_day"` // 1 on the first
	// Happened is when each kind of event last happened to it, at the reading that shows it.
	Happened map[batch.EventKind]time.Time `json:"happened"`
}

// state is what the beer does.
type state struct {
	Stage     *string  `json:"stage"`
	Rate      *float64 `json:"gravity_rate"`     // points a day over 24 hours
	Filtered  *float64 `json:"filtered_gravity"` // SG
	Original  *float64 `json:"batch_original_gravity"`
	Final     *float64 `json:"batch_final_gravity"` // as the owner said, else the profile; not a finding
	Stuck     *bool    `json:"stuck"`
	Disturbed *bool    `json:"disturbed"`
	Outside   *bool    `json:"outside_yeast_range"`
}

// forecast is where it goes.
type forecast struct {
	ExpectedFinal *float64   `json:"expected_final_gravity"` // SG
	ExpectedEnd   *time.Time `json:"expected_end"`
	EarliestEnd   *time.Time `json:"earliest_end"`
	LatestEnd     *time.Time `json:"latest_end"`
}

// alcohol is what is calculated from original and filtered gravity.
type alcohol struct {
	ABV      *float64 `json:"abv"`                  // % by volume
	Apparent *float64 `json:"apparent_attenuation"` // %
	Real     *float64 `json:"real_attenuation"`     // %
	Calories *float64 `json:"calories"`             // kcal in 100 ml
}

// surroundings are what the batch has been through.
type surroundings struct {
	Lowest       *float64 `json:"lowest_temperature"`  // °C
	Highest      *float64 `json:"highest_temperature"` // °C
	Disturbances *int     `json:"disturbances"`
	Heating      *float64 `json:"heating_hours"` // of the paired controller since the batch began
	Cooling      *float64 `json:"cooling_hours"`
	Paired       *string  `json:"paired_device_id"`
}

// Summary is a batch that has ended, as it is retained.
type Summary struct {
	Number int `json:"number"`
	batch.Summary
	Heating *float64 `json:"heating_hours"` // of the paired controller; null where that is not known
	Cooling *float64 `json:"cooling_hours"`
}

// maxDocument is the largest document of an earlier run that is read, in bytes, maxSummary the largest summary.
const (
	maxDocument = 32 << 10
	maxSummary  = 4 << 10
	maxNumber   = 1_000_000
)

// parse reads what an earlier run retained. Anybody may have written it: what can't be true is left out.
func parse(payload []byte, now time.Time) (*Document, bool) {
	var d Document
	if len(payload) > maxDocument || json.Unmarshal(payload, &d) != nil {
		return nil, false
	}
	var said entries
	for _, e := range d.Entries[max(0, len(d.Entries)-maxEntries):] {
		if e, ok := believedEntry(e, now); ok {
			said = append(said, e)
		}
	}
	d.Entries = said.kept(time.Time{})
	var sessions []batch.Session
	for _, s := range d.Sessions[max(0, len(d.Sessions)-maxSessions):] {
		if s, ok := believedSession(s, now); ok {
			sessions, _ = withSession(sessions, s)
		}
	}
	d.Sessions = sessions
	d.Reported = d.Reported.believed(now)
	d.Run = d.Run.believed(now)
	d.believe(now)
	return &d, true
}

// believe leaves out what of the findings can't be true.
func (d *Document) believe(now time.Time) {
	if d.Began = past(d.Began, now); d.Number == nil || *d.Number < 1 || *d.Number > maxNumber || d.Began == nil {
		d.current = current{}
	}
	d.ID, d.Name, d.Paired = line(d.ID, 64), line(d.Name, discovery.MaxBatchName), line(d.Paired, 64)
	d.Day, d.Disturbances = count(d.Day), count(d.Disturbances)
	if d.Stage != nil && !slices.Contains(stages, *d.Stage) {
		d.Stage = nil
	}
	for _, v := range []**float64{&d.Filtered, &d.Original, &d.Final, &d.ExpectedFinal} {
		*v = gravity(*v)
	}
	d.Rate = between(d.Rate, -1000, 1000)
	for _, v := range []**float64{&d.ABV, &d.Apparent, &d.Real} {
		*v = between(*v, -50, 200)
	}
	d.Calories = between(d.Calories, 0, 1000)
	d.Lowest, d.Highest = between(d.Lowest, -50, 200), between(d.Highest, -50, 200)
	d.Heating, d.Cooling = between(d.Heating, 0, 1e5), between(d.Cooling, 0, 1e5)
	for _, at := range []**time.Time{&d.ExpectedEnd, &d.EarliestEnd, &d.LatestEnd} {
		*at = past(*at, now.AddDate(0, 3, 0))
	}
}

var stages = []string{
	string(batch.StageNone), string(batch.StageLag), string(batch.StageActive), string(batch.StageSlowing), string(batch.StageFinishing),
	string(batch.StageComplete), string(batch.StageColdCrash),
}

// parseSummary reads a batch that has ended as an earlier run retained it.
func parseSummary(payload []byte, number int, now time.Time) (Summary, bool) {
	var s Summary
	if len(payload) > maxSummary || number > maxNumber || json.Unmarshal(payload, &s) != nil {
		return Summary{}, false
	}
	s.Number = number
	s.ID, s.Name = text.Line(s.ID, 64), text.Line(s.Name, discovery.MaxBatchName)
	s.OriginalGravity, s.FinalGravity = gravity(s.OriginalGravity), gravity(s.FinalGravity)
	s.ABV, s.ApparentAttenuation = between(s.ABV, -50, 200), between(s.ApparentAttenuation, -50, 200)
	s.Days = between(s.Days, 0, 10_000)
	s.LowestTemperature, s.HighestTemperature = between(s.LowestTemperature, -50, 200), between(s.HighestTemperature, -50, 200)
	s.Heating, s.Cooling = between(s.Heating, 0, 1e5), between(s.Cooling, 0, 1e5)
	s.Disturbances = max(0, min(s.Disturbances, maxNumber))
	s.Began, s.Ended = s.Began.UTC(), s.Ended.UTC()
	return s, believedTime(s.Began, now) && believedTime(s.Ended, now) && !s.Ended.Before(s.Began)
}

func (d *Document) payload() []byte {
	out, _ := json.Marshal(d) // it holds nothing that can't be JSON
	return out
}

// past is a time that can have been; nil for any other.
func past(at *time.Time, now time.Time) *time.Time {
	if at == nil || !believedTime(*at, now) {
		return nil
	}
	t := at.UTC()
	return &t
}

func line(s *string, most int) *string {
	if s == nil {
		return nil
	}
	return words(text.Line(*s, most))
}

// words is a text; nil for an empty one.
func words(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func count(n *int) *int {
	if n == nil || *n < 0 || *n > maxNumber {
		return nil
	}
	return n
}

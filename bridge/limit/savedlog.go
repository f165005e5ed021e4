package limit

import (
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
)

// SavedLog is the log as the broker retains it. Each request is [seconds before at, how many], rounded down, so
// that a request taken over counts rather too long than too short. at is a whole second, so that a request which is
// taken over again and again, in a crash loop, keeps its time. What switches off is among the commands: what is kept for
// it depends on how many requests there were, and not on what they were for.
type SavedLog struct {
	At       time.Time     `json:"at"`
	Polls    [][2]int      `json:"polls"`
	Commands [][2]int      `json:"commands"`
	SignIns  [][2]int      `json:"sign_ins"`
	Backfill [][2]int      `json:"backfill,omitempty"` // of the commands, and what is reserved
	Reserved *SavedReserve `json:"withheld,omitempty"`
	Changes  SavedChanges  `json:"changes,omitempty"`
	Silence  int           `json:"silence,omitempty"` // seconds after at, until which nothing is asked (429),
	Off      int           `json:"off,omitempty"`     // but for what switches off, after these
	Code     string        `json:"code,omitempty"`    // see Key
}

// SavedReserve is what was reserved at a start without memory.
type SavedReserve struct {
	Age      int `json:"age"` // seconds before at
	Polls    int `json:"polls"`
	Commands int `json:"commands"`
	SignIns  int `json:"sign_ins"`
}

// Save returns the log at now; wall is the same moment on the wall clock.
func (l *RequestLog) Save(now, wall time.Time) SavedLog {
	l.hour.forget(now)
	l.polls.forget(now)
	l.signIns.forget(now)
	l.backfill.forget(now)
	at := wall.UTC().Add(time.Second - 1).Truncate(time.Second)
	isReserved := l.isReserved(now)
	now = now.Add(at.Sub(wall))
	s := SavedLog{At: at, Polls: [][2]int{}, Commands: [][2]int{}, SignIns: [][2]int{}}
	until := func(t time.Time) int { return max(0, int((t.Sub(now)+time.Second-1)/time.Second)) }
	s.Silence, s.Off = until(l.SilentUntil), until(l.OffFrom)
	polls, commands, signIns := 0, 0, 0 // reserved ones, left out; requests of the same moment are not
	if isReserved {
		polls, commands, signIns = l.reservedPolls, l.reserved-l.reservedPolls, l.reservedSignIns
		s.Reserved = &SavedReserve{Age: age(now, l.reservedAt), Polls: polls, Commands: commands, SignIns: signIns}
	}
	save := func(list *[][2]int, at time.Time, requests, reserved int) {
		if at.Equal(l.reservedAt) {
			requests -= reserved
		}
		if requests > 0 {
			*list = count(*list, age(now, at), requests)
		}
	}
	i := 0
	for _, m := range l.hour.left {
		ofPolls := 0
		if i < len(l.polls.left) && l.polls.left[i].at.Equal(m.at) {
			ofPolls = l.polls.left[i].requests
			i++
		}
		save(&s.Polls, m.at, ofPolls, polls)
		save(&s.Commands, m.at, m.requests-ofPolls, commands)
	}
	for _, m := range l.signIns.left {
		save(&s.SignIns, m.at, m.requests, signIns)
	}
	for _, m := range l.backfill.left {
		save(&s.Backfill, m.at, m.requests, 0)
	}
	return s
}

// count adds requests of that age to a list whose ages fall.
func count(list [][2]int, age, requests int) [][2]int {
	if n := len(list); n > 0 && list[n-1][0] == age {
		list[n-1][1] += requests
		return list
	}
	return append(list, [2]int{age, requests})
}

func age(now, at time.Time) int { return max(0, int(now.Sub(at)/time.Second)) }

// passed is how long ago the log was saved.
func (s *SavedLog) passed(wall time.Time) time.Duration {
	passed := min(wall.Sub(s.At), 24*time.Hour)
	if passed <= -time.Second {
		return 0
	}
	return passed
}

// then is what has the steady time of an age.
func (s *SavedLog) then(now, wall time.Time) func(seconds int) time.Time {
	saved := now.Add(-s.passed(wall))
	return func(seconds int) time.Time {
		return saved.Add(-time.Duration(max(0, min(seconds, 1<<20))) * time.Second)
	}
}

// Restore counts what an earlier run saved. A clock that was set back meanwhile makes the entries younger, never older:
// what seems to lie in the future happened just now, so that it holds up nothing for longer than an hour. No more is read
// than fits the hour. Whether the log is to be trusted, Check says.
func (l *RequestLog) Restore(s SavedLog, now, wall time.Time) {
	then := s.then(now, wall)
	enter := func(saved [][2]int, left int, in ...*window) (stillLeft int) {
		for _, entry := range slices.Backward(saved) { // the newest matter
			at := then(entry[0])
			if now.Sub(at) >= time.Hour+windowMargin {
				continue
			}
			requests := max(0, min(entry[1], left))
			left -= requests
			for _, w := range in {
				w.add(at, requests)
			}
		}
		return left
	}
	room := l.hour.limit
	if w := s.Reserved; w != nil && now.Sub(then(w.Age)) < time.Hour+windowMargin {
		atMost := func(n, most int) int { return max(0, min(n, most)) }
		polls, commands := l.threeQuarters()
		l.reserveSome(then(w.Age), atMost(w.Polls, polls), atMost(w.Commands, commands), atMost(w.SignIns, l.signIns.limit))
		room -= l.reserved
	}
	requests := slices.Concat(s.Polls, s.Commands)
	if most := 2 * l.hour.limit; most-enter(requests, most) > room {
		room -= l.hour.kept[ForCommand] // the ceiling was a higher one: what is kept for switching off stays
	}
	room = enter(s.Commands, room, &l.hour, &l.minute, &l.others)
	enter(s.Polls, room, &l.polls, &l.hour, &l.minute)
	enter(s.SignIns, l.hour.limit, &l.signIns)
	enter(s.Backfill, l.hour.limit, &l.backfill)
	until := func(seconds int, most time.Duration) time.Time {
		return now.Add(min(time.Duration(max(0, min(seconds, 1<<20)))*time.Second, most) - s.passed(wall))
	}
	if s.Silence > 0 {
		l.SilentUntil = times.Latest(l.SilentUntil, until(s.Silence, mostStated))
		l.OffFrom = times.Latest(l.OffFrom, until(s.Off, mostAfterLimit))
	}
	for _, w := range []*window{&l.hour, &l.polls, &l.minute, &l.signIns, &l.backfill, &l.others} {
		w.sort()
	}
}

package limit

import (
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
)

// Bounds that hold whatever is configured. The vendor publishes no limit of its own; these keep a bridge in trouble
// from looking like an attack.
const (
	// SignInsPerHour keeps a wrong secret from locking the account.
	SignInsPerHour = 6

	requestsPerMinute = 30
	pollShare         = 0.8 // of the hour's requests; the rest is kept for commands

	// A request is counted when it leaves, and arrives a little later: without this margin two requests of a full
	// window could arrive closer together than they left.
	windowMargin = time.Second
)

// Purpose says what a request is for: polls may not use the part of the hour that is kept for commands.
type Purpose int

// What a request is for.
const (
	ForPoll Purpose = iota
	ForCommand
)

// window admits at most limit requests in any span.
type window struct {
	span  time.Duration
	limit int
	times []time.Time // of the requests still inside, oldest first
}

// opens returns when one more request fits: the zero time for at once.
func (w *window) opens(now time.Time) time.Time {
	w.forget(now)
	if len(w.times) < w.limit {
		return time.Time{}
	}
	if w.limit <= 0 {
		return now.Add(w.span)
	}
	return w.times[len(w.times)-w.limit].Add(w.span + windowMargin)
}

func (w *window) add(at time.Time) { w.times = append(w.times, at) }

func (w *window) forget(now time.Time) {
	old := 0
	for old < len(w.times) && now.Sub(w.times[old]) >= w.span+windowMargin {
		old++
	}
	if old > 0 {
		w.times = append(w.times[:0], w.times[old:]...)
	}
}

// RequestLog counts every request that leaves, sign-ins and repeats included, and says whether one more may.
//
// Its times are the bridge's steady time, which no change of the wall clock moves.
type RequestLog struct {
	hour, polls, minute, signIns window

	// What was reserved at a start without memory: it takes up room in the windows, and is no request.
	reservedAt              time.Time
	reservedPolls, reserved int // of polls, and altogether
}

// NewRequestLog is an empty log with these ceilings.
func NewRequestLog(maxPerHour, maxPerMinute int) *RequestLog {
	return &RequestLog{
		hour:    window{span: time.Hour, limit: maxPerHour},
		polls:   window{span: time.Hour, limit: int(float64(maxPerHour) * pollShare)},
		minute:  window{span: time.Minute, limit: maxPerMinute},
		signIns: window{span: time.Hour, limit: SignInsPerHour},
	}
}

// MinuteLimit is 30 for the vendor's own host and for the default ceiling. A higher ceiling, which is for other
// addresses, raises it in proportion.
func MinuteLimit(maxPerHour int, vendorHost bool) int {
	if vendorHost {
		return requestsPerMinute
	}
	return max(requestsPerMinute, maxPerHour/8)
}

// NextAllowed returns when a request may leave: now or earlier means at once.
func (l *RequestLog) NextAllowed(now time.Time, p Purpose, signIn bool) time.Time {
	at := times.Latest(l.hour.opens(now), l.minute.opens(now))
	if p == ForPoll {
		at = times.Latest(at, l.polls.opens(now))
	}
	if signIn {
		at = times.Latest(at, l.signIns.opens(now))
	}
	return at
}

// Allows reports whether a request may leave at now.
func (l *RequestLog) Allows(now time.Time, p Purpose, signIn bool) bool {
	return !l.NextAllowed(now, p, signIn).After(now)
}

// Record counts a request that leaves at now.
func (l *RequestLog) Record(now time.Time, p Purpose, signIn bool) {
	l.hour.add(now)
	l.minute.add(now)
	if p == ForPoll {
		l.polls.add(now)
	}
	if signIn {
		l.signIns.add(now)
	}
}

// Paced returns when the next poll should leave so that a nearly used-up hour lasts until its oldest requests count no
// longer, instead of ending in a long silence. Zero while there is plenty. keep polls are kept for something more urgent.
func (l *RequestLog) Paced(now time.Time, keep int) time.Time {
	l.polls.forget(now)
	used := len(l.polls.times)
	free := l.polls.limit - used
	if free <= 0 || used == 0 || free-keep >= l.polls.limit/8 {
		return time.Time{}
	}
	free = max(0, free-keep)
	opens := l.polls.times[0].Add(l.polls.span)
	return l.polls.times[used-1].Add(opens.Sub(now) / time.Duration(free+1))
}

// LastHour returns how many requests left in the hour before now.
func (l *RequestLog) LastHour(now time.Time) int {
	l.hour.forget(now)
	n := len(l.hour.times)
	if l.isReserved(now) {
		n -= l.reserved
	}
	return n
}

// Free returns how many more may leave within the ceiling of the hour.
func (l *RequestLog) Free(now time.Time) int {
	l.hour.forget(now)
	return max(0, l.hour.limit-len(l.hour.times))
}

func (l *RequestLog) isReserved(now time.Time) bool {
	return l.reserved > 0 && now.Sub(l.reservedAt) < l.hour.span+windowMargin
}

// Reserve uses up all but a quarter of the hour, for a start that doesn't know what came before it.
func (l *RequestLog) Reserve(now time.Time) {
	commands := l.hour.limit - l.polls.limit
	l.reserveSome(now, l.polls.limit-l.polls.limit/4, commands-commands/4)
}

func (l *RequestLog) reserveSome(at time.Time, polls, commands int) {
	l.reservedAt, l.reservedPolls, l.reserved = at, polls, polls+commands
	for range polls {
		l.polls.add(at)
		l.hour.add(at)
	}
	for range commands {
		l.hour.add(at)
	}
}

// SavedLog is the log as the broker retains it. Each request is [seconds before at, how many], rounded down, so
// that a request taken over counts rather too long than too short. at is a whole second, so that a request which is
// taken over again and again, in a crash loop, keeps its time.
type SavedLog struct {
	At       time.Time     `json:"at"`
	Polls    [][2]int      `json:"polls"`
	Commands [][2]int      `json:"commands"`
	SignIns  [][2]int      `json:"sign_ins"`
	Reserved *SavedReserve `json:"withheld,omitempty"`
}

// SavedReserve is what was reserved at a start without memory.
type SavedReserve struct {
	Age      int `json:"age"` // seconds before at
	Polls    int `json:"polls"`
	Commands int `json:"commands"`
}

// Save returns the log at now; wall is the same moment on the wall clock.
func (l *RequestLog) Save(now, wall time.Time) SavedLog {
	l.hour.forget(now)
	l.polls.forget(now)
	l.signIns.forget(now)
	isReserved := l.isReserved(now)
	at := wall.UTC().Add(time.Second - 1).Truncate(time.Second)
	now = now.Add(at.Sub(wall))
	s := SavedLog{At: at, Polls: [][2]int{}, Commands: [][2]int{}, SignIns: [][2]int{}}
	if isReserved {
		s.Reserved = &SavedReserve{Age: age(now, l.reservedAt), Polls: l.reservedPolls, Commands: l.reserved - l.reservedPolls}
	}
	i := 0
	polls, commands := 0, 0 // reserved ones left out; requests of the same moment are not
	for _, at := range l.hour.times {
		poll := i < len(l.polls.times) && l.polls.times[i].Equal(at)
		if poll {
			i++
		}
		held := s.Reserved != nil && at.Equal(l.reservedAt)
		switch {
		case held && poll && polls < s.Reserved.Polls:
			polls++
		case held && !poll && commands < s.Reserved.Commands:
			commands++
		case poll:
			s.Polls = count(s.Polls, age(now, at))
		default:
			s.Commands = count(s.Commands, age(now, at))
		}
	}
	for _, at := range l.signIns.times {
		s.SignIns = count(s.SignIns, age(now, at))
	}
	return s
}

// count adds a request of that age to a list whose ages fall.
func count(list [][2]int, age int) [][2]int {
	if n := len(list); n > 0 && list[n-1][0] == age {
		list[n-1][1]++
		return list
	}
	return append(list, [2]int{age, 1})
}

func age(now, at time.Time) int { return max(0, int(now.Sub(at)/time.Second)) }

// Restore counts what an earlier run saved. A clock that was set back meanwhile makes the entries younger, never
// older: what seems to lie in the future happened just now. Anybody may have written what the broker retains, so no more
// is read of it than fits the hour.
func (l *RequestLog) Restore(s SavedLog, now, wall time.Time) {
	passed := min(wall.Sub(s.At), 24*time.Hour)
	if passed <= -time.Second {
		passed = 0
	}
	then := func(seconds int) time.Time {
		return now.Add(-passed - time.Duration(max(0, min(seconds, 1<<20)))*time.Second)
	}
	enter := func(saved [][2]int, add func(time.Time)) {
		left := l.hour.limit
		for _, entry := range slices.Backward(saved) { // the newest matter
			at := then(entry[0])
			if now.Sub(at) >= time.Hour+windowMargin {
				continue
			}
			for range min(entry[1], left) {
				add(at)
				left--
			}
		}
	}
	if w := s.Reserved; w != nil && now.Sub(then(w.Age)) < time.Hour+windowMargin {
		l.reserveSome(then(w.Age), max(0, min(w.Polls, l.hour.limit)), max(0, min(w.Commands, l.hour.limit)))
	}
	enter(s.Polls, func(at time.Time) { l.polls.add(at); l.hour.add(at); l.minute.add(at) })
	enter(s.Commands, func(at time.Time) { l.hour.add(at); l.minute.add(at) })
	enter(s.SignIns, l.signIns.add)
	for _, w := range []*window{&l.hour, &l.polls, &l.minute, &l.signIns} {
		slices.SortStableFunc(w.times, time.Time.Compare)
	}
}

package limit

import (
	"iter"
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
	backfillShare     = 0.1 // of the hour's requests, from the polls' where it is used
	pollsKept         = 6   // one in so many of the hour's requests only polls may use, and what switches off

	// What nothing may use but switching off: of the hour's requests a twentieth, and 10 at the least; of the minute's 5;
	// of the sign-ins the last one. A sign-in more is kept for commands than polls may use.
	offPerHour     = 10
	offPerMinute   = 5
	offSignIns     = 1
	commandSignIns = 1
	// lostSignIns are the sign-ins that are taken for used where the log of the past hour is lost: polls have three then,
	// enough for somebody who sets the bridge up and restarts it to try.
	lostSignIns = 1

	// A request is counted when it leaves, and arrives a little later: without this margin two requests of a full
	// window could arrive closer together than they left.
	windowMargin = time.Second
)

// Purpose says what a request is for: polls and what fills gaps in the history may not use the part of the hour that is
// kept for commands, and none of them what is kept for switching off.
type Purpose int

// What a request is for.
const (
	ForPoll Purpose = iota
	ForCommand
	ForBackfill // rows of the history that are missing
	ForOff      // a command that switches a heater, a pump or a regulation off, or turns a kettle down
	purposes
)

// RequestLog counts every request that leaves, sign-ins and repeats included, and says whether one more may.
//
// Its times are the bridge's steady time, which no change of the wall clock moves.
type RequestLog struct {
	hour, polls, minute, signIns, backfill window
	others                                 window // neither polls nor what switches off

	// What was reserved at a start without memory: it takes up room in the windows, and is no request.
	reservedAt              time.Time
	reservedPolls, reserved int // of polls, and altogether
	reservedSignIns         int

	// SilentUntil is until when the cloud wants to be asked nothing after a 429, and OffFrom is when something may be switched
	// off all the same; zero for no such time. The log only keeps them.
	SilentUntil, OffFrom time.Time
}

// NewRequestLog is an empty log with these ceilings.
func NewRequestLog(maxPerHour, maxPerMinute int) *RequestLog {
	off := min(max(offPerHour, maxPerHour/20), maxPerHour/4)
	offMinute := min(offPerMinute, maxPerMinute/4)
	return &RequestLog{
		hour:    window{span: time.Hour, limit: maxPerHour, kept: [purposes]int{ForPoll: off, ForCommand: off, ForBackfill: off}},
		polls:   window{span: time.Hour, limit: min(int(float64(maxPerHour)*pollShare), maxPerHour-maxPerHour/10-off)},
		minute:  window{span: time.Minute, limit: maxPerMinute, kept: [purposes]int{ForPoll: offMinute, ForCommand: offMinute, ForBackfill: offMinute}},
		signIns: window{span: time.Hour, limit: SignInsPerHour, kept: [purposes]int{ForPoll: offSignIns + commandSignIns, ForCommand: offSignIns, ForBackfill: offSignIns + commandSignIns}},

		backfill: window{span: time.Hour, limit: max(1, int(float64(maxPerHour)*backfillShare))},
		others:   window{span: time.Hour, limit: max(1, maxPerHour-off-max(1, maxPerHour/pollsKept))},
	}
}

// ShareWithBackfill takes the share of what fills gaps from the polls, so that neither takes the other's.
func (l *RequestLog) ShareWithBackfill() { l.polls.limit -= l.backfill.limit }

// MinuteLimit is 30 for the vendor's own host and for the default ceiling. A higher ceiling, which is for other
// addresses, raises it in proportion.
func MinuteLimit(maxPerHour int, vendorHost bool) int {
	if vendorHost {
		return requestsPerMinute
	}
	return max(requestsPerMinute, maxPerHour/8)
}

// counting are the windows that a request counts in.
func (l *RequestLog) counting(p Purpose, signIn bool) iter.Seq[*window] {
	return func(yield func(*window) bool) {
		for _, w := range [...]struct {
			counts bool
			in     *window
		}{
			{true, &l.hour}, {true, &l.minute}, {p == ForPoll, &l.polls}, {p == ForBackfill, &l.backfill},
			{p == ForCommand || p == ForBackfill, &l.others}, {signIn, &l.signIns},
		} {
			if w.counts && !yield(w.in) {
				return
			}
		}
	}
}

// NextAllowed returns when a request may leave: now or earlier means at once.
func (l *RequestLog) NextAllowed(now time.Time, p Purpose, signIn bool) (at time.Time) {
	for w := range l.counting(p, signIn) {
		at = times.Latest(at, w.nextAllowed(now, p))
	}
	return at
}

// Readbacks returns how often a device may be read back after a command, 4 times at the most: ever less often as the hour
// fills up, so that commands go before looks at what became of them.
func (l *RequestLog) Readbacks(now time.Time) int {
	l.hour.forget(now)
	l.others.forget(now)
	free := min(l.hour.limit-l.hour.kept[ForCommand]-l.hour.used, (l.others.limit-l.others.used)*l.hour.limit/l.others.limit)
	switch {
	case free >= l.hour.limit/5:
		return 4
	case free >= l.hour.limit/10:
		return 2
	case free >= l.hour.limit/20:
		return 1
	}
	return 0
}

// Allows reports whether a request may leave at now.
func (l *RequestLog) Allows(now time.Time, p Purpose, signIn bool) bool {
	return !l.NextAllowed(now, p, signIn).After(now)
}

// Record counts a request that leaves at now.
func (l *RequestLog) Record(now time.Time, p Purpose, signIn bool) {
	for w := range l.counting(p, signIn) {
		w.add(now, 1)
	}
}

// Withdraw takes back a request that was recorded at a time and did not leave.
func (l *RequestLog) Withdraw(at time.Time, p Purpose, signIn bool) {
	for w := range l.counting(p, signIn) {
		w.withdraw(at)
	}
}

// Paced returns when the next poll should leave so that a nearly used-up hour lasts until its oldest requests count no
// longer, instead of ending in a long silence; and so that polls come evenly where commands leave them less than half of
// theirs. Zero while there is plenty. keep polls are kept for something more urgent.
func (l *RequestLog) Paced(now time.Time, keep int) (at time.Time) {
	l.polls.forget(now)
	l.hour.forget(now)
	used := l.polls.used
	beside := min(l.polls.limit, l.hour.limit-l.hour.kept[ForPoll]-(l.hour.used-used)) // polls that fit into the hour
	free := beside - used
	if free <= 0 || used == 0 {
		return at
	}
	last := l.polls.left[len(l.polls.left)-1].at
	if beside < l.polls.limit/2 {
		at = last.Add(l.polls.span / time.Duration(beside))
	}
	if free-keep < l.polls.limit/8 {
		free = max(0, free-keep)
		freeAt := l.polls.left[0].at.Add(l.polls.span)
		at = times.Latest(at, last.Add(freeAt.Sub(now)/time.Duration(free+1)))
	}
	return at
}

// LastHour returns how many requests left in the hour before now.
func (l *RequestLog) LastHour(now time.Time) int {
	l.hour.forget(now)
	n := l.hour.used
	if l.isReserved(now) {
		n -= l.reserved
	}
	return n
}

// Free returns how many more may leave within the ceiling of the hour.
func (l *RequestLog) Free(now time.Time) int {
	l.hour.forget(now)
	return max(0, l.hour.limit-l.hour.used)
}

func (l *RequestLog) isReserved(now time.Time) bool {
	return l.reserved > 0 && now.Sub(l.reservedAt) < l.hour.span+windowMargin
}

// Reserve uses up three quarters of the hour and of the sign-ins some, for a start that doesn't know what came before it.
// What is kept for switching off stays whole.
func (l *RequestLog) Reserve(now time.Time) {
	polls, commands := l.threeQuarters()
	l.reserveSome(now, polls, commands, lostSignIns)
	l.backfill.add(now, l.backfill.limit-l.backfill.limit/4)
}

// threeQuarters are those of the polls, and of what commands have beside them.
func (l *RequestLog) threeQuarters() (polls, commands int) {
	commands = l.hour.limit - l.hour.kept[ForCommand] - l.polls.limit
	return l.polls.limit - l.polls.limit/4, commands - commands/4
}

func (l *RequestLog) reserveSome(at time.Time, polls, commands, signIns int) {
	l.reservedAt, l.reservedPolls, l.reserved, l.reservedSignIns = at, polls, polls+commands, signIns
	l.polls.add(at, polls)
	l.hour.add(at, polls+commands)
	l.signIns.add(at, signIns)
	l.others.add(at, l.others.limit-l.others.limit/4)
}

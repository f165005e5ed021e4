package fermentation

import (
	"slices"
	"time"
)

// sameBegin is how far apart the begins of one batch may be found: rows that come late move it.
const sameBegin = 12 * time.Hour

// numbered is a batch that has a number.
type numbered struct {
	number int
	began  time.Time
}

// numbers gives the batches of a device their numbers, which they keep whatever rows are found later.
type numbers struct {
	known []numbered
	last  int // the greatest that was given
}

func (n *numbers) learn(number int, began time.Time) {
	n.last = max(n.last, number)
	if i := slices.IndexFunc(n.known, func(k numbered) bool { return k.number == number }); i >= 0 {
		n.known[i].began = began
		return
	}
	n.known = append(n.known, numbered{number, began})
	slices.SortFunc(n.known, func(a, b numbered) int { return a.number - b.number })
	n.known = n.known[max(0, len(n.known)-2*keptSummaries):]
}

// of is the number of a batch that began at a time, which is none of those that are taken; a new one for the newest, and 0
// for one that should have been known.
func (n *numbers) of(began time.Time, taken map[int]bool) int {
	best, distance := 0, sameBegin+1
	var newest time.Time
	for _, k := range n.known {
		if d := k.began.Sub(began).Abs(); !taken[k.number] && d < distance {
			best, distance = k.number, d
		}
		if k.began.After(newest) {
			newest = k.began
		}
	}
	if best == 0 && began.After(newest) && n.last < maxNumber {
		best = n.last + 1
	}
	return n.take(best, began, taken)
}

// current is the number of the batch that is in the device, of which there is always one.
func (n *numbers) current(began time.Time, taken map[int]bool) int {
	if number := n.of(began, taken); number != 0 {
		return number
	}
	number := max(1, n.last)
	if taken[number] {
		number = min(number+1, maxNumber)
	}
	return n.take(number, began, taken)
}

func (n *numbers) take(best int, began time.Time, taken map[int]bool) int {
	if best != 0 {
		n.learn(best, began)
		taken[best] = true
	}
	return best
}

// Package once remembers what has been told, in a bounded number of bytes whatever it was.
package once

import "hash/maphash"

// most is how many things are remembered. What comes after them is not told: whoever makes up so many is heard enough.
const most = 1000

// Set is what has been told, as hashes.
type Set struct {
	seed maphash.Seed
	seen map[uint64]struct{}
}

// New is a set without anything in it.
func New() *Set { return &Set{seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}} }

// First reports whether key comes for the first time and there is room to remember it.
func (s *Set) First(key string) bool {
	h := maphash.String(s.seed, key)
	if _, known := s.seen[h]; known || len(s.seen) >= most {
		return false
	}
	s.seen[h] = struct{}{}
	return true
}

// Clear forgets all.
func (s *Set) Clear() { clear(s.seen) }

package config

import "strings"

// suggest names the known name that an unknown one was probably meant to be, or those of its group. All names are without
// the prefix that they have in common.
func suggest(prefix, name string, known []string) string {
	best, least := "", len(name)/3+1
	for _, k := range known {
		d := distance(strings.ToLower(name), strings.ToLower(k))
		// The right leaf in the wrong group, or in none, is nearer than its spelling tells.
		leaf := name[strings.LastIndexByte(name, '.')+1:]
		if strings.HasSuffix(k, "."+leaf) || strings.HasSuffix(k, "_"+leaf) {
			d = min(d, 2)
		}
		if d < least || (best == "" && d == least) {
			best, least = k, d
		}
	}
	if best != "" {
		return "Did you mean " + prefix + best + "?"
	}
	group, _, _ := strings.Cut(name, ".")
	var leaves []string
	for _, k := range known {
		if leaf, ok := strings.CutPrefix(k, group+"."); ok {
			leaves = append(leaves, leaf)
		}
	}
	if leaves == nil {
		return "Remove it; rapt-bridge --help lists the known ones."
	}
	return "Known in " + group + " are " + strings.Join(leaves, ", ") + "."
}

// Nearest is the known name that an unknown one was probably meant to be; empty when none is near.
func Nearest(name string, known []string) string {
	best, least := "", len(name)/3+2
	for _, k := range known {
		if d := distance(strings.ToLower(name), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance counts the letters to insert, delete, replace or swap with their neighbour to make a of b.
func distance(a, b string) int {
	x, y := []rune(short(a)), []rune(short(b))
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(x); i++ {
		before, last, row = last, row, before
		row[0] = i
		for j := 1; j <= len(y); j++ {
			change := 1
			if x[i-1] == y[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(y)]
}

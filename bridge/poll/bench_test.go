package poll

import (
	"math/rand/v2"
	"testing"
	"time"
)

// BenchmarkSchedule is a wake of the schedule with 1,000 devices: a family's answer is taken into account, its next time
// worked out, and the next family chosen. It costs the same however long the bridge has been running.
func BenchmarkSchedule(b *testing.B) {
	for name, history := range map[string]int{"after a minute": 1, "after a month": 3000} {
		b.Run(name, func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 1))
			all := make([]State, 8)
			for i := range all {
				all[i].Asked = noon
				for range 125 {
					d := &Estimator{}
					interval, at := time.Minute+time.Duration(r.Int64N(int64(time.Hour))), noon.Add(-40*24*time.Hour)
					for range history {
						at = at.Add(interval + time.Duration(r.Int64N(int64(interval/20))))
						d.Observe(Sight{Reading: at, Asked: at.Add(3 * time.Second), Before: at.Add(-time.Minute)})
					}
					d.last = noon.Add(-time.Duration(r.Int64N(int64(interval))))
					d.phase = d.last
					all[i].Devices, all[i].Silent = append(all[i].Devices, d), append(all[i].Silent, false)
				}
			}
			turns := make([]Turn, len(all))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				a := &all[i%len(all)]
				for _, d := range a.Devices {
					d.Observe(Sight{Reading: d.last, Asked: noon.Add(time.Second), Before: noon})
				}
				turns[i%len(all)] = a.Due(usual)
				Next(noon, turns, Open{})
			}
		})
	}
}

package status

import (
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/bridge/web"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// Plan is what happens when somebody asks for fresh readings, as the page shows it. read is a steady time for people.
func Plan(plan limit.Plan, read func(time.Time) time.Time) web.Plan {
	shown := web.Plan{Why: plan.Why}
	if !plan.At.IsZero() {
		shown.At = read(plan.At)
	}
	for _, l := range plan.Later {
		shown.Later = append(shown.Later, web.LaterList{Family: discovery.Family(l.Family), At: read(l.At)})
	}
	return shown
}

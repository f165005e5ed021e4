package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
)

// readings shows the newest reading of every device as gauges: numbers as they are in the state document, flags as 0 and
// 1. Nothing is formatted until somebody asks for the metrics.
type readings struct {
	value, time *prometheus.Desc
	latest      sync.Map // device.Ref to device.Update: the loop writes, a scrape reads
}

func newReadings() *readings {
	return &readings{
		value: prometheus.NewDesc("rapt_bridge_reading", "A value of a device's newest reading, with the keys and units of its state document; flags are 0 and 1.", []string{"family", "id", "name", "key"}, nil),
		time:  prometheus.NewDesc("rapt_bridge_reading_timestamp_seconds", "When the device reported last, in seconds since 1970, on the cloud's clock.", []string{"family", "id", "name"}, nil),
	}
}

func (r *readings) store(u device.Update) { r.latest.Store(u.Ref, u) }

// Describe is for prometheus.
func (r *readings) Describe(to chan<- *prometheus.Desc) {
	to <- r.value
	to <- r.time
}

// Collect is for prometheus.
func (r *readings) Collect(to chan<- prometheus.Metric) {
	r.latest.Range(func(_, v any) bool {
		u := v.(device.Update)
		if at := u.Reading.Activity(); !at.IsZero() {
			to <- prometheus.MustNewConstMetric(r.time, prometheus.GaugeValue, float64(at.UnixMilli())/1000, string(u.Family), u.ID, u.Name)
		}
		for row, value := range u.Rows {
			if n, ok := value.Metric(row); ok {
				to <- prometheus.MustNewConstMetric(r.value, prometheus.GaugeValue, n, string(u.Family), u.ID, u.Name, row.Key)
			}
		}
		return true
	})
}

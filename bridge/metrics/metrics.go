// Package metrics counts and measures what the bridge does, for Prometheus, and shows the readings of its devices there. It
// knows devices and commands, and nothing of who calls it.
package metrics

import (
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// Metrics are the bridge's collectors, and a sink: the readings are gauges with the labels family, id, name and key.
type Metrics struct {
	readings *readings

	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	polls     *prometheus.HistogramVec
	commands  *prometheus.HistogramVec
	staleness *prometheus.HistogramVec
	notices   *prometheus.CounterVec
	remaining prometheus.Gauge
	lastHour  prometheus.Gauge
	broker    prometheus.Gauge
	devices   *prometheus.GaugeVec
	unknown   prometheus.Gauge
	rows      *prometheus.CounterVec
}

// New makes the collectors and registers them with r, where it is not nil.
func New(r prometheus.Registerer, version string) *Metrics {
	seconds := []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	m := &Metrics{
		readings:  newReadings(),
		requests:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rapt_bridge_api_requests_total", Help: "Requests to the RAPT Cloud by endpoint and outcome: the HTTP status, or none."}, []string{"endpoint", "outcome"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "rapt_bridge_api_request_seconds", Help: "Time from a request to the last byte of its answer.", Buckets: seconds}, []string{"endpoint"}),
		polls:     prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "rapt_bridge_poll_seconds", Help: "Time from the decision to ask for a family's list to its devices being published.", Buckets: seconds}, []string{"family"}),
		commands:  prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "rapt_bridge_command_seconds", Help: "Time from a command's arrival to its outcome.", Buckets: seconds}, []string{"key", "outcome"}),
		staleness: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "rapt_bridge_reading_age_seconds", Help: "Age of a reading when the bridge first saw it, on the cloud's clock.", Buckets: []float64{2, 5, 10, 15, 30, 60, 120, 300, 900, 3600}}, []string{"family"}),
		notices:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rapt_bridge_api_oddities_total", Help: "Things in the cloud's answers that its contract doesn't have, counted once each."}, []string{"kind"}),
		remaining: prometheus.NewGauge(prometheus.GaugeOpts{Name: "rapt_bridge_requests_remaining", Help: "Requests that may still leave within this hour."}),
		lastHour:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "rapt_bridge_requests_last_hour", Help: "Requests that left within the last hour."}),
		broker:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "rapt_bridge_mqtt_connected", Help: "1 while the MQTT broker is connected."}),
		devices:   prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "rapt_bridge_devices", Help: "Devices by family and state."}, []string{"family", "state"}),
		unknown:   prometheus.NewGauge(prometheus.GaugeOpts{Name: "rapt_bridge_unknown_fields", Help: "Fields in the cloud's answers that the bridge doesn't know."}),
	}
	m.rows = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rapt_bridge_telemetry_rows_total", Help: "Telemetry rows handed on by family and source: a poll, or the cloud's history."}, []string{"family", "source"})
	if r != nil {
		info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "rapt_bridge_build_info", Help: "1, labelled with the version.", ConstLabels: prometheus.Labels{"version": version}})
		info.Set(1)
		r.MustRegister(m.requests, m.durations, m.polls, m.commands, m.staleness, m.notices, m.remaining, m.lastHour, m.broker, m.devices, m.unknown, m.rows, m.readings, info)
	}
	return m
}

// Exchange counts a request and its answer.
func (m *Metrics) Exchange(e raptclient.Exchange) {
	outcome := "none"
	if e.Status != 0 {
		outcome = strconv.Itoa(e.Status)
	}
	m.requests.WithLabelValues(e.Endpoint, outcome).Inc()
	m.durations.WithLabelValues(e.Endpoint).Observe(e.Took.Seconds())
}

// Polled measures a poll, from the decision to its devices being published.
func (m *Metrics) Polled(family string, took time.Duration) {
	m.polls.WithLabelValues(family).Observe(took.Seconds())
}

// Accept keeps a reading, and the age of one that a poll saw for the first time.
func (m *Metrics) Accept(u device.Update) {
	if u.New {
		m.staleness.WithLabelValues(string(u.Family)).Observe(u.Age.Seconds())
	}
	m.readings.store(u)
}

// Remove forgets a device.
func (m *Metrics) Remove(ref device.Ref) { m.readings.latest.Delete(ref) }

// Command measures a command, from its arrival to its outcome.
func (m *Metrics) Command(key string, o command.Outcome, took time.Duration) {
	m.commands.WithLabelValues(known(key), string(o)).Observe(took.Seconds())
}

// known keeps a key that somebody made up out of the labels.
func known(key string) string {
	if slices.Contains(command.Keys(), key) {
		return key
	}
	return "other"
}

// State is what is measured at a moment.
type State struct {
	RequestsRemaining, RequestsLastHour, UnknownFields int
	Connected                                          bool // to the broker
	// Online and Offline are the devices of each family.
	Online, Offline map[string]int
}

// Set takes what is measured at a moment.
func (m *Metrics) Set(s State) {
	m.remaining.Set(float64(s.RequestsRemaining))
	m.lastHour.Set(float64(s.RequestsLastHour))
	m.unknown.Set(float64(s.UnknownFields))
	m.broker.Set(0)
	if s.Connected {
		m.broker.Set(1)
	}
	for family, n := range s.Online {
		m.devices.WithLabelValues(family, "online").Set(float64(n))
	}
	for family, n := range s.Offline {
		m.devices.WithLabelValues(family, "offline").Set(float64(n))
	}
}

// Row counts a telemetry row that was handed on.
func (m *Metrics) Row(family string, backfilled bool) {
	source := "poll"
	if backfilled {
		source = "history"
	}
	m.rows.WithLabelValues(family, source).Inc()
}

// Notice counts something in an answer that the contract does not have.
func (m *Metrics) Notice(kind string) { m.notices.WithLabelValues(kind).Inc() }

// Package bridge mirrors the devices of a RAPT account to MQTT for Home Assistant, and carries commands back.
//
// Run is one goroutine with one select: it owns all state and never waits for the network. A worker makes the API calls
// one at a time, a publisher writes to the broker, and MQTT callbacks only hand messages over. The state is in two parts:
// account is what belongs to the RAPT account (its devices, its limits, its commands), mqtt what belongs to the broker.
//
// What must be proven is in pure packages below, with the time as an argument: when to ask (poll), whether a request may
// leave (limit), what a reading holds (device), what may be set (command), and which telemetry rows are missing (history). The
// packages below know nothing of this one.
//
// The package knows raptclient and discovery. It must not know config: whoever starts it hands over plain values.
package bridge

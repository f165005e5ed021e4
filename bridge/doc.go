// Package bridge mirrors the devices of a RAPT account to MQTT for Home Assistant, and carries commands back.
//
// Run is one goroutine with one select: it owns all state and never waits for the network. A worker makes the API
// calls one at a time, a publisher writes to the broker, and MQTT callbacks only hand messages over. What must be
// proven is in pure functions with the time as an argument: when to ask (schedule.go), whether a request may leave
// (ledger.go), what an error of the API means (condition.go), and what becomes of a command (command.go).
//
// The package knows raptclient and discovery. It must not know config: whoever starts it hands over plain values.
package bridge

// Package command says what may be set on a device and what becomes of it: a message is parsed and validated, waits in
// the queue, and after its call is held as a pending write until the cloud shows it. Its outcome is a Result.
//
// It is pure: the time is an argument, and nothing here sends. It knows families and their values, and nothing of MQTT's
// connection or of the account's limits.
package command

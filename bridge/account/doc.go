// Package account is what is known of a RAPT account: its families and devices with their newest readings, the commands and
// writes that wait, and by its gate when requests may leave. It works out what is due. It is pure: the time is an argument,
// and whoever owns the account asks, sends and publishes.
package account

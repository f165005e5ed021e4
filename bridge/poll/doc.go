// Package poll works out when a device reports and when to ask for its family. It is pure: the caller passes the time
// and what it has seen, and gets decisions back. It knows neither the RAPT API nor MQTT.
package poll

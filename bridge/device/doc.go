// Package device turns what the RAPT Cloud says of a device into typed values. A [Family] is one row of a table: its name,
// its list and get calls, its rows of the state document, its setters. Everything else is made of the rows: the state
// document, what the status page shows, the metrics, what a command compares and writes.
//
// It is pure but for the calls that a Family makes through the client that it is handed. It knows the RAPT client's types,
// which nobody beside it reads a value from, and the names that discovery gives to families and keys. It knows neither
// MQTT nor how a device is polled.
//
// A new family takes four rows: its resource in raptclient (resource.go), its entities in discovery (catalogue.go), its
// Family here (families.go), and its devices in raptsim (family.go).
package device

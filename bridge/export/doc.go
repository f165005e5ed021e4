// Package export reads all telemetry rows that the cloud has of a device, and writes them to files. It asks for one span after
// the other, in the order of time, so that an export that was interrupted goes on where its file ends.
//
// Whether a request may leave is for the client's Permit hook to say. The package knows families and rows; it must not know
// where the configuration came from.
package export

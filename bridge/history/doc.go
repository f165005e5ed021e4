// Package history knows which telemetry rows of each device have been handed on, where rows must be missing, and what to
// ask the cloud for so that the stream of rows becomes complete.
//
// A poll shows the newest row of each device. Rows between two that polls have seen are missed when the device reports
// more often than it is polled, and when the bridge, the cloud or the broker was away: such a span is a gap, between two
// rows that have been handed on. A device's position (the newest row that the broker has acknowledged, the open gaps, and
// what the cloud doesn't have) is what survives a restart.
//
// It is pure: [History] takes facts and returns decisions. Times of rows are the cloud's clock; now, and what is planned
// from it, is the caller's.
package history

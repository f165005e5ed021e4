// Package fermentation follows the batches in the account's devices that measure gravity: it brings together their rows,
// what their owner and the profile sessions say, and the run-time counters of the controllers beside them, has package batch
// find what is known, and makes the documents that are published of it.
//
// It is pure: no goroutine, clock, network or log. The loop hands it facts, asks it for at most a few milliseconds of work at
// a time (Step), and publishes what comes of it. All times are on the cloud's clock, as those of the rows are.
//
// After a restart everything is found again from the cloud's rows. The owner's entries, the sessions and what was told are in
// the retained document. Until the rows are there, its findings of before stay as they are.
package fermentation

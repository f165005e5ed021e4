// Package diagnose collects how the RAPT Cloud and an account's devices behave, for a report that tells nothing of whose they
// are: how far apart reports are, how late they show, which fields there are, how requests are answered. It is pure and its
// memory is bounded.
//
// A [Record] is given facts by the bridge's loop, or by a command, and writes them as JSON. What goes in that could tell a
// person or a device from others (ids, names, addresses, times of day, texts) never comes out, nor anything that is made of
// it: devices are numbered in the order in which they were seen. A test looks for all of it in the file of a simulated account.
package diagnose

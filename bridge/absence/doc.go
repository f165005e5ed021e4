// Package absence decides when a device that its family's lists lack has left the account. A list may be wrong, so the
// device is asked for by itself before it is taken out; what has to be asked, and when, is this package's to say. It is
// pure: the time is an argument, and somebody else asks.
package absence

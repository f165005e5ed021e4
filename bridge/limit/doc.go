// Package limit says whether a request to the RAPT Cloud may leave: the log of the requests of the past hour holds the
// bridge's own ceilings, and the API's health holds what its answers ask for. It is pure: the time is an argument, and
// nothing here sends or waits.
package limit

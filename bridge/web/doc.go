// Package web is the status page of the bridge, with its health check and its metrics.
//
// It shows what a [Snapshot] holds and changes nothing, but for its buttons: one asks the bridge to poll now, one to
// take out a device that has left the account.
// The page is made on the server; where there is JavaScript, its parts are replaced as they change, by server-sent
// events. Every link in it is relative, so that it works under the prefix of a proxy, Home Assistant's ingress among
// them, and nothing in it is asked of another host.
//
// Whoever can reach the port may look, so the package counts on nothing from a client: requests, connections and
// streams are bounded in size, time and number, and one rendering serves all who ask within a second.
package web

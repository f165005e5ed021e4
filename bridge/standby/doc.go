// Package standby decides when one of several bridges of an account may become the active one. The lock is the broker's
// rule of one connection for each client id: the active bridge has the name, the others wait under ids of their own. The
// package is pure: it is told what the broker says, and says when the name may be taken. It knows nothing of MQTT.
package standby

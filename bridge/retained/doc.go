// Package retained is what a bridge leaves with the broker, and what its next start reads of it: the bridge's own document
// with its diagnostics and the log of its requests, and which devices were announced. Anybody may have written what the
// broker holds, so whatever is read is bounded and checked. The package is pure; it knows the topics, and nothing of MQTT.
package retained

// Package webhook reads what RAPT's webhooks say: which devices there is news of. A webhook is a hint and never a value,
// since anybody may have sent it. The package is pure: it knows no HTTP, no MQTT and no device.
package webhook

// Package statistics fills hours that Home Assistant's long-term statistics lack, over its WebSocket API. MQTT can't carry a
// past time, so this is the only way to close a hole in Home Assistant's charts.
//
// A [Writer] has a goroutine of its own and keeps what it is given until Home Assistant takes it: whoever gives it hours
// never waits. An hour that Home Assistant has is never touched, and nothing is written for an entity whose owner has
// changed it so that it can't be followed.
//
// It knows Home Assistant's commands (developer documentation; those of the recorder as seen in 2026.11) and discovery's
// catalogue. It knows neither RAPT nor MQTT.
package statistics

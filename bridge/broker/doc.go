// Package broker is the connection to the MQTT 5 broker: it goes on trying whatever goes wrong, says why in words, and hands
// what comes in to one channel and takes what goes out from another, so that its user never waits for the network. It
// knows MQTT alone: nothing of RAPT, and nothing of Home Assistant.
package broker

package e2e

import (
	"sync"
	"testing"

	"github.com/testcontainers/testcontainers-go"
)

// The user of the shared broker, and the one that Home Assistant is.
const brokerUser, brokerPassword = "brewer", "hops & malt"

// home is a Mosquitto with a password and a Home Assistant that uses it, on one network.
type home struct {
	network   *testcontainers.DockerNetwork
	broker    *mosquitto
	assistant *homeAssistant
	mqttEntry string // the MQTT integration's config entry
}

// startHome starts one. The broker forgets its retained messages when it is restarted, which is the harder case.
func startHome(t testing.TB, s scope, o homeAssistantOptions) *home {
	t.Helper()
	h := &home{network: newNetwork(t, s)}
	h.broker = startMosquitto(t, s, mosquittoOptions{
		network: h.network, users: map[string]string{brokerUser: brokerPassword},
	})
	o.network = h.network
	h.assistant = startHomeAssistant(t, s, o)
	h.mqttEntry = h.assistant.addMQTT(t, brokerUser, brokerPassword)
	return h
}

// settings are those that let the program into the broker.
func (h *home) settings() settings {
	return settings{"MQTT_URL": h.broker.url(), "MQTT_USERNAME": brokerUser, "MQTT_PASSWORD": brokerPassword}
}

// watch connects a subscriber of all topics to the broker.
func (h *home) watch(t testing.TB) *mqttClient {
	t.Helper()
	return newMQTTClient(t, t, h.broker, brokerUser, brokerPassword)
}

var shared struct {
	once sync.Once
	home *home
}

// sharedHome is the home that all tests of this package share. It starts with the first test that asks for it.
func sharedHome(t testing.TB) *home {
	t.Helper()
	needDocker(t)
	shared.once.Do(func() { shared.home = startHome(t, &binaryWide, homeAssistantOptions{}) })
	if shared.home == nil {
		t.Fatal("the shared Home Assistant did not start: see the first test that failed")
	}
	return shared.home
}

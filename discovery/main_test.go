package discovery

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// id is a device's id in the tests.
const id = "0b7a52f4-3c1d-4e59-9f0a-6d2c8b41e7aa"

var options = Options{Version: "1.2.3", SupportURL: "https://github.com/rapt-bridge/rapt-bridge"}

// example is a device with all that a payload can tell.
func example(f Family) Device {
	return Device{
		Family: f, ID: id, Name: "Brew shed", Firmware: "20231117", SerialNumber: "RAPT-0042", MAC: "94-3C-C6-0A-1B-2C",
		MinTarget: -5, MaxTarget: 30, HVACMode: "heat_cool",
	}
}

package main

import (
	"testing"

	"go.uber.org/goleak"
)

// The library of the demo's broker waits for itself for good when a client leaves while the broker closes
// (Clients.GetByListener takes a read lock twice). What hangs there then is no leak of the program's.
func TestMain(m *testing.M) {
	const broker = "github.com/mochi-mqtt/server/v2"
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction(broker+".(*Clients).Len"), goleak.IgnoreAnyFunction(broker+".(*Server).attachClient"),
		goleak.IgnoreAnyFunction(broker+".(*Server).eventLoop"), goleak.IgnoreAnyFunction(broker+".(*Client).WriteLoop"),
		goleak.IgnoreAnyFunction(broker+"/listeners.(*Net).Serve"),
	)
}

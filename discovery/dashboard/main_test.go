package dashboard

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "write the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// id is a device's id in the tests.
const id = "0b7a52f4-3c1d-4e59-9f0a-6d2c8b41e7aa"

package bridge

import "github.com/rapt-bridge/rapt-bridge/bridge/device"

// Sink is a consumer of accepted readings inside the process. The loop calls it, so it must not block.
type Sink interface {
	// Accept takes a reading that is new or differs from the one before.
	Accept(device.Update)
	// Remove forgets a device that has left the account or moved to another family.
	Remove(device.Ref)
}

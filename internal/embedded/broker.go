// Package embedded runs an MQTT broker in this process: that of the demo, and of tests.
package embedded

import (
	"net"
	"sync"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
)

// closesWithin is how long stop waits for the library, which can wait for itself for good when a client leaves in that
// moment (Clients.GetByListener takes a read lock twice).
const closesWithin = 2 * time.Second

// Serve lets clients in by the listener until stop is called, which takes two seconds at most.
func Serve(server *mqtt.Server, l listeners.Listener) (stop func(), err error) {
	d := &door{Listener: l, clients: &server.Listeners.ClientsWg}
	d.clients.Add(1)
	if err := server.AddListener(d); err != nil {
		return nil, err
	}
	if err := server.Serve(); err != nil {
		return nil, err
	}
	return sync.OnceFunc(func() {
		d.close()
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			_ = server.Close()
		}()
		select {
		case <-closed:
		case <-time.After(closesWithin):
		}
	}), nil
}

// door is a listener that lets nobody in while the broker closes. The library counts its clients while it waits for
// there to be none, which a [sync.WaitGroup] forbids.
type door struct {
	listeners.Listener
	clients *sync.WaitGroup // one more than there are, until the door is closed

	mu     sync.Mutex
	closed bool
}

func (d *door) Serve(establish listeners.EstablishFn) {
	d.Listener.Serve(func(id string, c net.Conn) error {
		if !d.enter() {
			return c.Close()
		}
		defer d.clients.Done()
		return establish(id, c)
	})
}

func (d *door) enter() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.clients.Add(1)
	}
	return !d.closed
}

func (d *door) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	d.clients.Done()
}

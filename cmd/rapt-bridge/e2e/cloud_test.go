package e2e

import (
	"cmp"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/rpc"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// cloudVariable makes the test binary a simulated RAPT cloud. It serves the API over HTTP on loopback, and the test
// that started it by net/rpc on its standard input and output; it ends when its input does.
const cloudVariable = "RAPT_BRIDGE_TEST_CLOUD"

// cloud is a simulated RAPT cloud in a process of its own.
type cloud struct {
	url   string // of the API and of the sign-in
	calls *rpc.Client
}

// startCloud starts a RAPT cloud; the function in the options can't be used, since another process would call it.
// No devices in the options means the demo brewery.
func startCloud(t testing.TB, s scope, o raptsim.Options) *cloud {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	process := exec.Command(self)
	process.Env = append(os.Environ(), cloudVariable+"=1")
	process.Stderr = os.Stderr
	in, err := process.StdinPipe()
	require.NoError(t, err)
	out, err := process.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, process.Start(), "start the cloud's process")

	c := &cloud{calls: rpc.NewClient(pipe{out, in})}
	s.Cleanup(func() {
		_ = c.calls.Close()
		_ = process.Wait()
	})
	o.Latency = cmp.Or(o.Latency, &raptsim.Latency{})
	c.call(t, "Open", o, &c.url)
	return c
}

// set changes an API field of a device, as [raptsim.Cloud.Set] does.
func (c *cloud) set(t testing.TB, id, field string, v any) {
	t.Helper()
	change := CloudField{ID: id, Field: field, Value: v}
	if _, absent := v.(raptsim.Absent); absent {
		change.Value, change.Absent = nil, true
	}
	c.call(t, "Set", change, nil)
}

// value is what the cloud shows in an API field, actual what the device has; nil when there is nothing.
func (c *cloud) value(t testing.TB, id, field string) any {
	t.Helper()
	var v CloudField
	c.call(t, "Value", CloudField{ID: id, Field: field}, &v)
	return v.Value
}

func (c *cloud) actual(t testing.TB, id, field string) any {
	t.Helper()
	var v CloudField
	c.call(t, "Actual", CloudField{ID: id, Field: field}, &v)
	return v.Value
}

// inject makes something go wrong until remove is called.
func (c *cloud) inject(t testing.TB, f raptsim.Fault) (remove func()) {
	t.Helper()
	var number int
	c.call(t, "Inject", f, &number)
	return func() { c.call(t, "Undo", number, nil) }
}

func (c *cloud) devices(t testing.TB) (all []raptsim.Info) {
	t.Helper()
	c.call(t, "Devices", struct{}{}, &all)
	return all
}

// device is the first device of a family.
func (c *cloud) device(t testing.TB, family string) raptsim.Info {
	t.Helper()
	for _, device := range c.devices(t) {
		if device.Family == family {
			return device
		}
	}
	t.Fatalf("the cloud has no %s", family)
	return raptsim.Info{}
}

// requests are all that the cloud was asked so far, oldest first.
func (c *cloud) requests(t testing.TB) (all []raptsim.Request) {
	t.Helper()
	c.call(t, "Requests", struct{}{}, &all)
	return all
}

func (c *cloud) add(t testing.TB, d raptsim.DeviceSpec) { t.Helper(); c.call(t, "Add", d, nil) }
func (c *cloud) remove(t testing.TB, id string)         { t.Helper(); c.call(t, "Remove", id, nil) }
func (c *cloud) setSecret(t testing.TB, secret string) {
	t.Helper()
	c.call(t, "SetSecret", secret, nil)
}

// forward puts the cloud's clock and its brewery forward.
func (c *cloud) forward(t testing.TB, by time.Duration) { t.Helper(); c.call(t, "Forward", by, nil) }

func (c *cloud) revokeTokens(t testing.TB) { t.Helper(); c.call(t, "RevokeTokens", struct{}{}, nil) }

// sever breaks every connection to the cloud, so that the next request needs a new one.
func (c *cloud) sever(t testing.TB) { t.Helper(); c.call(t, "Sever", struct{}{}, nil) }

func (c *cloud) call(t testing.TB, method string, args, reply any) {
	t.Helper()
	if reply == nil {
		reply = new(struct{})
	}
	require.NoError(t, c.calls.Call("Cloud."+method, args, reply), "the cloud's process: %s", method)
}

// CloudService is the other end, in the cloud's process. (net/rpc wants exported types.)
type CloudService struct {
	cloud  *raptsim.Cloud
	mu     sync.Mutex
	undo   []func()
	listen net.Listener
	ahead  atomic.Int64 // what its clock is ahead of the real one
	conns  sync.Map     // net.Conn, open
}

// CloudField is an API field of a device.
type CloudField struct {
	ID, Field string
	Value     any
	Absent    bool
}

func init() {
	gob.Register(time.Time{})
	gob.Register(json.RawMessage{})
}

// serveCloud is the main function of the cloud's process.
func serveCloud(in io.ReadCloser, out io.WriteCloser) error {
	listen, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := rpc.NewServer()
	if err := server.RegisterName("Cloud", &CloudService{listen: listen}); err != nil {
		return err
	}
	server.ServeConn(pipe{in, out})
	return nil
}

func (s *CloudService) Open(o raptsim.Options, url *string) error {
	if s.cloud != nil {
		return errors.New("the cloud is open already")
	}
	o.Now = func() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }
	s.cloud = raptsim.New(o)
	server := http.Server{Handler: s.cloud, ReadHeaderTimeout: 10 * time.Second, ConnState: func(c net.Conn, state http.ConnState) {
		if state == http.StateClosed || state == http.StateHijacked {
			s.conns.Delete(c)
		} else {
			s.conns.Store(c, nil)
		}
	}}
	go func() { fmt.Fprintln(os.Stderr, "cloud:", server.Serve(s.listen)) }()
	*url = "http://" + s.listen.Addr().String()
	return nil
}

func (s *CloudService) Forward(by time.Duration, _ *struct{}) error {
	s.ahead.Add(int64(by))
	return nil
}

func (s *CloudService) Set(f CloudField, _ *struct{}) error {
	if f.Absent {
		f.Value = raptsim.Absent{}
	}
	s.cloud.Set(f.ID, f.Field, f.Value)
	return nil
}

func (s *CloudService) Value(f CloudField, out *CloudField) error {
	out.Value = s.cloud.Value(f.ID, f.Field)
	return nil
}

func (s *CloudService) Actual(f CloudField, out *CloudField) error {
	out.Value = s.cloud.Actual(f.ID, f.Field)
	return nil
}

func (s *CloudService) Inject(f raptsim.Fault, number *int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	*number = len(s.undo)
	s.undo = append(s.undo, s.cloud.Inject(f))
	return nil
}

func (s *CloudService) Undo(number int, _ *struct{}) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.undo[number]()
	return nil
}

func (s *CloudService) Devices(_ struct{}, all *[]raptsim.Info) error {
	*all = s.cloud.Devices()
	return nil
}

func (s *CloudService) Requests(_ struct{}, all *[]raptsim.Request) error {
	*all = s.cloud.Requests()
	return nil
}

func (s *CloudService) Sever(struct{}, *struct{}) error {
	for conn := range s.conns.Range {
		_ = conn.(net.Conn).Close()
	}
	return nil
}

func (s *CloudService) Add(d raptsim.DeviceSpec, _ *struct{}) error { s.cloud.Add(d); return nil }
func (s *CloudService) Remove(id string, _ *struct{}) error         { s.cloud.Remove(id); return nil }
func (s *CloudService) SetSecret(secret string, _ *struct{}) error {
	s.cloud.SetSecret(secret)
	return nil
}
func (s *CloudService) RevokeTokens(struct{}, *struct{}) error { s.cloud.RevokeTokens(); return nil }

// pipe joins two streams to the one that net/rpc wants.
type pipe struct {
	io.ReadCloser
	io.WriteCloser
}

func (p pipe) Close() error { return errors.Join(p.WriteCloser.Close(), p.ReadCloser.Close()) }

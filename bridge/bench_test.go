package bridge

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/worker"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// canned answers each list with a body that was made before, so that a benchmark measures the bridge alone.
type canned struct {
	bodies map[string][]byte // by path
}

func (c *canned) RoundTrip(req *http.Request) (*http.Response, error) {
	body := []byte(`{"access_token":"t","expires_in":360000}`)
	if req.URL.Path != "/connect/token" {
		body = c.bodies[req.URL.Path]
	}
	return &http.Response{
		StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: int64(len(body)),
		Body: io.NopCloser(bytes.NewReader(body)), Request: req,
	}, nil
}

// listPaths are the lists of a cloud by family.
func listPaths(cloud *raptsim.Cloud) map[discovery.Family]string {
	client, _ := raptclient.New(raptclient.Options{APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "brewer@example.com", APISecret: "demo-secret", Transport: cloud.Transport()})
	out := map[discovery.Family]string{}
	for _, f := range device.Families() {
		_, _ = f.List(context.Background(), client)
		requests := cloud.Requests()
		out[f.Name] = requests[len(requests)-1].Path
	}
	return out
}

// recordLists returns the bodies of all lists at this moment.
func recordLists(tb testing.TB, cloud *raptsim.Cloud, paths map[discovery.Family]string) map[string][]byte {
	tb.Helper()
	token := ""
	get := func(path, form string) []byte {
		method := http.MethodGet
		if form != "" {
			method = http.MethodPost
		}
		req, err := http.NewRequest(method, "http://cloud.invalid"+path, strings.NewReader(form))
		require.NoError(tb, err)
		if form != "" {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		} else {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := cloud.Transport().RoundTrip(req)
		require.NoError(tb, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(tb, err)
		require.Equal(tb, 200, resp.StatusCode, string(body))
		return body
	}
	var signIn struct {
		Token string `json:"access_token"`
	}
	require.NoError(tb, json.Unmarshal(get("/connect/token", "client_id=rapt-user&grant_type=password&username=brewer%40example.com&password=demo-secret"), &signIn))
	token = signIn.Token
	bodies := map[string][]byte{}
	for _, path := range paths {
		bodies[path] = get(path, "")
	}
	return bodies
}

// plainType is the struct that a person would write for encoding/json to read such a value into.
func plainType(values []any) reflect.Type {
	var (
		fields = map[string][]any{}
		items  []any
		kind   reflect.Type
	)
	for _, v := range values {
		switch x := v.(type) {
		case map[string]any:
			for name, member := range x {
				fields[name] = append(fields[name], member)
			}
		case []any:
			items = append(items, x...)
			kind = reflect.TypeFor[[]any]()
		case string:
			kind = reflect.TypeFor[string]()
			if _, err := time.Parse(time.RFC3339Nano, x); err == nil {
				kind = reflect.TypeFor[time.Time]()
			}
		case float64:
			kind = reflect.TypeFor[float64]()
		case bool:
			kind = reflect.TypeFor[bool]()
		}
	}
	switch {
	case len(fields) > 0:
		var out []reflect.StructField
		for name, members := range fields {
			out = append(out, reflect.StructField{Name: "F_" + name, Type: plainType(members), Tag: reflect.StructTag(`json:"` + name + `"`)})
		}
		return reflect.PointerTo(reflect.StructOf(out))
	case len(items) > 0:
		return reflect.SliceOf(plainType(items))
	case kind == nil:
		return reflect.TypeFor[*string]() // null everywhere
	}
	return kind
}

// BenchmarkMirror decodes the lists of 1,000 devices and mirrors them: documents rendered, compared, queued and handed
// over, rhythms learned. The metric "ratio" is its time over that of encoding/json decoding the same bodies, alone, into
// plain structs, in the same run. The goal is under 2.
func BenchmarkMirror(b *testing.B) {
	now := noon
	cloud := raptsim.New(raptsim.Options{Devices: raptsim.LargeBrewery(1000), Now: func() time.Time { return now }, Latency: &raptsim.Latency{}})
	paths := listPaths(cloud)
	// Two moments at which every device has reported anew.
	now = now.Add(3 * time.Hour)
	first := recordLists(b, cloud, paths)
	now = now.Add(3 * time.Hour)
	second := recordLists(b, cloud, paths)
	plain := map[string]reflect.Type{}
	size := 0
	for path, body := range first {
		var sample any
		require.NoError(b, json.Unmarshal(body, &sample))
		plain[path] = plainType([]any{sample})
		size += len(body)
	}
	theirs := func(b *testing.B, bodies map[string][]byte) time.Duration {
		start := time.Now()
		for path, body := range bodies {
			if err := json.Unmarshal(body, reflect.New(plain[path]).Interface()); err != nil {
				b.Fatal(err)
			}
		}
		return time.Since(start)
	}
	for _, c := range []struct {
		name  string
		other map[string][]byte
	}{{"unchanged", first}, {"changed", second}} {
		b.Run(c.name, func(b *testing.B) {
			feed := &canned{first}
			v := newVirtual(b, raptsim.Options{Devices: []raptsim.DeviceSpec{}}, func(o *Options) {
				withoutCeiling(o)
				o.RAPT.Transport = feed
			})
			lists := func() (changed int) {
				for _, f := range v.b.account.Families {
					list, err := f.List(context.Background(), v.b.account.client)
					v.b.polled(f, list, err)
					for p, ok := v.b.mqtt.outbox.Next(); ok; p, ok = v.b.mqtt.outbox.Next() {
						v.b.mqtt.outbox.Sent()
						if strings.HasSuffix(p.Topic, "/state") {
							changed++
						}
					}
				}
				return changed
			}
			v.b.account.client = directClient(b, feed)
			require.GreaterOrEqual(b, lists(), 1000)
			b.SetBytes(int64(size))
			var (
				ours, json    time.Duration
				before, after runtime.MemStats
				allocs        uint64
			)
			for i := 0; b.Loop(); i++ {
				feed.bodies = [2]map[string][]byte{c.other, first}[i%2]
				v.now = v.now.Add(15 * time.Minute)
				runtime.ReadMemStats(&before)
				start := time.Now()
				changed := lists()
				ours += time.Since(start)
				runtime.ReadMemStats(&after)
				allocs += after.Mallocs - before.Mallocs
				if want := c.name == "changed"; want != (changed >= 1000) {
					b.Fatal(changed, "states were published")
				}
				b.StopTimer()
				json += theirs(b, feed.bodies)
				b.StartTimer()
			}
			b.ReportMetric(float64(ours)/float64(json), "ratio")
			b.ReportMetric(float64(allocs)/1000/float64(b.N), "allocs/device")
		})
	}
}

// directClient asks nobody for a permit.
func directClient(b testing.TB, transport http.RoundTripper) *raptclient.Client {
	b.Helper()
	client, err := raptclient.New(raptclient.Options{APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "u", APISecret: "s", Transport: transport})
	require.NoError(b, err)
	return client
}

// loopback serves a simulated cloud over HTTP on loopback.
func loopback(b testing.TB, cloud *raptsim.Cloud) string {
	b.Helper()
	server := httptest.NewServer(cloud)
	b.Cleanup(server.Close)
	return server.URL
}

// BenchmarkStart is the time from the start to the first device announced, on loopback. The goal is under 200 ms.
func BenchmarkStart(b *testing.B) {
	cloud := raptsim.New(raptsim.Options{Latency: &raptsim.Latency{}})
	address := loopback(b, cloud)
	var took time.Duration
	for b.Loop() {
		b.StopTimer()
		server := newRealBroker(b, "127.0.0.1:0", "mqtt", nil)
		first := make(chan struct{}, 100)
		require.NoError(b, server.Subscribe("homeassistant/device/+/config", 1, func(_ *mochi.Client, _ packets.Subscription, p packets.Packet) {
			if !strings.Contains(p.TopicName, "rapt_bridge") {
				first <- struct{}{}
			}
		}))
		o := Options{
			RAPT:       raptclient.Options{APIURL: address, AuthURL: address, Username: "brewer@example.com", APISecret: "demo-secret"},
			FindBroker: knownAt(b, "mqtt", server.address), Discovery: true, MaxRequestsPerHour: 100_000, Log: slog.New(slog.DiscardHandler),
		}
		ctx, end := context.WithCancel(context.Background())
		done := make(chan struct{})
		b.StartTimer()
		start := time.Now()
		go func() { defer close(done); _ = Run(ctx, o) }()
		<-first
		took += time.Since(start)
		b.StopTimer()
		end()
		<-done
		server.end()
		b.StartTimer()
	}
	b.ReportMetric(float64(took.Microseconds())/1000/float64(b.N), "ms/start")
}

// BenchmarkCommand is the time from a command on its topic to the API call, on loopback, beside a bare publish and
// receive on the same broker. The goal is a 99th percentile of 5 ms more than the bare one.
func BenchmarkCommand(b *testing.B) {
	for name, hanging := range map[string]bool{"quiet": false, "a poll hangs": true} {
		b.Run(name, func(b *testing.B) { benchmarkCommand(b, hanging) })
	}
}

// arrivals tells when a write reaches the cloud, and lets polls hang.
type arrivals struct {
	*raptsim.Cloud
	mu    sync.Mutex
	hang  bool
	write chan time.Time
	hung  chan struct{}
}

func (a *arrivals) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	write := r.Method == http.MethodPost && r.URL.Path != "/connect/token"
	if write {
		a.write <- time.Now()
	}
	a.mu.Lock()
	hang := a.hang && !write && strings.Contains(r.URL.Path, "Hydrometers")
	a.mu.Unlock()
	if hang {
		select {
		case a.hung <- struct{}{}:
		default:
		}
		<-r.Context().Done()
		return
	}
	a.Cloud.ServeHTTP(w, r)
}

func benchmarkCommand(b *testing.B, hanging bool) {
	cloud := &arrivals{Cloud: raptsim.New(raptsim.Options{CommandDelay: -1, Latency: &raptsim.Latency{}}), write: make(chan time.Time, 1), hung: make(chan struct{}, 1)}
	api := httptest.NewServer(cloud)
	defer api.Close()
	server := newRealBroker(b, "127.0.0.1:0", "mqtt", nil)
	// An earlier run that has used nothing: else most of the many requests allowed here would be withheld, one by one.
	require.NoError(b, server.Publish("rapt/bridge/state", unusedHour(b), true, 1))
	o := Options{
		RAPT:       raptclient.Options{APIURL: api.URL, AuthURL: api.URL, Username: "brewer@example.com", APISecret: "demo-secret"},
		FindBroker: knownAt(b, "mqtt", server.address), Discovery: true, MaxRequestsPerHour: 1_000_000, MaxRequestsPerMinute: 1_000_000, MaxChangesPerHour: 100_000_000,
		Log: slog.New(slog.DiscardHandler),
	}
	ctx, end := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = Run(ctx, o) }()
	defer func() { end(); <-done }()
	eventually(b, server.complete)

	topic := ""
	for _, d := range cloud.Devices() {
		if d.Family == raptsim.BrewZilla {
			topic = "rapt/brewzilla/" + d.ID
		}
	}
	bare, outcome := make(chan time.Time, 1), make(chan struct{}, 100)
	client := newNeighbour(b, server.address, "bare/echo", func() { bare <- time.Now() })
	require.NoError(b, server.Subscribe(topic+"/result", 2, func(_ *mochi.Client, _ packets.Subscription, p packets.Packet) {
		if strings.Contains(string(p.Payload), `"applied"`) || strings.Contains(string(p.Payload), `"unchanged"`) {
			outcome <- struct{}{}
		}
	}))
	hang := func(on bool) {
		cloud.mu.Lock()
		defer cloud.mu.Unlock()
		cloud.hang = on
	}
	var direct, commands []time.Duration
	for i := 0; b.Loop(); i++ {
		if hanging {
			hang(true)
			client("rapt/bridge/refresh/set", "PRESS")
			<-cloud.hung
			time.Sleep(worker.YieldAfter) // a younger poll is waited for until then
		}
		start := time.Now()
		client("bare/echo", "x")
		direct = append(direct, (<-bare).Sub(start))
		start = time.Now()
		client(topic+"/pump_utilisation/set", []string{"20", "60"}[i%2])
		commands = append(commands, (<-cloud.write).Sub(start))
		hang(false)
		<-outcome
	}
	b.ReportMetric(quantile(commands, .5)*1000, "median-ms")
	b.ReportMetric(quantile(commands, .99)*1000, "p99-ms")
	b.ReportMetric(quantile(direct, .5)*1000, "bare-median-ms")
	b.ReportMetric(quantile(direct, .99)*1000, "bare-p99-ms")
}

// newNeighbour is another client of the broker, on a connection of its own. It calls got for each message on a topic,
// and returns how to publish.
func newNeighbour(b testing.TB, address, topic string, got func()) (publish func(topic, payload string)) {
	b.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(b, err)
	client := paho.NewClient(paho.ClientConfig{Conn: conn, ClientID: "neighbour", OnPublishReceived: []func(paho.PublishReceived) (bool, error){
		func(paho.PublishReceived) (bool, error) { got(); return true, nil },
	}})
	_, err = client.Connect(context.Background(), &paho.Connect{
		ClientID: "neighbour", KeepAlive: 60, CleanStart: true, Username: "bridge", UsernameFlag: true, Password: []byte("broker-pa55word"), PasswordFlag: true,
	})
	require.NoError(b, err)
	b.Cleanup(func() { _ = client.Disconnect(&paho.Disconnect{}) })
	_, err = client.Subscribe(context.Background(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: topic}}})
	require.NoError(b, err)
	return func(topic, payload string) {
		_, err := client.Publish(context.Background(), &paho.Publish{Topic: topic, Payload: []byte(payload)})
		require.NoError(b, err)
	}
}

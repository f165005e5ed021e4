package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"testing"
	"time"

	dockercontainer "github.com/moby/moby/api/types/container"
	dockernet "github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/network"
)

// container is a started container that tests can stop, pause and start again. Its ports are published on fixed ports
// of 127.0.0.1, which stay the same after a restart.
type container struct {
	*testcontainers.DockerContainer
	docker *testcontainers.DockerClient
}

// newNetwork makes a network for containers.
func newNetwork(t testing.TB, s scope) *testcontainers.DockerNetwork {
	t.Helper()
	needDocker(t)
	nw, err := network.New(context.Background())
	require.NoError(t, err, "Docker network")
	s.Cleanup(func() { _ = nw.Remove(context.Background()) })
	return nw
}

// startContainer runs an image and publishes its ports, the keys of ports, on those of 127.0.0.1 that are the values.
func startContainer(t testing.TB, s scope, image string, ports map[int]int, options ...testcontainers.ContainerCustomizer) *container {
	t.Helper()
	needDocker(t)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()

	docker, err := testcontainers.NewDockerClientWithOpts(ctx)
	require.NoError(t, err, "Docker client")
	s.Cleanup(func() { _ = docker.Close() })

	exposed, published := []string{}, dockernet.PortMap{}
	for inside, outside := range ports {
		port := fmt.Sprintf("%d/tcp", inside)
		exposed = append(exposed, port)
		published[dockernet.MustParsePort(port)] = []dockernet.PortBinding{
			{HostIP: netip.AddrFrom4([4]byte{127, 0, 0, 1}), HostPort: strconv.Itoa(outside)},
		}
	}
	options = append(options,
		testcontainers.WithExposedPorts(exposed...),
		testcontainers.WithHostConfigModifier(func(h *dockercontainer.HostConfig) { h.PortBindings = published }),
	)
	c, err := testcontainers.Run(ctx, image, options...)
	s.Cleanup(func() { _ = testcontainers.TerminateContainer(c, testcontainers.StopTimeout(0)) })
	require.NoError(t, err, "container of %s", image)
	return &container{DockerContainer: c, docker: docker}
}

// pause freezes every process of the container: its connections stay open and nothing answers.
func (c *container) pause(t testing.TB) {
	t.Helper()
	_, err := c.docker.ContainerPause(context.Background(), c.GetContainerID(), client.ContainerPauseOptions{})
	require.NoError(t, err, "pause")
}

func (c *container) unpause(t testing.TB) {
	t.Helper()
	_, err := c.docker.ContainerUnpause(context.Background(), c.GetContainerID(), client.ContainerUnpauseOptions{})
	require.NoError(t, err, "unpause")
}

// stop asks the container's program to end, and kills it after two minutes.
func (c *container) stop(t testing.TB) {
	t.Helper()
	seconds := 120
	_, err := c.docker.ContainerStop(context.Background(), c.GetContainerID(), client.ContainerStopOptions{Timeout: &seconds})
	require.NoError(t, err, "stop")
}

// kill ends the container's program as a power cut would.
func (c *container) kill(t testing.TB) {
	t.Helper()
	_, err := c.docker.ContainerKill(context.Background(), c.GetContainerID(), client.ContainerKillOptions{Signal: "SIGKILL"})
	require.NoError(t, err, "kill")
}

// start starts a container that was stopped; it keeps its files and its ports.
func (c *container) start(t testing.TB) {
	t.Helper()
	_, err := c.docker.ContainerStart(context.Background(), c.GetContainerID(), client.ContainerStartOptions{})
	require.NoError(t, err, "start")
}

// logText is all that the container's program has written so far, over all its starts.
func (c *container) logText(t testing.TB) string {
	t.Helper()
	r, err := c.Logs(context.Background())
	require.NoError(t, err, "log")
	defer func() { _ = r.Close() }()
	var b bytes.Buffer
	_, err = io.Copy(&b, r)
	require.NoError(t, err, "log")
	return b.String()
}

// freePort finds a TCP port of 127.0.0.1 that nobody listens on, below those that Linux gives to connections meanwhile.
func freePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 12_000 + rand.IntN(20_000)
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

// file is a file that a container is started with.
func file(path, content string) testcontainers.ContainerFile {
	return testcontainers.ContainerFile{Reader: bytes.NewBufferString(content), ContainerFilePath: path, FileMode: 0o644}
}

// quietLogger keeps the progress of testcontainers out of the tests' output.
type quietLogger struct{}

func (quietLogger) Printf(string, ...any) {}

package cluster_test

import (
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/cluster"
)

// A worker that is disconnected closes its servers, but its address does not become free.
func TestAListenerStaysWhenItsLastWorkerIsDisconnected(t *testing.T) {
	for _, sched := range []cluster.Sched{cluster.RoundRobin, cluster.Shared} {
		t.Run(sched.String(), func(t *testing.T) {
			o := nodeOptions(t, echo)
			o.Sched = sched
			f := newCluster(t, o)
			f.fork(1)
			f.when(f.saw("listening 1", 1), func() { f.cluster.Worker(1).Disconnect() })
			f.when(f.saw("exit 1", 1), func() {
				conn := f.connect(1, f.ports[1])[0]
				f.fork(1)
				f.client(func() error {
					s, err := answer(conn)
					if s != "2" {
						err = errors.Join(err, fmt.Errorf("answer %q", s))
					}
					return err
				}, f.disconnect)
			})
			f.run()
		})
	}
}

func TestAListenerOfListenStaysWhenTheLastWorkerClosesItsServer(t *testing.T) {
	f := newCluster(t, nodeOptions(t, `
		const s = require('net').createServer().listen(0, '127.0.0.1', () => s.close(() => process.send('closed')));`))
	before := listening()
	addr, err := f.cluster.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f.fork(1)
	f.when(f.saw("message 1 closed", 1), func() {
		again, err := f.cluster.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		require.Equal(t, addr, again)
		require.Equal(t, before+1, listening())
		f.disconnect()
	})
	f.run()
	require.Equal(t, before, listening())
}

// Workers with addresses of their own come and go. At most MaxListeners of their listeners stay.
func TestListenersWithoutAWorkerAreBounded(t *testing.T) {
	const most = 2
	f := newCluster(t, &cluster.Options{Self: "accept", Args: []string{"unix", "worker"}, MaxListeners: most})
	before := listening()
	f.cluster.OnListening(func(g *cluster.Listening) {
		_, err := g.Worker.Kill(syscall.SIGKILL)
		require.NoError(t, err)
	})
	next := 0
	dir := t.TempDir()
	fork := func() {
		next++
		o := &cluster.Program{Self: "accept", Args: []string{"unix", fmt.Sprint(dir, "/", next)}}
		require.NoError(t, f.cluster.Upgrade(o, nil, func(error) { f.fork(1) }))
	}
	f.cluster.OnExit(func(*cluster.Exit) {
		if next < 2*most {
			fork()
			return
		}
		require.Equal(t, most, listening()-before)
		for i := range 2 * most {
			_, err := os.Stat(fmt.Sprint(dir, "/", i+1))
			require.Equal(t, i >= most, err == nil, "%d", i+1)
		}
		f.disconnect()
	})
	fork()
	f.run()
	require.Equal(t, before, listening())
}

// A listener without a worker that Listen was called for is not among the listeners that are
// bounded.
func TestAListenerOfListenIsNotOneOfThoseWithoutAWorker(t *testing.T) {
	dir := t.TempDir()
	path := func(i int) string { return fmt.Sprint(dir, "/", i) }
	f := newCluster(t, &cluster.Options{Self: "accept", Args: []string{"unix", path(1)}, MaxListeners: 1})
	f.cluster.OnListening(func(g *cluster.Listening) {
		_, err := g.Worker.Kill(syscall.SIGKILL)
		require.NoError(t, err)
	})
	f.fork(1)
	f.when(f.saw("exit 1", 1), func() {
		_, err := f.cluster.Listen("unix", path(1))
		require.NoError(t, err)
		o := &cluster.Program{Self: "accept", Args: []string{"unix", path(2)}}
		require.NoError(t, f.cluster.Upgrade(o, nil, func(error) { f.fork(1) }))
	})
	f.when(f.saw("exit 2", 1), func() {
		for i := range 2 {
			require.FileExists(t, path(i+1))
		}
		f.disconnect()
	})
	f.run()
}

func TestListenIsTheAddressThatWorkersShare(t *testing.T) {
	for address, want := range map[string]string{"0.0.0.0:0": "0.0.0.0", ":0": "::", "[::]:0": "::", "[0:0:0:0:0:0:0:1]:0": "::1", "[::ffff:127.0.0.1]:0": "127.0.0.1"} {
		t.Run(address, func(t *testing.T) {
			f := newCluster(t, &cluster.Options{Self: "accept", Args: []string{"tcp", address}, MaxListeners: math.MaxInt})
			addr, err := f.cluster.Listen("tcp", address)
			require.NoError(t, err)
			require.Equal(t, want, addr.(*net.TCPAddr).IP.String())
			f.fork(1)
			f.when(f.saw("listening 1", 1), func() {
				require.Equal(t, addr.(*net.TCPAddr).Port, f.ports[1])
				f.disconnect()
			})
			f.run()
		})
	}
}

func TestListenIsThePathThatWorkersShare(t *testing.T) {
	dir := t.TempDir()
	f := newCluster(t, nodeOptions(t, listenScript(strconv.Quote(dir+"/s"))))
	_, err := f.cluster.Listen("unix", dir+"/../"+filepath.Base(dir)+"//s")
	require.NoError(t, err)
	f.fork(1)
	f.when(f.saw("listening 1", 1), f.disconnect)
	f.run()
}

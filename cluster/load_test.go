package cluster_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/cluster"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

// later calls then when cond is true. It checks again and again.
func (f *fixture) later(cond func() bool, then func()) {
	if cond() {
		then()
		return
	}
	f.loop.SetTimeout(1e6, func() { f.later(cond, then) })
}

// Workers are stopped and then killed, again and again, while clients connect. Only connections
// that a worker had accepted are lost, and no client waits for ever.
//
//brood:checks W106
func TestUnderLoadEveryClientIsAnsweredWhateverDies(t *testing.T) {
	const workers, clients, deaths = 3, 8, 8
	o := nodeOptions(t, echo)
	o.MaxPending = 16
	f := newCluster(t, o)
	addr, err := f.cluster.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f.fork(workers)
	f.cluster.OnExit(func(e *cluster.Exit) {
		if !e.Worker.ExitedAfterDisconnect() {
			f.fork(1)
		}
	})
	var g *load
	killed := 0
	var next func()
	next = func() {
		if killed == deaths {
			f.client(func() error {
				_ = g.stop() // The lost connections are checked below.
				return nil
			}, f.disconnect)
			return
		}
		victim := f.cluster.Workers()[killed%len(f.cluster.Workers())]
		if victim.State() != cluster.StateListening {
			f.loop.SetTimeout(1e6, next)
			return
		}
		_, err := victim.Kill(syscall.SIGSTOP)
		require.NoError(t, err)
		asked := g.asked.Load()
		// The others answer, while the stopped one has a connection in its socket.
		f.later(func() bool { return g.asked.Load() >= asked+50 }, func() {
			_, err := victim.Kill(syscall.SIGKILL)
			require.NoError(t, err)
			killed++
			f.when(func() bool { return victim.State() == cluster.StateDead }, next)
		})
	}
	f.when(f.saw("listening", workers), func() {
		g = startLoad(clients, "tcp", addr.String())
		next()
	})
	f.run()
	require.Equal(t, workers+deaths, f.count("exit"))
	require.Equal(t, deaths, f.count("exit")-countWith(f.events, "exit", "exit status 0 true"))
	// Each death may cut the connections that its worker had accepted and not answered: at most one
	// per client.
	require.Less(t, len(g.errs), deaths*clients)
	for _, err := range g.errs {
		if err.Error() != "no answer" {
			require.ErrorIs(t, err, syscall.ECONNRESET, "nobody is refused, or waits for ever")
		}
	}
	require.Greater(t, g.got["1"]+g.got["2"]+g.got["3"], 0)
}

// countWith returns the number of events that begin with prefix and end with suffix.
func countWith(events []string, prefix, suffix string) (n int) {
	for _, e := range events {
		if strings.HasPrefix(e, prefix) && strings.HasSuffix(e, suffix) {
			n++
		}
	}
	return n
}

// An ordinary HTTP server, with clients that keep their connections.
//
//brood:checks W100
func TestAnHTTPServerUnderLoad(t *testing.T) {
	for _, sched := range []cluster.Sched{cluster.RoundRobin, cluster.Shared} {
		t.Run(sched.String(), func(t *testing.T) {
			o := nodeOptions(t, `
				const cluster = require('cluster');
				require('http').createServer((q, s) => s.end('worker ' + cluster.worker.id)).listen(0, '127.0.0.1');`)
			o.Sched = sched
			f := newCluster(t, o)
			f.fork(2)
			f.when(f.saw("listening", 2), func() {
				url := "http://" + local(f.ports[1])
				var answered atomic.Int64
				for range 4 {
					f.client(func() error {
						transport := &http.Transport{}
						defer transport.CloseIdleConnections()
						for i := range 50 {
							r, err := (&http.Client{Transport: transport}).Get(url)
							if err != nil {
								return err
							}
							body, err := io.ReadAll(r.Body)
							if err = errors.Join(err, r.Body.Close()); err != nil {
								return err
							}
							if !strings.HasPrefix(string(body), "worker ") {
								return errors.New(string(body))
							}
							if i%10 == 9 {
								transport.CloseIdleConnections()
							}
						}
						return nil
					}, func() {
						if answered.Add(1) == 4 {
							f.disconnect()
						}
					})
				}
			})
			f.run()
			require.Equal(t, 2, countWith(f.events, "exit", "exit status 0 true"))
		})
	}
}

// No resource grows with the number of connections.
func TestConnectionsLeaveNothingBehind(t *testing.T) {
	f := newCluster(t, nodeOptions(t, echo))
	f.fork(2)
	f.when(f.saw("listening", 2), func() {
		f.asks(100, "tcp", local(f.ports[1]), func([]string) {
			fds, memory := len(leakcheck.FDs()), heap()
			f.asks(1000, "tcp", local(f.ports[1]), func([]string) {
				f.later(func() bool { return len(leakcheck.FDs()) <= fds }, func() {
					require.Less(t, heap(), memory+2<<20)
					f.disconnect()
				})
			})
		})
	})
	f.run()
}

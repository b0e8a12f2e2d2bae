package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/cluster"
	"github.com/brood-go/brood/internal/test/looptest"
)

// A load is many clients that ask again and again, with a new connection each time.
type load struct {
	cancel context.CancelFunc
	wait   sync.WaitGroup
	asked  atomic.Int64
	mu     sync.Mutex
	errs   []error
	got    map[string]int
}

// startLoad starts the clients, on goroutines that end with stop.
func startLoad(n int, network, address string) *load {
	ctx, cancel := context.WithCancel(context.Background())
	g := &load{cancel: cancel, got: map[string]int{}}
	for range n {
		g.wait.Go(func() {
			for ctx.Err() == nil {
				s, err := ask(network, address)
				if err == nil && s == "" {
					err = errors.New("no answer")
				}
				g.asked.Add(1)
				g.mu.Lock()
				g.got[s]++
				if err != nil {
					g.errs = append(g.errs, err)
				}
				g.mu.Unlock()
			}
		})
	}
	return g
}

// stop ends the load and returns the errors of the clients.
func (g *load) stop() error {
	g.cancel()
	g.wait.Wait()
	return errors.Join(g.errs...)
}

// versioned returns a worker that answers with its version and number.
func versioned(version string) string {
	return `
	const cluster = require('cluster');
	require('net').createServer((c) => { c.on('error', () => {}); c.end('` + version + `'); }).listen(0, '127.0.0.1');`
}

// ids returns the numbers of the living workers.
func (f *fixture) ids() (ids []int) {
	for _, w := range f.cluster.Workers() {
		ids = append(ids, w.ID())
	}
	return ids
}

//brood:checks W062
func TestReloadUnderLoadLosesAndRefusesNothing(t *testing.T) {
	for _, pinned := range []bool{false, true} {
		t.Run(fmt.Sprint("pinned ", pinned), func(t *testing.T) {
			f := newCluster(t, nodeOptions(t, versioned("one")))
			if pinned {
				_, err := f.cluster.Listen("tcp", "127.0.0.1:0")
				require.NoError(t, err)
			}
			f.fork(2)
			two, bad, mute := script(t, versioned("two")), script(t, `process.exit(7);`), script(t, `require('cluster');`)
			program := func(module string) *cluster.Program {
				o := nodeOptions(t, "")
				return &cluster.Program{ExecPath: o.ExecPath, Module: module}
			}
			var g *load
			steps := []func(done func(error)) error{
				func(done func(error)) error { return f.cluster.Reload(nil, done) },
				func(done func(error)) error {
					return f.cluster.Reload(&cluster.ReloadOptions{Batch: 2}, done)
				},
				func(done func(error)) error { return f.cluster.Upgrade(program(bad), nil, done) },
				func(done func(error)) error {
					return f.cluster.Upgrade(program(mute), &cluster.ReloadOptions{ReadyTimeout: 300 * time.Millisecond}, done)
				},
				func(done func(error)) error { return f.cluster.Upgrade(program(two), nil, done) },
				func(done func(error)) error { return f.cluster.Reload(nil, done) },
			}
			var results []error
			var step func(err error)
			step = func(err error) {
				results = append(results, err)
				if len(results) <= len(steps) {
					require.NoError(t, steps[len(results)-1](step))
					require.ErrorIs(t, f.cluster.Reload(nil, nil), cluster.ErrReloading)
					return
				}
				f.client(g.stop, f.disconnect)
			}
			f.when(f.saw("listening", 2), func() {
				g = startLoad(4, "tcp", local(f.ports[1]))
				step(nil)
			})
			f.run()
			require.Len(t, results, 7)
			for i, want := range []error{nil, nil, nil, cluster.ErrExited, cluster.ErrNotListening, nil, nil} {
				require.ErrorIs(t, results[i], want, "%d", i)
			}
			e, ok := errors.AsType[*cluster.ReloadError](results[3])
			require.True(t, ok)
			require.Equal(t, 7, e.Status.Code)
			require.Contains(t, e.Error(), "exited before it listened: exit status 7")
			require.NotZero(t, g.got["one"])
			require.NotZero(t, g.got["two"])
			require.Len(t, g.got, 2)
			require.Zero(t, f.count("error"))
			require.Equal(t, f.count("fork"), f.count("exit"))
		})
	}
}

//brood:checks W063
func TestAFailedReloadLeavesTheOldWorkersAndTheProgram(t *testing.T) {
	f := newCluster(t, nodeOptions(t, versioned("one")))
	f.fork(2)
	bad := script(t, `throw new Error('a bad version');`)
	o := nodeOptions(t, "")
	o.Fork = nil
	f.when(f.saw("listening", 2), func() {
		require.NoError(t, f.cluster.Upgrade(&cluster.Program{ExecPath: o.ExecPath, Module: bad}, nil, func(err error) {
			require.ErrorIs(t, err, cluster.ErrExited)
			require.Subset(t, f.ids(), []int{1, 2})
			require.False(t, f.cluster.Worker(1).ExitedAfterDisconnect())
			require.NoError(t, f.cluster.Reload(nil, func(err error) {
				require.NoError(t, err)
				require.Len(t, f.ids(), 2)
				f.asks(1, "tcp", local(f.ports[1]), func(answers []string) {
					require.Equal(t, []string{"one"}, answers)
					f.disconnect()
				})
			}))
		}))
	})
	f.run()
	// A program that replaces unexpected exits does not replace the workers of the bad version.
	require.Zero(t, f.count("exit 3 exit status 1 false")+f.count("exit 4 exit status 1 false"))
}

//brood:checks W067
func TestUpgradeToAnotherBinaryKeepsThePath(t *testing.T) {
	path := t.TempDir() + "/s"
	f := newCluster(t, nodeOptions(t, `
		require('net').createServer((c) => c.end('node')).listen(`+fmt.Sprintf("%q", path)+`);`))
	f.fork(1)
	f.when(f.saw("listening", 1), func() {
		g := startLoad(2, "unix", path)
		require.NoError(t, f.cluster.Upgrade(&cluster.Program{Self: "accept", Args: []string{"unix", path}}, nil, func(err error) {
			require.NoError(t, err)
			f.client(func() error {
				for {
					s, err := ask("unix", path)
					if err != nil || s == "2" {
						return errors.Join(err, g.stop())
					}
				}
			}, f.disconnect)
		}))
	})
	f.run()
	require.Equal(t, 2, f.count("exit"))
	_, err := net.Dial("unix", path)
	require.Error(t, err)
}

func TestAReloadDoesNotReplaceAWorkerThatDied(t *testing.T) {
	f := newCluster(t, nodeOptions(t, echo))
	f.fork(2)
	f.when(f.saw("listening", 2), func() {
		require.NoError(t, f.cluster.Reload(nil, func(err error) {
			require.NoError(t, err)
			require.Equal(t, []int{3}, f.ids())
			f.disconnect()
		}))
		_, err := f.cluster.Worker(2).Kill(syscall.SIGKILL)
		require.NoError(t, err)
	})
	f.run()
	require.Equal(t, 3, f.count("fork"), "%q", f.events)
}

// Ready workers of a batch may have connections already when another worker of it fails.
//
//brood:checks W063
func TestTheReadyWorkersOfABatchThatFailsAreDisconnected(t *testing.T) {
	f := newCluster(t, nodeOptions(t, `
		const cluster = require('cluster');
		process.on('message', () => process.exit(7));
		if (cluster.worker.id !== 4) require('net').createServer().listen(0, '127.0.0.1');`))
	f.fork(2)
	f.when(f.saw("listening", 2), func() {
		require.NoError(t, f.cluster.Reload(&cluster.ReloadOptions{Batch: 2}, func(err error) {
			e, ok := errors.AsType[*cluster.ReloadError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, 4, e.Worker.ID())
			require.ErrorIs(t, err, cluster.ErrExited)
		}))
	})
	f.when(f.saw("listening 3", 1), func() { require.NoError(t, f.cluster.Worker(4).Send("exit")) })
	f.when(f.saw("exit 3 exit status 0 true", 1), func() {
		require.Equal(t, []int{1, 2}, f.ids())
		f.disconnect()
	})
	f.run()
}

// While the loop is busy, the new worker listens in time: only the loop is late.
func TestABusyLoopDoesNotFailAReload(t *testing.T) {
	const timeout = 20 * time.Millisecond
	file := filepath.Join(t.TempDir(), "listens")
	o := &cluster.Options{Self: "raw", Args: []string{"hasty"}, DisconnectTimeout: 1, Fork: &childprocess.ForkOptions{}}
	o.Fork.Env = append(os.Environ(), "HASTY="+file)
	f := newCluster(t, o)
	f.fork(1)
	f.when(f.saw("listening 1", 1), func() {
		require.NoError(t, f.cluster.Reload(&cluster.ReloadOptions{ReadyTimeout: timeout}, func(err error) {
			require.NoError(t, err)
			f.disconnect()
		}))
	})
	f.when(f.saw("fork 2", 1), func() {
		start := time.Now()
		looptest.Eventually(t, "a second version began after the third time-out", func() bool {
			_, err := os.Stat(file + "2")
			return err == nil && time.Since(start) > 3*timeout
		})
	})
	f.run()
	require.Equal(t, 1, f.count("listening 2"), "%q", f.events)
}

func TestAReloadEndsWithTheCluster(t *testing.T) {
	f := newCluster(t, nodeOptions(t, versioned("one")))
	f.fork(1)
	mute := script(t, `require('cluster');`)
	o := nodeOptions(t, "")
	var got error
	f.when(f.saw("listening", 1), func() {
		require.NoError(t, f.cluster.Upgrade(&cluster.Program{ExecPath: o.ExecPath, Module: mute}, nil, func(err error) { got = err }))
	})
	f.when(f.saw("online 2", 1), f.disconnect)
	f.run()
	require.ErrorIs(t, got, cluster.ErrDisconnecting)
	require.Equal(t, 2, f.count("exit"))
}

func TestAReloadWithoutWorkersIsDone(t *testing.T) {
	f := newCluster(t, nodeOptions(t, ""))
	var results []error
	require.NoError(t, f.cluster.Reload(nil, func(err error) { results = append(results, err) }))
	require.Empty(t, results)
	f.run()
	require.Equal(t, []error{nil}, results)
}

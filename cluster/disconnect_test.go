package cluster_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/cluster"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/reactor"
)

// holding is a worker whose connections stay open until the client closes them.
const holding = `
	const cluster = require('cluster');
	const s = require('net').createServer((c) => { c.on('error', () => {}); c.write('' + cluster.worker.id); c.resume(); });
	s.listen(0, '127.0.0.1');
	cluster.worker.on('disconnect', () => {});
	process.on('message', () => cluster.worker.disconnect());`

// connectGreeted connects and waits for the worker's greeting.
func connectGreeted(port int, greeting string) (net.Conn, error) {
	conn, err := dial("tcp", local(port))
	if err != nil {
		return nil, err
	}
	p := make([]byte, 1)
	if _, err := io.ReadFull(conn, p); err != nil {
		return nil, err
	}
	if string(p) != greeting {
		return nil, errors.New("greeting " + string(p))
	}
	return conn, nil
}

//brood:checks W108
func TestADisconnectedWorkerWaitsForItsConnections(t *testing.T) {
	f := newCluster(t, nodeOptions(t, holding))
	f.fork(2)
	var conn net.Conn
	f.when(f.saw("listening", 2), func() {
		f.client(func() (err error) {
			conn, err = connectGreeted(f.ports[1], "1")
			return err
		}, func() {
			f.cluster.Worker(1).Disconnect()
			f.cluster.Worker(1).Disconnect()
			require.True(t, f.cluster.Worker(1).ExitedAfterDisconnect())
			var others []net.Conn
			f.client(func() error {
				for range 3 { // The other worker gets all of them.
					c, err := connectGreeted(f.ports[1], "2")
					if err != nil {
						return err
					}
					others = append(others, c)
				}
				return nil
			}, func() {
				require.Zero(t, f.count("exit"), "it waits")
				require.Equal(t, cluster.StateListening, f.cluster.Worker(1).State())
				for _, c := range append(others, conn) {
					require.NoError(t, c.Close())
				}
			})
		})
	})
	f.when(f.saw("exit 1 exit status 0 true", 1), f.disconnect)
	f.run()
	require.Equal(t, []string{"fork", "online", "listening", "disconnect", "exit exit status 0 true"}, f.eventsOf(1))
}

//brood:checks W108
func TestDisconnectTimeoutKills(t *testing.T) {
	o := nodeOptions(t, holding)
	o.DisconnectTimeout = 50 * time.Millisecond
	f := newCluster(t, o)
	f.fork(1)
	f.when(f.saw("listening", 1), func() {
		f.client(func() error {
			conn, err := connectGreeted(f.ports[1], "1")
			if err != nil {
				return err
			}
			// The loop is not closed before the client.
			_ = f.loop.Post(f.disconnect)
			_, _ = io.ReadAll(conn) // It returns when the worker dies.
			return conn.Close()
		}, nil)
	})
	f.run()
	require.Equal(t, 1, f.count("exit 1 signal: SIGKILL true"))
}

//brood:checks W109
func TestAWorkerThatDisconnectsByItselfGetsAReply(t *testing.T) {
	eachModeOptions(t, holding, func(t *testing.T, o *cluster.Options) {
		f := newCluster(t, o)
		f.fork(1)
		f.when(f.saw("listening", 1), func() { require.NoError(t, f.cluster.Worker(1).Send("leave")) })
		f.run()
		require.Equal(t, []string{"fork 1", "online 1", "listening 1", "disconnect 1", "exit 1 exit status 0 true"}, f.events)
	})
}

//brood:checks W110
func TestAWorkerWhoseChannelClosesExitsAtOnce(t *testing.T) {
	f := newCluster(t, nodeOptions(t, holding))
	f.fork(1)
	f.when(f.saw("listening", 1), func() {
		f.client(func() error {
			conn, err := connectGreeted(f.ports[1], "1")
			if err != nil {
				return err
			}
			// The loop must not be closed before the client.
			_ = f.loop.Post(func() { f.cluster.Worker(1).Process().Disconnect() })
			_, _ = io.ReadAll(conn) // It is cut.
			return conn.Close()
		}, nil)
	})
	f.run()
	require.Equal(t, []string{"fork 1", "online 1", "listening 1", "disconnect 1", "exit 1 exit status 0 false"}, f.events)
}

func TestTheUsersMessagesAndAFollowingFork(t *testing.T) {
	f := newCluster(t, nodeOptions(t, `
		process.on('message', (m) => process.send({ got: m, extra: process.env.EXTRA, id: require('cluster').worker.id, arg: process.argv[2] }));
		process.send('up');`))
	_, err := f.cluster.Fork([]string{"EXTRA=1"})
	require.NoError(t, err)
	f.when(f.saw("message 1 up", 1), func() { require.NoError(t, f.cluster.Worker(1).Send("hi")) })
	f.when(f.saw("message 1 map", 1), func() {
		f.cluster.Disconnect(func() {
			require.Empty(t, f.cluster.Workers())
			f.fork(1)
			f.when(f.saw("message 2 up", 1), func() {
				f.disconnect()
				_, err := f.cluster.Fork(nil)
				require.ErrorIs(t, err, cluster.ErrDisconnecting)
				require.ErrorIs(t, f.cluster.Reload(nil, nil), cluster.ErrDisconnecting)
				_, err = f.cluster.Listen("tcp", "127.0.0.1:0")
				require.ErrorIs(t, err, cluster.ErrDisconnecting)
			})
		})
	})
	f.run()
	require.Contains(t, f.events, "message 1 map[extra:1 got:hi id:1]")
	require.Equal(t, 2, f.count("exit"))
}

func TestDisconnectWithoutWorkersIsDoneAtOnce(t *testing.T) {
	f := newCluster(t, nodeOptions(t, ""))
	done := 0
	f.cluster.Disconnect(func() { done++ })
	f.cluster.Disconnect(func() { done++ })
	require.Zero(t, done, "never inside the call")
	f.run()
	require.Equal(t, 2, done)
}

func TestKillEndsAllAtOnce(t *testing.T) {
	f := newCluster(t, nodeOptions(t, holding))
	f.fork(2)
	f.when(f.saw("listening", 2), func() {
		f.stop(1)
		f.cluster.Kill()
	})
	f.run()
	require.Equal(t, 2, f.count("disconnect"))
	require.Equal(t, 2, f.count("exit"))
}

// Connections that were accepted are answered, although their workers are disconnected afterwards.
func TestAcceptedConnectionsAreAnsweredBeforeADisconnect(t *testing.T) {
	f := newCluster(t, nodeOptions(t, echo))
	f.fork(1)
	f.when(f.saw("listening", 1), func() {
		f.stop(1)
		conns := f.connect(5, f.ports[1])
		f.turns(20, func() {
			f.disconnect()
			_, err := f.cluster.Worker(1).Kill(syscall.SIGCONT)
			require.NoError(t, err)
			f.client(func() error {
				for _, c := range conns {
					s, err := answer(c)
					if err != nil {
						return err
					}
					if s != "1" {
						return errors.New("answer " + s)
					}
				}
				return nil
			}, nil)
		})
	})
	f.run()
	require.Equal(t, 1, f.count("exit 1 exit status 0 true"))
}

// There is a worker, but it does not listen there.
func TestDisconnectDoesNotWaitForConnectionsThatNoWorkerCanTake(t *testing.T) {
	o := nodeOptions(t, `if (require('cluster').worker.id === 1) require('net').createServer().listen(0, '127.0.0.1');`)
	o.DisconnectTimeout = -1
	f := newCluster(t, o)
	f.fork(2)
	f.when(func() bool { return f.count("listening 1")+f.count("online 2") == 2 }, func() {
		f.stop(1)
		conn := f.connect(1, f.ports[1])[0]
		f.client(func() error {
			s, err := answer(conn)
			if s != "" {
				return fmt.Errorf("answer %q", s)
			}
			_ = err // A reset or the end of the file.
			return nil
		}, nil)
		f.turns(50, func() {
			_, err := f.cluster.Worker(1).Kill(syscall.SIGKILL)
			require.NoError(t, err)
		})
	})
	f.when(f.saw("exit 1", 1), f.disconnect)
	f.run()
}

func TestDisconnectAcceptsTheConnectionsInTheBacklog(t *testing.T) {
	for _, pick := range []func(*cluster.Incoming) *cluster.Worker{nil, byPort} {
		o := nodeOptions(t, echo)
		o.Pick = pick
		f := newCluster(t, o)
		f.fork(2)
		f.when(f.saw("listening", 2), func() {
			conns := f.connect(20, f.ports[1])
			f.disconnect() // The loop has not turned since.
			f.client(func() error {
				for _, c := range conns {
					if s, err := answer(c); err != nil || s == "" {
						return errors.Join(err, errors.New("answer "+s))
					}
				}
				return nil
			}, nil)
		})
		f.run()
		require.Equal(t, 2, countWith(f.events, "exit", "exit status 0 true"))
	}
}

func TestAWorkerThatHasJustStartedIsDisconnectedToo(t *testing.T) {
	f := newCluster(t, nodeOptions(t, echo))
	f.fork(2)
	f.disconnect()
	f.run()
	require.Equal(t, 2, f.count("exit"))
	require.Equal(t, 2, f.count("disconnect"))
}

func init() {
	// stays announces its disconnect, and stays.
	rawWorkers["stays"] = func(r *raw) { r.send(object{"act": "exitedAfterDisconnect"}) }
}

//brood:checks W109
func TestAWorkerThatAnnouncesItsDisconnectAndStaysIsKilled(t *testing.T) {
	f := newCluster(t, &cluster.Options{Self: "raw", Args: []string{"stays"}, DisconnectTimeout: 50 * time.Millisecond})
	f.fork(1)
	f.run()
	require.Equal(t, []string{"fork", "online", "disconnect", "exit signal: SIGKILL true"}, f.eventsOf(1))
}

// The channel closes with the worker, even if another process has the worker's end.
func TestAProcessThatAWorkerLeavesBehindIsNoWorker(t *testing.T) {
	o := nodeOptions(t, `
		const c = require('child_process').spawn('sleep', ['1000'], { stdio: ['ignore', 'ignore', 'ignore', 3], detached: true });
		process.send(c.pid, () => process.exit(0));`)
	o.DisconnectTimeout = -1
	f := newCluster(t, o)
	f.fork(1)
	f.run()
	require.Len(t, f.events, 5, "%q", f.events)
	require.Equal(t, []string{"disconnect 1", "exit 1 exit status 0 false"}, f.events[3:])
	var pid int
	_, err := fmt.Sscanf(f.events[2], "message 1 %d", &pid)
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
}

func TestCallsOnAClosedLoop(t *testing.T) {
	l := looptest.New(t)
	o := nodeOptions(t, echo)
	c, err := cluster.New(l, o)
	require.NoError(t, err)
	_, err = c.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	_, err = c.Listen("tcp", "127.0.0.1:0")
	require.ErrorIs(t, err, reactor.ErrClosed)
	_, err = c.Fork(nil)
	require.ErrorIs(t, err, reactor.ErrClosed)
	require.ErrorIs(t, c.Reload(nil, nil), reactor.ErrClosed)
	require.ErrorIs(t, c.Upgrade(&cluster.Program{Module: "x"}, nil, nil), reactor.ErrClosed)
	_, err = cluster.New(l, o)
	require.ErrorIs(t, err, reactor.ErrClosed)
	c.Disconnect(nil)
	c.Kill()
}

func TestClosingTheLoopLeavesNothingOpen(t *testing.T) {
	before := listening()
	f := newCluster(t, nodeOptions(t, echo))
	_, err := f.cluster.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f.fork(2)
	var pids []int
	f.when(f.saw("listening", 2), func() {
		for _, w := range f.cluster.Workers() {
			pids = append(pids, w.Process().Pid())
		}
		f.stop(1)
		conns := f.connect(3, f.ports[1])
		f.turns(20, func() {
			for _, c := range conns {
				require.NoError(t, c.Close())
			}
			f.loop.Stop()
		})
	})
	require.NoError(t, f.loop.Run())
	require.NoError(t, f.loop.Close())
	require.Equal(t, before, listening())
	require.NoError(t, syscall.Kill(pids[0], syscall.SIGCONT))
	deadline := time.Now().Add(looptest.HangLimit())
	for _, pid := range pids { // They exit when their channel closes.
		for syscall.Kill(pid, 0) == nil {
			require.True(t, time.Now().Before(deadline))
			time.Sleep(time.Millisecond) // There is no event: the loop is closed.
		}
	}
	_, err = f.cluster.Fork(nil)
	require.Error(t, err)
	f.cluster.Disconnect(nil)
	f.cluster.Kill()
	require.Error(t, f.cluster.Reload(nil, nil))
}

package cluster_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/cluster"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// raw is a worker that speaks the protocol by hand, and reports to the primary what it receives.
type raw struct {
	loop   *reactor.Loop
	parent *ipc.Channel
	seq    int
}

type object = map[string]any

func (r *raw) send(v object) {
	v["cmd"], v["seq"] = "NODE_CLUSTER", r.seq
	r.seq++
	must(r.parent.SendInternal(v, nil))
}

func (r *raw) query(port int) {
	r.send(object{"act": "queryServer", "index": 0, "data": nil, "address": "127.0.0.1", "port": port, "addressType": 4, "flags": 0, "backlog": 0})
}

// rawWorker runs the raw worker that its argument names.
func rawWorker(l *reactor.Loop, parent *ipc.Channel, args []string) error {
	r := &raw{loop: l, parent: parent}
	r.send(object{"act": "online"})
	parent.OnDisconnect(func() {})
	rawWorkers[args[0]](r)
	return nil
}

// onAct calls fn with each message of the primary.
func (r *raw) onAct(fn func(act string, in object, h *ipc.Handle)) {
	r.parent.OnInternal("NODE_CLUSTER", func(m *ipc.Message) {
		var in object
		must(m.Decode(&in))
		act, _ := in["act"].(string)
		fn(act, in, m.Handle())
	})
}

// rawWorkers are the raw workers, by name.
var rawWorkers = map[string]func(r *raw){
	// slow reports each connection, and accepts it when the primary sends a message.
	"slow": func(r *raw) {
		var conn *ipc.Handle
		var seq any
		r.onAct(func(act string, in object, h *ipc.Handle) {
			switch {
			case act == "newconn":
				must(r.parent.Send("newconn " + h.Type() + " " + fmt.Sprint(in["key"] != nil)))
				conn, seq = h, in["seq"]
			case in["ack"] != nil:
				r.send(object{"act": "listening", "address": "127.0.0.1", "port": in["sockname"].(object)["port"], "addressType": 4})
			}
		})
		r.parent.OnMessage(func(*ipc.Message) {
			r.send(object{"ack": seq, "accepted": true})
			must(conn.Close())
		})
		r.query(0)
	},

	// refuse refuses each connection, and reports how many it was offered.
	"refuse": func(r *raw) {
		asked := 0
		r.onAct(func(act string, in object, h *ipc.Handle) {
			switch {
			case act == "newconn":
				asked++
				must(h.Close())
				r.send(object{"ack": in["seq"], "accepted": false})
			case in["ack"] != nil:
				r.send(object{"act": "listening", "address": "127.0.0.1", "port": in["sockname"].(object)["port"], "addressType": 4})
			}
		})
		r.parent.OnMessage(func(*ipc.Message) { must(r.parent.Send(fmt.Sprint("asked ", asked))) })
		r.query(0)
	},
}

// sockets returns the number of connections that this process has on the server's side of a port.
// Several descriptors of one connection count once.
func sockets(t testing.TB, port int) int {
	t.Helper()
	peers := map[int]bool{}
	for fd := range leakcheck.FDs() {
		a, err := unix.Getsockname(fd)
		if err != nil {
			continue
		}
		peer, err := unix.Getpeername(fd)
		if err != nil {
			continue
		}
		if a, ok := a.(*unix.SockaddrInet4); ok && a.Port == port {
			peers[peer.(*unix.SockaddrInet4).Port] = true
		}
	}
	return len(peers)
}

// turns calls then after n turns of the loop, which do not sleep.
func (f *fixture) turns(n int, then func()) {
	if n == 0 {
		then()
		return
	}
	f.loop.SetImmediate(func() { f.turns(n-1, then) })
}

func (f *fixture) connect(n, port int) (conns []net.Conn) {
	f.t.Helper()
	for range n {
		conn, err := dial("tcp", local(port))
		require.NoError(f.t, err)
		conns = append(conns, conn)
	}
	return conns
}

//brood:checks W104
func TestAWorkerIsAssignedOneConnectionAndThePrimaryKeepsItUntilItIsAccepted(t *testing.T) {
	f := newCluster(t, &cluster.Options{Self: "raw", Args: []string{"slow"}})
	f.fork(1)
	f.when(f.saw("listening", 1), func() {
		conns := f.connect(2, f.ports[1])
		t.Cleanup(func() {
			for _, c := range conns {
				_ = c.Close() // The worker has its own descriptor.
			}
		})
	})
	w := f.cluster.Worker(1)
	f.when(f.saw("message 1 newconn net.Native true", 1), func() {
		f.turns(20, func() {
			require.Equal(t, 1, f.count("message"))
			require.Equal(t, 1, sockets(t, f.ports[1]), "it is here, and the other one waits in the backlog")
			require.Zero(t, w.Served())
			require.NoError(t, w.Send("accept"))
		})
	})
	f.when(f.saw("message 1 newconn net.Native true", 2), func() {
		require.Equal(t, 1, sockets(t, f.ports[1]), "the worker has the first, and this is the second")
		require.Equal(t, 1, w.Served())
		require.NoError(t, w.Send("accept"))
	})
	f.when(func() bool { return f.count("message") == 2 }, func() {
		var look func()
		look = func() {
			if w.Served() < 2 {
				f.loop.SetImmediate(look)
				return
			}
			require.Zero(t, sockets(t, f.ports[1]))
			_, err := w.Kill(syscall.SIGKILL)
			require.NoError(t, err)
		}
		look()
	})
	f.run()
}

//brood:checks W105
func TestAWorkerThatRefusesIsPassedOver(t *testing.T) {
	// The first worker has as many connections as it wants.
	f := newCluster(t, nodeOptions(t, `
		const cluster = require('cluster');
		const s = require('net').createServer((c) => { c.on('error', () => {}); c.write('' + cluster.worker.id); });
		if (cluster.worker.id === 1) s.maxConnections = 1;
		s.listen(0, '127.0.0.1');`))
	f.fork(2)
	f.when(f.saw("listening", 2), func() {
		f.client(func() error {
			var conns []net.Conn
			var got strings.Builder
			for range 5 {
				conn, err := dial("tcp", local(f.ports[1]))
				if err != nil {
					return err
				}
				conns = append(conns, conn)
				p := make([]byte, 1)
				if _, err := conn.Read(p); err != nil {
					return err
				}
				got.WriteString(string(p))
			}
			for _, c := range conns {
				_ = c.Close() // The server closes them too.
			}
			if got.String() != "12222" {
				return errors.New(got.String())
			}
			return nil
		}, f.disconnect)
	})
	f.run()
	require.Equal(t, 2, f.count("exit"))
}

func cpu(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Node's primary asks again at once, which takes half a processor.
//
//brood:checks W105
func TestWhenAllRefuseTheConnectionWaitsAndThePrimaryDoesNotSpin(t *testing.T) {
	f := newCluster(t, &cluster.Options{Self: "raw", Args: []string{"refuse"}, DisconnectTimeout: time.Millisecond})
	f.fork(1)
	const window = time.Second
	asked := 0
	var begin time.Time
	var took time.Duration
	f.when(f.saw("listening", 1), func() {
		conn := f.connect(1, f.ports[1])[0]
		begin = time.Now()
		before := cpu(t)
		f.loop.SetTimeout(window, func() {
			used := cpu(t) - before
			require.Less(t, used, window/5)
			require.NoError(t, conn.Close())
			require.NoError(t, f.cluster.Worker(1).Send("how often"))
		})
	})
	f.when(f.saw("message 1 asked", 1), func() {
		took = time.Since(begin)
		_, err := fmt.Sscanf(f.events[len(f.events)-1], "message 1 asked %d", &asked)
		require.NoError(t, err)
		f.disconnect()
	})
	f.run()
	require.GreaterOrEqual(t, asked, 2)
	require.LessOrEqual(t, asked, 10+int(took/(100*time.Millisecond)))
}

//brood:checks W105
func TestAWorkerThatWasFullIsAskedAgain(t *testing.T) {
	f := newCluster(t, nodeOptions(t, `
		const s = require('net').createServer((c) => { c.on('error', () => {}); c.write('x'); });
		s.maxConnections = 1;
		s.listen(0, '127.0.0.1');`))
	f.fork(1)
	f.when(f.saw("listening", 1), func() {
		f.client(func() error {
			p := make([]byte, 1)
			first, err := dial("tcp", local(f.ports[1]))
			if err != nil {
				return err
			}
			if _, err := first.Read(p); err != nil {
				return err
			}
			second, err := dial("tcp", local(f.ports[1]))
			if err != nil {
				return err
			}
			if err := first.Close(); err != nil {
				return err
			}
			_, err = second.Read(p)
			return errors.Join(err, second.Close())
		}, f.disconnect)
	})
	f.run()
	require.Equal(t, 1, f.count("exit"))
}

// stop stops a worker's process (SIGSTOP), as if it hung, and waits until it stands still.
func (f *fixture) stop(id int) {
	f.t.Helper()
	_, err := f.cluster.Worker(id).Kill(syscall.SIGSTOP)
	require.NoError(f.t, err)
}

//brood:checks W106
func TestAConnectionThatADyingWorkerHasNotAcceptedGoesToAnother(t *testing.T) {
	for _, self := range []bool{false, true} {
		t.Run(fmt.Sprint("go ", self), func(t *testing.T) {
			o := &cluster.Options{Self: "accept", Args: []string{"tcp", "127.0.0.1:0"}}
			if !self {
				o = nodeOptions(t, echo)
			}
			f := newCluster(t, o)
			f.fork(2)
			f.when(f.saw("listening", 2), func() {
				f.asks(2, "tcp", local(f.ports[1]), func(answers []string) {
					require.Equal(t, []string{"1", "2"}, answers)
					f.stop(1)
					conn := f.connect(1, f.ports[1])[0] // It is the first worker's turn.
					f.asks(2, "tcp", local(f.ports[1]), func(answers []string) {
						require.Equal(t, []string{"2", "2"}, answers)
						f.client(func() error {
							s, err := answer(conn)
							if s != "2" {
								err = errors.Join(err, errors.New(s))
							}
							return err
						}, f.disconnect)
						_, err := f.cluster.Worker(1).Kill(syscall.SIGKILL)
						require.NoError(t, err)
					})
				})
			})
			f.run()
			require.Equal(t, 1, f.count("exit 1 signal: SIGKILL false"))
			require.Equal(t, 1, f.count("exit 2 exit status 0 true"))
		})
	}
}

//brood:checks W107
func TestConnectionsAcceptedForStoppedWorkersAreBoundedAndOtherWorkersGoOn(t *testing.T) {
	const most, clients = 4, 20
	for name, row := range map[string]struct {
		pick func(*cluster.Incoming) *cluster.Worker
		want int
	}{
		"turns": {nil, 2},
		"Pick":  {func(*cluster.Incoming) *cluster.Worker { return nil }, most},
	} {
		t.Run(name, func(t *testing.T) {
			o := nodeOptions(t, echo)
			o.MaxPending, o.Pick = most, row.pick
			f := newCluster(t, o)
			f.fork(2)
			f.when(f.saw("listening", 2), func() {
				f.stop(1)
				// The first connection hangs in the first worker; later ones do not.
				hanging := f.connect(1, f.ports[1])
				f.asks(clients, "tcp", local(f.ports[1]), func(answers []string) {
					for _, s := range answers {
						require.Equal(t, "2", s)
					}
					f.stop(2)
					hanging = append(hanging, f.connect(clients, f.ports[1])...)
					f.turns(50, func() {
						require.Equal(t, row.want, sockets(t, f.ports[1]), "accepted")
						f.cont(hanging)
					})
				})
			})
			f.run()
			require.Equal(t, 2, f.count("exit"))
		})
	}
}

// cont continues all stopped workers, and disconnects the cluster when they have answered.
func (f *fixture) cont(conns []net.Conn) {
	f.t.Helper()
	for _, w := range f.cluster.Workers() {
		_, err := w.Kill(syscall.SIGCONT)
		require.NoError(f.t, err)
	}
	f.client(func() error {
		var wait sync.WaitGroup
		errs := make([]error, len(conns))
		for i, c := range conns {
			wait.Go(func() {
				s, err := answer(c)
				if s != "1" && s != "2" {
					err = errors.Join(err, errors.New(s))
				}
				errs[i] = err
			})
		}
		wait.Wait()
		return errors.Join(errs...)
	}, f.disconnect)
}

// A worker's servers take turns, even if one of them is busy.
func TestABusyServerDoesNotStarveTheOthersOfItsWorker(t *testing.T) {
	f := newCluster(t, nodeOptions(t, `
		const net = require('net');
		for (const name of ['a', 'b']) {
			const s = net.createServer((c) => { c.on('error', () => {}); c.end(name); });
			s.listen(0, '127.0.0.1', () => process.send(name + ' ' + s.address().port));
		}`))
	f.fork(1)
	ports := map[string]int{}
	f.when(f.saw("message", 2), func() {
		for _, e := range f.events {
			var name string
			var port int
			if n, _ := fmt.Sscanf(e, "message 1 %s %d", &name, &port); n == 2 {
				ports[name] = port
			}
		}
		loads := []*load{startLoad(8, "tcp", local(ports["a"])), startLoad(8, "tcp", local(ports["b"]))}
		f.later(func() bool { return loads[0].asked.Load() > 200 && loads[1].asked.Load() > 200 }, func() {
			a, b := loads[0].asked.Load(), loads[1].asked.Load()
			require.Less(t, max(a, b), 4*min(a, b))
			f.client(func() error { return errors.Join(loads[0].stop(), loads[1].stop()) }, f.disconnect)
		})
	})
	f.run()
}

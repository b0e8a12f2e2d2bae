package cluster_test

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/cluster"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
)

// queryWith returns a query in which some members are replaced.
func queryWith(members object) object {
	q := object{"act": "queryServer", "index": 0, "data": nil, "address": "127.0.0.1", "port": 0, "addressType": 4, "flags": 0, "backlog": 0}
	maps.Copy(q, members)
	return q
}

// nonsense returns messages that no worker sends.
func nonsense() []object {
	long := strings.Repeat("x", 1<<20)
	all := []object{
		{}, {"act": nil}, {"act": 1}, {"act": []any{"online"}}, {"act": object{}}, {"act": "nothing"}, {"act": long}, {"act": "newconn"}, {"act": "disconnect"},
		{"act": "online"}, {"act": "online"},
		{"act": "close"}, {"act": "close", "key": 1}, {"act": "close", "key": "unknown"}, {"act": "close", "key": long}, {"act": "close", "key": nil},
		{"act": "listening", "address": 1, "port": "x", "addressType": object{}, "fd": long},
		{"accepted": true}, {"ack": nil, "accepted": true}, {"ack": object{}}, {"ack": "0", "accepted": "yes"}, {"ack": math.MaxFloat64}, {"ack": -1},
		queryWith(object{"index": "x"}), queryWith(object{"index": -1}), queryWith(object{"index": 1e300}), queryWith(object{"index": nil}),
		queryWith(object{"address": long}), queryWith(object{"address": 7}), queryWith(object{"address": "localhost"}), queryWith(object{"address": strings.Repeat("1", 5000)}),
		queryWith(object{"port": -2}), queryWith(object{"port": 65536}), queryWith(object{"port": 1.5}), queryWith(object{"port": object{}}), queryWith(object{"port": "x"}),
		queryWith(object{"addressType": object{}}), queryWith(object{"addressType": "udp4", "address": "::1"}), queryWith(object{"addressType": "udp6", "port": -1}),
		queryWith(object{"fd": 0}), queryWith(object{"fd": 1 << 40}), queryWith(object{"fd": "3"}),
		queryWith(object{"port": -1, "address": "relative"}), queryWith(object{"port": -1, "address": nil}), queryWith(object{"port": -1, "address": "/\x00"}),
		queryWith(object{"port": -1, "address": "/proc/nowhere/s"}), queryWith(object{"backlog": -5, "index": 1}), queryWith(object{"backlog": 1 << 50, "index": 2}),
		queryWith(object{"flags": long}), queryWith(object{"data": long, "index": 3}), queryWith(object{"data": []any{object{"a": []any{}}}, "index": 4}),
	}
	for seq := range 100 { // Some may hit a message that is on its way.
		all = append(all, object{"ack": seq, "accepted": true}, object{"ack": seq})
	}
	return all
}

func init() {
	// hostile sends nonsense, with and without a handle, then asks for new listeners all the time,
	// and reads all answers.
	rawWorkers["hostile"] = func(r *raw) {
		answers, failed := 0, 0
		const keys = 10_000
		r.onAct(func(_ string, in object, _ *ipc.Handle) {
			if in["ack"] == nil {
				return
			}
			answers++
			if n, ok := number(in["errno"]); ok && n < 0 {
				failed++
			}
			if n, ok := number(in["ack"]); ok && n == float64(r.seq-1) {
				must(r.parent.Send(fmt.Sprint("answers ", answers, " failed ", failed)))
			}
		})
		a, b, err := socketPair()
		must(err)
		for _, v := range nonsense() {
			r.send(v)
			v["cmd"] = "NODE_CLUSTER"
			must(r.parent.SendInternal(v, &ipc.SendOptions{Handle: ipc.Native(a)}))
		}
		for i := range keys {
			r.send(queryWith(object{"index": 10 + i}))
		}
		r.send(queryWith(object{"index": 10})) // It has that listener.
		unixClose(a, b)
	}

	// deaf asks and does not read.
	rawWorkers["deaf"] = func(r *raw) {
		r.parent.Pause()
		for i := range 100_000 {
			if r.parent.SendInternal(object{"cmd": "NODE_CLUSTER", "act": "queryServer", "seq": i, "index": i % 3, "address": "x", "port": 1}, nil) != nil {
				return
			}
		}
	}

	// eager accepts all connections that may come, and never receives one.
	rawWorkers["eager"] = func(r *raw) {
		r.onAct(func(_ string, in object, _ *ipc.Handle) {
			if in["ack"] == nil {
				return
			}
			r.send(object{"act": "listening", "port": in["sockname"].(object)["port"]})
			r.parent.Pause()
			var again func()
			again = func() {
				if !r.parent.NeedDrain() {
					for seq := range 20 {
						r.send(object{"ack": seq, "accepted": true})
					}
				}
				r.loop.SetTimeout(1e6, again)
			}
			again()
		})
		r.query(0)
	}

	// vanish closes its channel when it gets a connection, and does not exit.
	rawWorkers["vanish"] = func(r *raw) {
		r.onAct(func(act string, in object, h *ipc.Handle) {
			if act == "newconn" {
				r.parent.Destroy()
				return
			}
			if in["ack"] != nil {
				r.send(object{"act": "listening", "port": in["sockname"].(object)["port"]})
			}
		})
		r.loop.SetTimeout(1e12, func() {})
		r.query(0)
	}
}

func init() {
	// twice asks twice with one key, reports the answers, and accepts.
	rawWorkers["twice"] = func(r *raw) {
		r.onAct(func(act string, in object, h *ipc.Handle) {
			switch {
			case act == "newconn":
				r.send(object{"ack": in["seq"], "accepted": true})
				conn, err := h.Conn()
				must(err)
				_, err = conn.Write([]byte("first"))
				must(err)
				must(conn.Close())
			case in["sockname"] != nil:
				r.send(object{"act": "listening", "port": in["sockname"].(object)["port"]})
			default:
				must(r.parent.Send(fmt.Sprint(in["errno"], " ", in["key"])))
			}
		})
		r.query(0)
		r.query(0)
	}

	// big sends a query above the limit.
	rawWorkers["big"] = func(r *raw) {
		r.onAct(func(act string, in object, _ *ipc.Handle) {
			if act == "" {
				must(r.parent.Send(fmt.Sprint(in["errno"])))
			}
		})
		r.send(queryWith(object{"data": strings.Repeat("x", 64<<10)}))
		r.send(queryWith(object{"data": strings.Repeat("x", 63<<10)}))
	}

	// hasty is online and listens at once. It also reports that by a file.
	rawWorkers["hasty"] = func(r *raw) {
		r.send(object{"act": "listening"})
		must(os.WriteFile(os.Getenv("HASTY")+os.Getenv("NODE_UNIQUE_ID"), nil, 0o600))
	}
}

// Node's primary would send a second reply with the same key, which makes the worker crash.
//
//brood:checks W103
func TestTheSecondServerWithOneKeyIsRefusedAndTheFirstStays(t *testing.T) {
	f := newCluster(t, &cluster.Options{Self: "raw", Args: []string{"twice"}, DisconnectTimeout: 1})
	f.fork(1)
	f.when(func() bool { return f.count("listening 1")+f.count("message 1") == 2 }, func() {
		require.Equal(t, 1, f.count(fmt.Sprintf("message 1 %d 127.0.0.1:0:4:-1:0", -int(unix.EADDRINUSE))), "%q", f.events)
		f.asks(2, "tcp", local(f.ports[1]), func(answers []string) {
			require.Equal(t, []string{"first", "first"}, answers)
			f.disconnect()
		})
	})
	f.run()
}

func TestAQueryIsBounded(t *testing.T) {
	f := newCluster(t, &cluster.Options{Self: "raw", Args: []string{"big"}, DisconnectTimeout: 1})
	f.fork(1)
	f.when(f.saw("message 1", 2), f.disconnect)
	f.run()
	require.Equal(t, 1, f.count(fmt.Sprintf("message 1 %d", -int(unix.E2BIG))), "%q", f.events)
	require.Equal(t, 1, f.count("message 1 <nil>"), "%q", f.events)
}

// A program may have many servers. A Node program asks for all of them before it reads an answer,
// and here the answers are errors.
func TestAWorkerMayAskForAsManyServersAsItMayHave(t *testing.T) {
	const n = 4000
	o := nodeOptions(t, fmt.Sprintf(`
		let left = %d;
		const answered = () => { if (--left === 0) process.send('all'); };
		for (let i = left; i > 0; i--) require('net').createServer().on('error', answered).listen('/dev/null/' + i);`, n))
	o.MaxListeners = n
	f := newCluster(t, o)
	f.fork(1)
	f.when(f.saw("message 1 all", 1), f.disconnect)
	f.run()
	require.Equal(t, 1, f.count("exit 1 exit status 0 true"))
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	}
	return 0, false
}

func socketPair() (a, b int, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	return fds[0], fds[1], err
}

func unixClose(fds ...int) {
	for _, fd := range fds {
		must(unix.Close(fd))
	}
}

// listening returns the number of sockets of this process that listen.
func listening() (n int) {
	for fd := range leakcheck.FDs() {
		if v, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err == nil && v != 0 {
			n++
		}
	}
	return n
}

func heap() uint64 {
	runtime.GC()
	runtime.GC() // It frees objects whose finalizers the first one queued.
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestAHostileWorkerHurtsNobody(t *testing.T) {
	eachMode(t, func(t *testing.T, fork *childprocess.ForkOptions) {
		const most = 8
		before, memory := listening(), heap()
		f := newCluster(t, &cluster.Options{Self: "raw", Args: []string{"hostile"}, Fork: fork, MaxListeners: most, DisconnectTimeout: 1})
		f.fork(1)
		f.when(f.saw("message", 1), func() {
			require.LessOrEqual(t, listening()-before, most)
			require.Less(t, heap(), memory+32<<20)
			require.True(t, f.cluster.Worker(1).Connected())
			var answers, failed int
			_, err := fmt.Sscanf(f.events[len(f.events)-1], "message 1 answers %d failed %d", &answers, &failed)
			require.NoError(t, err)
			require.Greater(t, answers, 10_000)
			require.Greater(t, failed, 9_900)
			f.disconnect()
		})
		f.run()
		require.Equal(t, before, listening())
		require.Equal(t, 1, f.count("exit"))
	})
}

func TestAWorkerThatAsksAndDoesNotReadIsKilled(t *testing.T) {
	memory := heap()
	f := newCluster(t, &cluster.Options{Self: "raw", Args: []string{"deaf"}})
	var got error
	f.cluster.OnError(func(err error) {
		if errors.Is(err, cluster.ErrFlood) {
			got = err
			require.Less(t, heap(), memory+32<<20)
		}
	})
	f.fork(1)
	f.run()
	e, ok := errors.AsType[*cluster.WorkerError](got)
	require.True(t, ok, "%v", f.events)
	require.Equal(t, 1, e.Worker.ID())
	require.Equal(t, 1, f.count("exit 1 signal: SIGKILL false"))
}

func TestAWorkerThatAnswersBeforeItIsAskedHasNotAccepted(t *testing.T) {
	f := newCluster(t, &cluster.Options{Self: "raw", Args: []string{"eager"}})
	f.fork(1)
	f.when(f.saw("listening 1", 1), func() {
		conns := f.connect(5, f.ports[1])
		f.turns(50, func() {
			// Some replies may come before, or none: they must have no effect.
			f.loop.SetTimeout(20e6, func() {
				require.Zero(t, f.cluster.Worker(1).Served())
				require.Equal(t, 1, sockets(t, f.ports[1]))
				for _, c := range conns {
					require.NoError(t, c.Close())
				}
				_, err := f.cluster.Worker(1).Kill(syscall.SIGKILL)
				require.NoError(t, err)
			})
		})
	})
	f.when(f.saw("exit 1", 1), f.disconnect)
	f.run()
}

//brood:checks W106
func TestAWorkerWhoseChannelEndsIsKilledAndItsConnectionGoesToAnother(t *testing.T) {
	f := newCluster(t, &cluster.Options{Self: "raw", Args: []string{"vanish"}, DisconnectTimeout: 50e6})
	f.fork(1)
	var conn net.Conn
	f.when(f.saw("listening 1", 1), func() { conn = f.connect(1, f.ports[1])[0] })
	f.when(f.saw("exit 1 signal: SIGKILL false", 1), func() {
		require.NoError(t, f.cluster.Upgrade(&cluster.Program{Self: "accept", Args: []string{"tcp", "127.0.0.1:0"}}, nil, func(err error) {
			require.NoError(t, err)
			f.fork(1)
			f.client(func() error {
				if s, err := answer(conn); err != nil || s != "2" {
					return errors.Join(err, fmt.Errorf("answer %q", s))
				}
				return nil
			}, f.disconnect)
		}))
	})
	f.run()
}

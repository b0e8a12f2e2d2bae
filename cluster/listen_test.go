package cluster_test

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/cluster"
	"github.com/brood-go/brood/internal/test/looptest"
)

func (f *fixture) disconnect() { f.cluster.Disconnect(nil) }

// asks calls then with the answers that one client gets to n connections.
func (f *fixture) asks(n int, network, address string, then func(answers []string)) {
	var answers []string
	f.client(func() error {
		for range n {
			s, err := ask(network, address)
			if err != nil {
				return err
			}
			answers = append(answers, s)
		}
		return nil
	}, func() { then(answers) })
}

// listenScript returns a worker that calls listen with the arguments.
func listenScript(arguments string) string {
	return `
	const cluster = require('cluster'), net = require('net');
	const s = net.createServer((c) => { c.on('error', () => {}); c.end('' + cluster.worker.id); });
	s.on('error', (e) => process.send(e.code + ' ' + e.syscall));
	s.listen(` + arguments + `);
	s.on('listening', () => process.send(JSON.stringify(s.address())));`
}

//brood:checks W101
func TestATCPServerOfAllAddresses(t *testing.T) {
	for _, sched := range []cluster.Sched{cluster.RoundRobin, cluster.Shared} {
		t.Run(sched.String(), func(t *testing.T) {
			eachMode(t, func(t *testing.T, fork *childprocess.ForkOptions) {
				o := nodeOptions(t, listenScript("0"))
				o.Sched, o.Fork = sched, fork
				f := newCluster(t, o)
				f.fork(2)
				f.when(f.saw("listening", 2), func() {
					require.NotZero(t, f.ports[1])
					require.Equal(t, f.ports[1], f.ports[2])
					f.asks(4, "tcp", local(f.ports[1]), func(answers []string) {
						if sched == cluster.RoundRobin {
							require.Equal(t, []string{"1", "2", "1", "2"}, answers)
						}
						f.asks(1, "tcp", net.JoinHostPort("::1", strconv.Itoa(f.ports[1])), func([]string) { f.disconnect() })
					})
				})
				f.run()
				require.Contains(t, f.events, fmt.Sprintf(`message 1 {"address":"::","family":"IPv6","port":%d}`, f.ports[1]))
				require.Equal(t, []string{"disconnect", "exit exit status 0 true"}, f.eventsOf(2)[len(f.eventsOf(2))-2:])
			})
		})
	}
}

//brood:checks W102
func TestAnAFUNIXServer(t *testing.T) {
	for _, sched := range []cluster.Sched{cluster.RoundRobin, cluster.Shared} {
		t.Run(sched.String(), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s")
			// The worker has another working directory, and names the socket relative to it.
			o := nodeOptions(t, `process.chdir(`+strconv.Quote(filepath.Dir(path))+`);`+
				listenScript(`{ path: './s', readableAll: true, writableAll: true }`))
			o.Sched = sched
			f := newCluster(t, o)
			f.fork(2)
			f.when(f.saw("listening", 2), func() {
				info, err := os.Stat(path)
				require.NoError(t, err)
				require.Equal(t, fs.FileMode(0o666), info.Mode().Perm()&0o666)
				f.asks(2, "unix", path, func([]string) { f.disconnect() })
			})
			f.run()
			require.Equal(t, 2, f.count("exit"))
			_, err := os.Stat(path)
			require.ErrorIs(t, err, fs.ErrNotExist)
		})
	}
}

// The length of a path is limited to about 100 bytes; a relative name may be shorter.
//
//brood:checks W102
func TestALongPathIsNamedFromHere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("d", 100))
	require.NoError(t, os.Mkdir(dir, 0o755))
	t.Chdir(dir)
	path := filepath.Join(dir, "@s")
	f := newCluster(t, nodeOptions(t, listenScript(strconv.Quote(path))))
	f.fork(1)
	f.when(f.saw("listening", 1), func() { f.asks(1, "unix", "./@s", func([]string) { f.disconnect() }) })
	f.run()
	require.Equal(t, 1, f.count("exit 1 exit status 0"))
}

//brood:checks W102
func TestUDPIsShared(t *testing.T) {
	for _, family := range []string{"udp4", "udp6"} {
		t.Run(family, func(t *testing.T) {
			eachMode(t, func(t *testing.T, fork *childprocess.ForkOptions) {
				host := map[string]string{"udp4": "127.0.0.1", "udp6": "::1"}[family]
				o := nodeOptions(t, `
					const cluster = require('cluster'), s = require('dgram').createSocket('`+family+`');
					s.on('message', (m, from) => s.send(m + ' to ' + cluster.worker.id, from.port, from.address));
					s.bind(0, '`+host+`');`)
				o.Fork = fork
				f := newCluster(t, o)
				f.fork(2)
				f.when(f.saw("listening", 2), func() {
					require.Equal(t, f.ports[1], f.ports[2])
					f.client(func() error {
						conn, err := dial("udp", net.JoinHostPort(host, strconv.Itoa(f.ports[1])))
						if err != nil {
							return err
						}
						defer conn.Close()
						if _, err := conn.Write([]byte("hello")); err != nil {
							return err
						}
						p := make([]byte, 100)
						n, err := conn.Read(p)
						if err == nil && !strings.HasPrefix(string(p[:n]), "hello to ") {
							err = fmt.Errorf("answer %q", p[:n])
						}
						return err
					}, f.disconnect)
				})
				f.run()
				require.Equal(t, 2, f.count("listening"))
			})
		})
	}
}

//brood:checks W102
func TestAnAddressInUseIsAnErrorOfTheWorkerAndTheNextQueryTriesAnew(t *testing.T) {
	for _, sched := range []cluster.Sched{cluster.RoundRobin, cluster.Shared} {
		t.Run(sched.String(), func(t *testing.T) {
			taken, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			port := taken.Addr().(*net.TCPAddr).Port
			listen := fmt.Sprintf("%d, '127.0.0.1'", port)
			o := nodeOptions(t, listenScript(listen)+`process.on('message', () => s.listen(`+listen+`));`)
			o.Sched = sched
			f := newCluster(t, o)
			f.fork(1)
			f.when(f.saw("message 1 EADDRINUSE bind", 1), func() {
				require.NoError(t, taken.Close())
				require.NoError(t, f.cluster.Worker(1).Send("again"))
			})
			f.when(f.saw("listening", 1), func() { f.asks(1, "tcp", local(port), func([]string) { f.disconnect() }) })
			f.run()
			require.Zero(t, f.count("error"))
		})
	}
}

//brood:checks W103
func TestTwoServersOfAWorkerOnOneAddressAreTwoListeners(t *testing.T) {
	f := newCluster(t, nodeOptions(t, `
		const cluster = require('cluster'), net = require('net');
		const listen = (port, name) => {
			const s = net.createServer((c) => c.end(name)).on('error', (e) => process.send(name + ' ' + e.code));
			s.listen(port, '127.0.0.1', () => process.send(name + ' ' + s.address().port));
		};
		listen(0, 'a');
		listen(0, 'b');
		process.on('message', (port) => listen(port, 'c'));`))
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
		require.NotEqual(t, ports["a"], ports["b"])
		f.asks(1, "tcp", local(ports["a"]), func(answers []string) {
			require.Equal(t, []string{"a"}, answers)
			f.asks(1, "tcp", local(ports["b"]), func(answers []string) {
				require.Equal(t, []string{"b"}, answers)
				require.NoError(t, f.cluster.Worker(1).Send(ports["a"]))
			})
		})
	})
	f.when(f.saw("message 1 c EADDRINUSE", 1), f.disconnect)
	f.run()
}

//brood:checks W103
func TestAnExclusiveServerAsksNothing(t *testing.T) {
	f := newCluster(t, nodeOptions(t, `
		const s = require('net').createServer((c) => c.end('mine'));
		s.listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => process.send(s.address().port));
		process.on('disconnect', () => s.close());`))
	f.fork(1)
	f.when(f.saw("message 1", 1), func() {
		var port int
		_, err := fmt.Sscanf(f.events[len(f.events)-1], "message 1 %d", &port)
		require.NoError(t, err)
		f.asks(1, "tcp", local(port), func(answers []string) {
			require.Equal(t, []string{"mine"}, answers)
			f.disconnect()
		})
	})
	f.run()
	require.Zero(t, f.count("listening"))
}

//brood:checks W103
func TestWorkersThatCloseTheirServersMakeTheAddressFree(t *testing.T) {
	for _, keep := range []bool{false, true} {
		t.Run(fmt.Sprint("keep ", keep), func(t *testing.T) {
			o := nodeOptions(t, listenScript("0, '127.0.0.1'")+`process.on('message', () => s.close(() => process.send('closed')));`)
			o.KeepListeners = keep
			f := newCluster(t, o)
			f.fork(2)
			listens := func() error {
				ln, err := net.Listen("tcp", local(f.ports[1]))
				if err == nil {
					err = ln.Close()
				}
				return err
			}
			f.when(f.saw("listening", 2), func() { require.NoError(t, f.cluster.Worker(1).Send("close")) })
			f.when(f.saw("message 1 closed", 1), func() {
				require.Error(t, listens(), "the other has it")
				require.NoError(t, f.cluster.Worker(2).Send("close"))
			})
			f.when(f.saw("message 2 closed", 1), func() {
				require.Equal(t, keep, listens() != nil)
				f.disconnect()
			})
			f.run()
			require.NoError(t, listens())
		})
	}
}

func TestADescriptorThatAWorkerMayName(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	file, err := ln.(*net.TCPListener).File()
	require.NoError(t, err)
	defer file.Close()
	n := int(file.Fd())
	for _, allowed := range []bool{true, false} {
		t.Run(fmt.Sprint("allowed ", allowed), func(t *testing.T) {
			o := nodeOptions(t, listenScript(fmt.Sprintf("{ fd: %d }", n)))
			if allowed {
				o.FDs = []int{n}
			}
			f := newCluster(t, o)
			f.fork(1)
			if allowed {
				f.when(f.saw("listening", 1), func() {
					f.asks(1, "tcp", ln.Addr().String(), func(answers []string) {
						require.Equal(t, []string{"1"}, answers)
						f.disconnect()
					})
				})
			} else {
				f.when(f.saw("message 1 EBADF", 1), f.disconnect)
			}
			f.run()
		})
	}
}

// udpFDScript binds to a descriptor, and reports its address.
const udpFDScript = `
	const s = require('dgram').createSocket('udp4');
	s.on('error', (e) => process.send(e.code));
	s.bind({ fd: +process.env.FD }, () => process.send(s.address().port));`

func TestADescriptorOfAUDPSocketThatAWorkerMayName(t *testing.T) {
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer conn.Close()
	udp, err := conn.(*net.UDPConn).File()
	require.NoError(t, err)
	defer udp.Close()
	stream, other, err := socketPair()
	require.NoError(t, err)
	defer unixClose(stream, other)
	o := nodeOptions(t, udpFDScript)
	o.FDs = []int{int(udp.Fd()), stream}
	f := newCluster(t, o)
	for _, fd := range []int{o.FDs[0], stream, other} {
		_, err := f.cluster.Fork([]string{fmt.Sprint("FD=", fd)})
		require.NoError(t, err)
	}
	f.when(f.saw("message", 3), f.disconnect)
	f.run()
	port := conn.LocalAddr().(*net.UDPAddr).Port
	for _, want := range []string{fmt.Sprint("message 1 ", port), "message 2 EINVAL", "message 3 EBADF"} {
		require.Equal(t, 1, f.count(want), "%q", f.events)
	}
}

//brood:checks W066
func TestWithoutWorkersTheBacklogHoldsConnections(t *testing.T) {
	f := newCluster(t, nodeOptions(t, listenScript("0, '127.0.0.1'")))
	addr, err := f.cluster.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.False(t, f.loop.Alive(), "listeners do not keep a loop alive")
	early, err := dial("tcp", addr.String())
	require.NoError(t, err)
	f.fork(1)
	var late net.Conn
	f.client(func() error {
		s, err := answer(early)
		if err == nil && s != "1" {
			err = fmt.Errorf("answer %q", s)
		}
		return err
	}, func() {
		_, err := f.cluster.Worker(1).Kill(9)
		require.NoError(t, err)
	})
	f.when(f.saw("exit 1", 1), func() {
		late, err = dial("tcp", addr.String())
		require.NoError(t, err)
		f.fork(1)
		f.client(func() error {
			s, err := answer(late)
			if err == nil && s != "2" {
				err = fmt.Errorf("answer %q", s)
			}
			return err
		}, f.disconnect)
	})
	f.run()
	_, err = net.DialTimeout("tcp", addr.String(), time.Second)
	require.Error(t, err)
	_, err = f.cluster.Listen("tcp", addr.String())
	require.NoError(t, err)
}

func TestInvalidOptionsAreRefused(t *testing.T) {
	l := looptest.New(t)
	fork := &childprocess.ForkOptions{ExecPath: "node"}
	for option, o := range map[string]*cluster.Options{
		"Module":        {},
		"Self":          {Module: "x", Self: "y"},
		"ExecPath":      {Self: "x", ExecPath: "node"},
		"ExecArgv":      {Module: "x", ExecArgv: []string{"-e"}},
		"Fork.ExecPath": {Module: "x", Fork: fork},
		"Sched":         {Module: "x", Sched: 7},
		"MaxPending":    {Module: "x", MaxPending: -1},
		"MaxListeners":  {Module: "x", MaxListeners: -1},
		"FDs":           {Module: "x", FDs: []int{-1}},
		"Pick":          {Module: "x", Sched: cluster.Shared, Pick: func(*cluster.Incoming) *cluster.Worker { return nil }},
	} {
		_, err := cluster.New(l, o)
		require.ErrorContains(t, err, "cluster: "+option+" ")
		require.ErrorAs(t, err, new(*cluster.OptionError))
	}
	_, err := cluster.New(nil, &cluster.Options{Module: "x"})
	require.Error(t, err)
	_, err = cluster.New(l, nil)
	require.Error(t, err)

	c, err := cluster.New(l, &cluster.Options{Module: "x"})
	require.NoError(t, err)
	for _, address := range [][2]string{{"tcp", "localhost:80"}, {"tcp", "127.0.0.1"}, {"tcp", ":http"}, {"tcp", ":65536"}, {"udp4", ":0"}, {"unix", "s"}, {"unix", "/\x00"}} {
		_, err := c.Listen(address[0], address[1])
		require.ErrorAs(t, err, new(*cluster.OptionError), "%q", address)
	}
	require.Error(t, c.Upgrade(nil, nil, nil))
	require.Error(t, c.Upgrade(&cluster.Program{}, nil, nil))
	require.Error(t, c.Reload(&cluster.ReloadOptions{Batch: -1}, nil))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	_, err = c.Listen("tcp", taken.Addr().String())
	require.ErrorContains(t, err, "address already in use")
	require.ErrorAs(t, err, new(*cluster.ListenError))
}

func TestOptionsAreCopied(t *testing.T) {
	o := nodeOptions(t, `process.send(process.env.TEXT + process.argv[2] + require('cluster').worker.id); process.disconnect();`)
	o.Args, o.Fork = []string{"a"}, &childprocess.ForkOptions{}
	o.Fork.Env = append(os.Environ(), "TEXT=e", "NODE_UNIQUE_ID=7")
	f := newCluster(t, o)
	o.Args[0], o.Fork.Env[len(o.Fork.Env)-2] = "changed", "TEXT=changed"
	_, err := f.cluster.Fork([]string{"NODE_UNIQUE_ID=8"})
	require.NoError(t, err)
	f.run()
	require.Equal(t, 1, f.count("message 1 ea1"), "%q", f.events)
}

func TestAProgramThatCannotBeStarted(t *testing.T) {
	f := newCluster(t, &cluster.Options{Module: "/nowhere/program"})
	f.fork(1)
	f.run()
	require.Len(t, f.events, 4)
	require.Equal(t, "fork 1", f.events[0])
	require.Contains(t, f.events[1], "error cluster: worker 1: fork /nowhere/program: ENOENT")
	require.Equal(t, "disconnect 1", f.events[2])
	require.Contains(t, f.events[3], "exit 1 ")
	require.Empty(t, f.cluster.Workers())
}

// The primary may have the right to remove a file that the worker may not remove.
func TestAFileThatReplacedASocketStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	f := newCluster(t, nodeOptions(t, listenScript(strconv.Quote(path))))
	f.fork(1)
	f.when(f.saw("listening", 1), func() {
		require.NoError(t, os.WriteFile(path+"2", []byte("precious"), 0o600))
		require.NoError(t, os.Rename(path+"2", path))
		f.disconnect()
	})
	f.run()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "precious", string(content))
}

package ipc_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// socketKeeper is a Node child that ends the sockets that come with 'end', and the others on
// 'close'.
const socketKeeper = `
	const kept = [];
	process.on('message', (m, socket) => {
		if (m === 'keep') kept.push(socket), socket.resume(), process.send('kept');
		if (m === 'end') socket.end('ended by the child');
		if (m === 'close one') kept.pop().once('close', () => process.send('closed')).end();
		if (m === 'close all') {
			for (const socket of kept) socket.end('closed by the child');
			process.disconnect();
		}
	});`

//brood:checks N170
func TestConnectionsInThreeNodeChildrenHoldUpTheServersClose(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	s := newServer(t, l, "tcp4", "127.0.0.1:0")
	var children [3]*ipc.Channel
	kept := 0
	for i := range children {
		children[i] = forkNode(t, l, socketKeeper)
		children[i].OnMessage(func(*ipc.Message) {
			if kept++; kept == 6 {
				require.NoError(t, s.Close())
				l.SetImmediate(func() {
					for _, c := range children {
						require.NoError(t, c.Send("close all"))
					}
				})
			}
		})
	}
	said := make([]<-chan string, 12)
	acceptOn(t, l, s, len(said), func(i int, conn net.Conn) {
		sendHandle(t, children[i%3], []string{"end", "keep"}[i/3%2], conn)
	})
	for i := range said {
		_, said[i] = dial(t, s.Addr())
	}
	closed := false
	s.OnClose(func() {
		require.Equal(t, 6, kept)
		closed = true
	})
	run(t, l)
	require.True(t, closed)
	require.Zero(t, s.Processes())
	ends := map[string]int{}
	for _, one := range said {
		ends[<-one]++
	}
	require.Equal(t, map[string]int{"ended by the child": 6, "closed by the child": 6}, ends)
}

//brood:checks N171
func TestAListenerIsSharedWithANodeChild(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	ln := listener("tcp4", "127.0.0.1:0")(t).(net.Listener)
	child := forkNode(t, l, `
		let server;
		process.on('message', (m, handle) => {
			if (m === 'close') return server.close(() => process.disconnect());
			server = handle.on('connection', (socket) => socket.end('child'));
			process.send(server.listening);
		});`)
	ask := func() string {
		_, said := dial(t, ln.Addr())
		return <-said
	}
	child.OnMessage(func(m *ipc.Message) {
		require.Equal(t, "true", string(m.Raw()))
		require.Equal(t, "child", ask(), "this process does not accept")
		require.NoError(t, ln.Close())
		require.Equal(t, "child", ask(), "the child's copy still listens")
		require.NoError(t, child.Send("close"))
	})
	own, _ := connect(t, ln)
	require.NoError(t, own.Close())
	sendHandle(t, child, "server", ln)
	run(t, l)
	_, err := net.Dial("tcp4", ln.Addr().String())
	require.ErrorIs(t, err, unix.ECONNREFUSED)
}

func init() {
	helperproc.Register("handle-accept", func([]string) {
		inHelper(func(l *reactor.Loop, c *ipc.Channel) {
			var ln net.Listener
			c.OnMessage(func(m *ipc.Message) {
				if m.Handle() == nil {
					check(ln.Close())
					c.Disconnect()
					return
				}
				var err error
				ln, err = m.Handle().Listener()
				check(err)
				// Ends when the listener is closed, which is before the loop ends.
				go func(ln net.Listener) {
					for {
						conn, err := ln.Accept()
						if err != nil {
							return
						}
						_, _ = conn.Write([]byte("child")) // Node checks the bytes.
						_ = conn.Close()
					}
				}(ln)
				check(c.Send("listening"))
			})
		})
	})
	helperproc.Register("handle-keep", func([]string) {
		inHelper(func(l *reactor.Loop, c *ipc.Channel) {
			var kept []net.Conn
			c.OnMessage(func(m *ipc.Message) {
				if h := m.Handle(); h != nil {
					conn, err := h.Conn()
					check(err)
					kept = append(kept, conn)
					check(c.Send("kept"))
					return
				}
				check(kept[0].Close())
				kept = kept[1:]
				check(c.Send("closed"))
			})
		})
	})
}

//brood:checks N171
func TestANodeListenerIsSharedWithAGoChild(t *testing.T) {
	out := runNodeParent(t, `
		const server = net.createServer((socket) => socket.end('parent'));
		const ask = (fn) => {
			let said = '';
			net.connect(port, '127.0.0.1').on('data', (d) => said += d).on('close', () => fn(said));
		};
		let port;
		server.listen(0, '127.0.0.1', () => {
			port = server.address().port;
			const child = forkGo();
			child.send('server', server);
			child.on('message', (m) => {
				assert.strictEqual(m, 'listening');
				server.close();
				ask((said) => {
					assert.strictEqual(said, 'child');
					child.send('close');
				});
			});
			child.on('exit', (code) => console.log('exit', code));
		});`, "handle-accept")
	require.Equal(t, "exit 0", out)
}

//brood:checks N173
func TestAServerCountsTheConnectionsInANodeChild(t *testing.T) {
	for _, mode := range []ipc.Serialization{ipc.JSON, ipc.Advanced} {
		t.Run(mode.String(), func(t *testing.T) { testCounting(t, mode) })
	}
}

func testCounting(t *testing.T, mode ipc.Serialization) {
	leakcheck.NoNewFDs(t)
	const connections = 4
	l := drainedLoop(t)
	s := newServer(t, l, "tcp4", "127.0.0.1:0")
	child := forkNodeWith(t, l, &ipc.Options{Serialization: mode}, socketKeeper)
	var counts []int
	var next func()
	kept := 0
	child.OnMessage(func(m *ipc.Message) {
		if text(t, m) == "kept" {
			if kept++; kept < connections {
				return
			}
		}
		next()
	})
	next = func() {
		s.Connections(func(n int, err error) {
			require.NoError(t, err)
			if counts = append(counts, n); n > 0 {
				require.NoError(t, child.Send("close one"))
				return
			}
			require.NoError(t, s.Close())
		})
	}
	s.OnClose(child.Disconnect)
	acceptOn(t, l, s, connections, func(_ int, conn net.Conn) { sendHandle(t, child, "keep", conn) })
	for range connections {
		dial(t, s.Addr())
	}
	run(t, l)
	require.Equal(t, []int{4, 3, 2, 1, 0}, counts)
}

//brood:checks N173
func TestANodeServerCountsTheConnectionsInAGoChild(t *testing.T) {
	out := runNodeParent(t, `
		const child = forkGo();
		const server = net.createServer((socket) => child.send('keep', socket));
		server.on('close', () => child.disconnect());
		server.listen(0, '127.0.0.1', () => {
			for (let i = 0; i < 4; i++) net.connect(server.address().port, '127.0.0.1').resume();
		});
		const counts = [];
		let got = 0;
		child.on('message', (m) => {
			if (m === 'kept' && ++got < 4 || !server.listening) return;
			server.getConnections((err, n) => {
				assert.ifError(err);
				counts.push(n);
				if (n === 1) server.close(); // Waits for the last one.
				if (n > 0) child.send('close one');
			});
		});
		child.on('exit', (code) => console.log('exit', code, counts.join()));`, "handle-keep")
	require.Equal(t, "exit 0 4,3,2,1", out)
}

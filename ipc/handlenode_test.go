package ipc_test

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

func init() {
	// Answers on every connection with the bytes that came, in capitals.
	helperproc.Register("handle-shout", func([]string) {
		inHelper(func(l *reactor.Loop, c *ipc.Channel) {
			c.OnMessage(func(m *ipc.Message) {
				d, err := m.Handle().Duplex(l)
				check(err)
				d.Readable.OnText(func(text string) { check1(d.Writable.WriteString(strings.ToUpper(text))) })
				d.Readable.OnEnd(d.Writable.End)
			})
		})
	})
	// Sends each datagram that it gets to the parent, with the address it came from.
	helperproc.Register("handle-datagram", func([]string) {
		inHelper(func(l *reactor.Loop, c *ipc.Channel) {
			c.OnMessage(func(m *ipc.Message) {
				conn, err := m.Handle().PacketConn()
				check(err)
				buf := make([]byte, 64)
				n, from, err := conn.ReadFrom(buf)
				check(err)
				check1(conn.WriteTo([]byte("child got "+string(buf[:n])), from))
				check(conn.Close())
				c.Disconnect()
			})
		})
	})
	// Sends every handle and message back.
	helperproc.Register("handle-return", func([]string) {
		inHelper(func(l *reactor.Loop, c *ipc.Channel) {
			c.OnMessage(func(m *ipc.Message) {
				v, err := m.Value()
				check(err)
				check(c.SendWith(v, &ipc.SendOptions{Handle: m.Handle()}))
			})
		})
	})
	// Writes a message to the connection that comes with it, ends the connection, and says so.
	helperproc.Register("handle-greet", func([]string) {
		inHelper(func(_ *reactor.Loop, c *ipc.Channel) {
			c.OnMessage(func(m *ipc.Message) {
				var s string
				check(m.Decode(&s))
				conn, err := m.Handle().Conn()
				check(err)
				check1(conn.Write([]byte(s)))
				check(conn.Close())
				check(c.Send("written"))
			})
		})
	})
}

func check1(_ int, err error) { check(err) }

//brood:checks N172
func TestANodeChildServesAConnectionAlone(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	s := newServer(t, l, "tcp4", "127.0.0.1:0")
	child := forkNode(t, l, `
		process.on('message', (m, socket) => {
			socket.on('data', (data) => socket.end(m + ': ' + data));
			socket.on('close', () => process.disconnect());
		});`)
	client, said := dial(t, s.Addr())
	_, err := client.Write([]byte("pending"))
	require.NoError(t, err)
	conn, err := s.Accept()
	require.NoError(t, err)
	sendHandle(t, child, "echo", conn)
	require.NoError(t, s.Close())
	closed := false
	s.OnClose(func() { closed = true })
	run(t, l)
	require.True(t, closed)
	require.Equal(t, "echo: pending", <-said)
}

//brood:checks N172
func TestAGoChildServesConnectionsOfANodeParentAlone(t *testing.T) {
	out := runNodeParent(t, `
		const child = forkGo();
		const server = net.createServer({ pauseOnConnect: true }, (socket) => child.send('serve', socket));
		server.on('close', () => child.disconnect());
		child.on('exit', (code) => console.log('exit', code));
		server.listen(0, '127.0.0.1', () => {
			let left = 3;
			for (let i = 0; i < 3; i++) {
				let said = '';
				const client = net.connect(server.address().port, '127.0.0.1');
				client.on('data', (data) => said += data);
				client.on('close', () => {
					assert.strictEqual(said, 'PENDING ' + i + ' MORE');
					if (--left === 0) server.close();
				});
				client.write('pending ' + i);
				setImmediate(() => client.end(' more'));
			}
		});`, "handle-shout")
	require.Equal(t, "exit 0", out)
}

//brood:checks N174
func TestAUDPSocketIsSharedWithANodeChild(t *testing.T) {
	t.Run("udp4", func(t *testing.T) { testSharedUDP(t, "udp4", "127.0.0.1:0", "IPv4") })
	t.Run("udp6", func(t *testing.T) {
		if !hasIPv6() {
			t.Skip("no IPv6 here")
		}
		testSharedUDP(t, "udp6", "[::1]:0", "IPv6")
	})
}

func testSharedUDP(t *testing.T, network, address, family string) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	shared := packetConn(network, address)(t).(net.PacketConn)
	client := packetConn(network, address)(t).(net.PacketConn)
	child := forkNode(t, l, `
		process.on('message', (m, socket) => {
			socket.on('message', (data, from) => {
				socket.send('child got ' + data, from.port, from.address, () => {
					socket.close();
					process.disconnect();
				});
			});
			process.send(socket.address().family);
		});`)
	exchange := func(receive func()) string {
		_, err := client.WriteTo([]byte("datagram"), shared.LocalAddr())
		require.NoError(t, err)
		receive()
		buf := make([]byte, 64)
		n, _, err := client.ReadFrom(buf)
		require.NoError(t, err)
		return string(buf[:n])
	}
	receive := func() {
		buf := make([]byte, 64)
		n, from, err := shared.ReadFrom(buf)
		require.NoError(t, err)
		_, err = shared.WriteTo([]byte("parent got "+string(buf[:n])), from)
		require.NoError(t, err)
	}
	child.OnMessage(func(m *ipc.Message) {
		require.Equal(t, family, text(t, m))
		require.Equal(t, "child got datagram", exchange(func() {}), "nobody reads it here")
	})
	require.Equal(t, "parent got datagram", exchange(receive))
	sendHandle(t, child, "share", shared)
	run(t, l)
	require.Equal(t, "parent got datagram", exchange(receive), "after the child has closed its own")
}

//brood:checks N174
func TestAUDPSocketOfANodeParentIsSharedWithAGoChild(t *testing.T) {
	out := runNodeParent(t, `
		const shared = dgram.createSocket('udp4'), client = dgram.createSocket('udp4');
		shared.bind(0, '127.0.0.1', () => {
			const child = forkGo();
			// Bound, but the parent does not read while the child does.
			shared[Object.getOwnPropertySymbols(shared).find((s) => String(s) === 'Symbol(state symbol)')].handle.recvStop();
			child.send('share', shared);
			client.send('datagram', shared.address().port, '127.0.0.1');
			client.on('message', (data) => console.log(String(data)));
			child.on('exit', (code) => {
				console.log('exit', code);
				client.close();
				shared.close();
			});
		});`, "handle-datagram")
	require.ElementsMatch(t, []string{"child got datagram", "exit 0"}, strings.Split(out, "\n"))
}

//brood:checks N176
func TestKeepOpenLeavesTheConnectionToBoth(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	accepted, client := connect(t, listener("tcp4", "127.0.0.1:0")(t).(net.Listener))
	child := forkNode(t, l, `
		process.on('message', (m, socket) => {
			if (m === 'done') return process.disconnect();
			socket.write('child, ', () => { socket.destroy(); process.send('written'); });
		});`)
	sent := false
	require.NoError(t, child.SendWith("write", &ipc.SendOptions{Handle: accepted, KeepOpen: true, Done: func(err error) {
		require.NoError(t, err)
		sent = true
	}}))
	child.OnMessage(func(m *ipc.Message) {
		require.Equal(t, "written", text(t, m))
		_, err := accepted.Write([]byte("parent"))
		require.NoError(t, err)
		require.NoError(t, accepted.Close())
		require.NoError(t, child.Send("done"))
	})
	run(t, l)
	require.True(t, sent)
	got, err := io.ReadAll(client)
	require.NoError(t, err)
	require.Equal(t, "child, parent", string(got))
}

//brood:checks N176
func TestKeepOpenLeavesTheConnectionToANodeParentToo(t *testing.T) {
	out := runNodeParent(t, `
		const child = forkGo();
		const server = net.createServer({ pauseOnConnect: true }, (socket) => {
			child.send('child, ', socket, { keepOpen: true }, (err) => assert.ifError(err));
			child.on('message', (m) => {
				assert.strictEqual(m, 'written');
				socket.end('parent');
				server.close();
				child.disconnect();
			});
		});
		child.on('exit', (code) => process.on('exit', () => console.log('exit', code)));
		server.listen(0, '127.0.0.1', () => {
			let said = '';
			const client = net.connect(server.address().port, '127.0.0.1');
			client.on('data', (data) => said += data);
			client.on('end', () => console.log(said));
		});`, "handle-greet")
	require.Equal(t, []string{"child, parent", "exit 0"}, strings.Split(out, "\n"))
}

//brood:checks N178
func TestEightyConnectionsFromChildrenAllArriveAndWork(t *testing.T) {
	const children, each = 4, 20
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	got := 0
	for range children {
		child := forkNode(t, l, `
			const net = require('net');
			const server = net.createServer((socket) => socket.end('data of ' + socket.remotePort));
			server.listen(0, '127.0.0.1', () => {
				for (let i = 0; i < 20; i++) {
					const socket = net.connect(server.address().port, '127.0.0.1').pause();
					socket.on('connect', () => process.send('data of ' + socket.localPort, socket));
				}
			});
			process.on('message', () => server.close(() => process.disconnect()));`)
		mine := 0
		child.OnMessage(func(m *ipc.Message) {
			want := text(t, m)
			require.NotNil(t, m.Handle())
			d, err := m.Handle().Duplex(nil)
			require.NoError(t, err)
			d.Readable.Collect(64, func(data []byte, err error) {
				require.NoError(t, err)
				require.Equal(t, want, string(data))
				d.Writable.End()
				got++
				if mine++; mine == each {
					require.NoError(t, child.Send("close"))
				}
			})
		})
	}
	run(t, l)
	require.Equal(t, children*each, got)
}

//brood:checks N179
func TestHandlesInBothDirectionsAtOnceDoNotWaitForEachOther(t *testing.T) {
	const each = 50
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	child := forkNode(t, l, `
		const net = require('net');
		let got = 0;
		const server = net.createServer().listen(0, '127.0.0.1', () => {
			for (let i = 0; i < 50; i++) process.send(i, server);
			process.on('message', (m, handle) => {
				if (m !== got++ || !(handle instanceof net.Server)) throw new Error(m);
				handle.close();
				if (got === 50) server.close(() => process.send('all'));
			});
		});`)
	ln := unixListener(t)
	for i := range each {
		sendHandle(t, child, i, ln)
	}
	got := 0
	child.OnMessage(func(m *ipc.Message) {
		if h := m.Handle(); h != nil {
			require.Equal(t, "net.Server", h.Type())
			require.NoError(t, h.Close())
			got++
			return
		}
		require.Equal(t, "all", text(t, m))
		child.Disconnect()
	})
	run(t, l)
	require.Equal(t, each, got)
}

//brood:checks N180
func TestAConnectionSentTwiceIsThereOnce(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	child := forkNode(t, l, `
		process.on('message', (m, socket) => {
			process.send([m, socket !== undefined]);
			process.send('returned', socket);
			process.send('again', socket);
		});`)
	conn := unixConnection(t)
	sendHandle(t, child, 1, conn)
	sendHandle(t, child, 2, conn)
	var got []string
	child.OnMessage(func(m *ipc.Message) {
		entry := string(m.Raw())
		if h := m.Handle(); h != nil {
			entry += " " + h.Type()
			require.NoError(t, h.Close())
		}
		if got = append(got, entry); len(got) == 6 {
			child.Disconnect()
		}
	})
	run(t, l)
	require.Equal(t, []string{`[1,true]`, `"returned" net.Socket`, `"again"`, `[2,false]`, `"returned"`, `"again"`}, got)
}

//brood:checks N181
func TestAConnectionGoesWithALargeMessage(t *testing.T) {
	leakcheck.NoNewFDs(t)
	payload := strings.Repeat("p", 800<<10)
	for _, mode := range []ipc.Serialization{ipc.JSON, ipc.Advanced} {
		l := drainedLoop(t)
		child := forkNodeWith(t, l, &ipc.Options{Serialization: mode}, `
			process.on('message', (m, socket) => {
				process.send(m, socket, () => process.disconnect());
			});`)
		sendHandle(t, child, payload, unixConnection(t))
		returned := false
		child.OnMessage(func(m *ipc.Message) {
			require.Equal(t, payload, text(t, m))
			require.NotNil(t, m.Handle())
			require.NoError(t, m.Handle().Close())
			returned = true
		})
		run(t, l)
		require.True(t, returned, mode)
	}
}

//brood:checks N181
func TestAConnectionGoesWithALargeMessageToAGoChild(t *testing.T) {
	out := runNodeParent(t, `
		const payload = 'p'.repeat(800 << 10);
		const child = forkGo();
		const server = net.createServer((socket) => socket.destroy()).listen(0, '127.0.0.1', () => {
			const client = net.connect(server.address().port, '127.0.0.1', () => child.send(payload, client));
		});
		child.on('message', (m, socket) => {
			assert.strictEqual(m, payload);
			assert(socket instanceof net.Socket);
			socket.destroy();
			server.close();
			child.disconnect();
		});
		child.on('exit', (code) => console.log('exit', code));`, "handle-return")
	require.Equal(t, "exit 0", out)
}

//brood:checks N182
func TestAClientConnectionOfANodeChildIsReadHere(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	child := forkNode(t, l, `
		const net = require('net');
		const server = net.createServer((socket) => {
			socket.end('from the child');
			server.close(() => process.disconnect());
		}).listen(0, '127.0.0.1', () => {
			const socket = net.connect(server.address().port, '127.0.0.1', () => process.send('socket', socket));
		});`)
	var got bytes.Buffer
	child.OnMessage(func(m *ipc.Message) {
		require.Equal(t, "net.Socket", m.Handle().Type())
		conn, err := m.Handle().Conn()
		require.NoError(t, err)
		require.IsType(t, &net.TCPConn{}, conn, "a client's connection is counted by nobody")
		_, err = got.ReadFrom(conn)
		require.NoError(t, err)
		require.NoError(t, conn.Close())
	})
	run(t, l)
	require.Equal(t, "from the child", got.String())
}

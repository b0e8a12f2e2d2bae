package host_test

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/host"
)

func TestSocketsCarryBytesBothWays(t *testing.T) {
	for name, address := range map[string]string{"tcp": "0, '127.0.0.1'",
		"unix": strconv.Quote(filepath.Join(t.TempDir(), "socket"))} {
		require.Equal(t, []string{"client connect", "server got ping", "client got pong", "client end", "client close false",
			"server close false", "closed"},
			printed(t, `
			const net = require('net');
			const server = net.createServer((socket) => {
				socket.setEncoding('utf8');
				socket.on('data', (text) => { console.log('server got', text); socket.end('pong'); });
				socket.on('close', (failed) => { console.log('server close', failed); server.close(() => console.log('closed')); });
			});
			server.listen(`+address+`, () => {
				const to = server.address();
				const client = net.connect(typeof to === 'string' ? to : to.port, () => { console.log('client connect'); client.write('ping'); });
				client.on('data', (bytes) => console.log('client got', String(bytes)));
				client.on('end', () => console.log('client end'));
				client.on('close', (failed) => console.log('client close', failed));
			});`), name)
	}
}

func TestAUnixSocketLeavesNoFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	require.Equal(t, []string{"true"}, printed(t, `
		const server = require('net').createServer().listen(`+strconv.Quote(path)+`, () => {
			console.log(server.address() === `+strconv.Quote(path)+`);
			server.close();
		});`))
	_, err := os.Lstat(path)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestALargeWriteWaitsForItsReader(t *testing.T) {
	require.Equal(t, []string{"false true", "33554432 33554432"}, printed(t, `
		const net = require('net');
		const server = net.createServer((socket) => {
			const taken = socket.write(Buffer.alloc(32 << 20, 'x'), () => socket.end());
			console.log(taken, socket.writableLength > 0);
			socket.on('close', () => console.log(n, socket.bytesWritten));
		});
		let n = 0;
		server.listen(0, () => {
			const client = net.connect(server.address().port);
			client.on('data', (chunk) => {
				n += chunk.length;
				client.pause();
				setImmediate(() => client.resume());
			});
			client.on('end', () => server.close());
		});`))
}

func TestErrorsOfSocketsNameTheAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	used := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	defer func() { require.NoError(t, l.Close()) }()
	require.Equal(t, []string{
		"listen EADDRINUSE: address already in use 127.0.0.1:" + used + " EADDRINUSE listen",
		"connect ENOENT /nowhere/socket ENOENT connect",
		"connect ECONNREFUSED 127.0.0.1:1 ECONNREFUSED connect",
	}, printed(t, `
		const net = require('net');
		const tell = (next) => (e) => { console.log(e.message, e.code, e.syscall); next?.(); };
		const last = () => net.connect(1, '127.0.0.1').on('error', tell());
		const then = () => net.connect('/nowhere/socket').on('error', tell(last));
		net.createServer().on('error', tell(then)).listen(`+used+`, '127.0.0.1');`))
}

func TestAConnectionTriesTheAddressesOfBothFamilies(t *testing.T) {
	require.Equal(t, []string{"try ::1", "failed ECONNREFUSED", "try 127.0.0.1", "connected"}, printed(t, `
		const net = require('net');
		const server = net.createServer((socket) => { socket.end(); server.close(); });
		server.listen(0, '127.0.0.1', () => {
			const lookup = (name, options, done) => setImmediate(done, null, [{ address: '::1', family: 6 }, { address: '127.0.0.1', family: 4 }]);
			net.connect({ port: server.address().port, host: 'both', lookup, autoSelectFamilyAttemptTimeout: 5000 })
				.on('connectionAttempt', (ip) => console.log('try', ip))
				.on('connectionAttemptFailed', (ip, port, family, error) => console.log('failed', error.code))
				.on('connect', function () { console.log('connected'); this.resume(); });
		});`))
}

func TestASocketThatIsIdleTimesOutAndDoesNotHoldTheLoop(t *testing.T) {
	require.Equal(t, []string{"timeout", "closed"}, printed(t, `
		const net = require('net');
		const server = net.createServer((socket) => {
			socket.setTimeout(20, () => { console.log('timeout'); socket.destroy(); server.close(() => console.log('closed')); });
		});
		server.listen(0, () => net.connect(server.address().port).resume());`))
	require.Equal(t, []string{"unref"}, printed(t, `
		const net = require('net');
		const server = net.createServer((socket) => socket.unref()).listen(0, () => {
			const client = net.connect(server.address().port, () => {
				client.setTimeout(1e6).unref();
				server.unref();
				console.log('unref');
			});
		});`))
}

func TestResetAndDestroyIsSeenByTheOtherSide(t *testing.T) {
	require.Equal(t, []string{"read ECONNRESET", "close true"}, printed(t, `
		const net = require('net');
		const server = net.createServer((socket) => socket.on('data', () => socket.resetAndDestroy())).listen(0, () => {
			net.connect(server.address().port, function () { this.write('x'); }).on('error', (e) => console.log(e.message)).on('close', (failed) => {
				console.log('close', failed);
				server.close();
			});
		});`))
}

func TestAServerListensOnADescriptor(t *testing.T) {
	require.Equal(t, []string{"EINVAL", "EEXIST", "got hello"}, printed(t, `
		const net = require('net');
		const path = '`+filepath.Join(t.TempDir(), "socket")+`';
		const tell = (next) => (e) => { console.log(e.code); next(); };
		const server = net.createServer((socket) => socket.on('data', (bytes) => {
			console.log('got', String(bytes));
			socket.end();
			server.close();
		})).listen(path, () => {
			const last = () => net.connect(path).end('hello');
			const second = () => net.createServer().on('error', tell(last)).listen({ fd: server._handle.fd });
			net.createServer().on('error', tell(second)).listen({ fd: 0x7fff });
		});`))
}

func TestAHostThatIsClosedLeavesNoDescriptors(t *testing.T) {
	loop, err := reactor.New(nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, loop.Close()) }()
	for range 2 { // The second host gets the same descriptors.
		h, err := host.New(loop, nil)
		require.NoError(t, err)
		require.NoError(t, h.MainText(`
			const net = require('net');
			const server = net.createServer().listen(0, () => {
				net.connect(server.address().port, '127.0.0.1', () => { ready = true; });
			});
			const udp = require('dgram').createSocket('udp4').bind(0, '127.0.0.1');
			result = [server._handle.fd];`, nil))
		var fd int
		require.NoError(t, h.Do(func(s *engine.Scope) error {
			list, err := s.Global().Get("result")
			require.NoError(t, err)
			first, err := list.Index(0)
			fd = int(first.Int())
			return err
		}))
		for ready := false; !ready; {
			_, err := loop.Poll(-1)
			require.NoError(t, err)
			require.NoError(t, h.Do(func(s *engine.Scope) error {
				v, err := s.Global().Get("ready")
				ready = v.Bool()
				return err
			}))
		}
		require.NoError(t, h.Close())
		_, err = unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		require.ErrorIs(t, err, unix.EBADF)
		for range 3 {
			_, err := loop.Poll(0)
			require.NoError(t, err)
		}
		require.False(t, loop.Alive())
	}
}

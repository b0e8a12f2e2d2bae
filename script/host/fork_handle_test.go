package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAConnectionGoesToAnotherProcess(t *testing.T) {
	require.Equal(t, []string{"by the child", "1 connection", "closed"}, printedBy(t, `
		const { fork } = require('child_process');
		const net = require('net');
		if (process.argv[2] === 'child') {
			process.on('message', (m, socket) => {
				socket.write('by the child');
				socket.on('end', () => {
					socket.end();
					process.disconnect();
				});
				socket.resume();
			});
			return;
		}
		const child = fork(__filename, ['child']);
		const server = net.createServer((socket) => child.send('yours', socket));
		server.listen(0, '127.0.0.1', () => {
			const client = net.connect(server.address().port, '127.0.0.1');
			client.setEncoding('utf8');
			client.on('data', (text) => {
				console.log(text);
				server.getConnections((error, n) => {
					console.log(n, 'connection');
					server.close(() => console.log('closed'));
					client.end();
				});
			});
		});`))
}

func TestAConnectionThatIsKeptOpenIsInBothProcesses(t *testing.T) {
	require.Equal(t, []string{"child parent"}, printedBy(t, `
		const { fork } = require('child_process');
		const net = require('net');
		if (process.argv[2] === 'child') {
			process.on('message', (m, socket) => {
				socket.write('child ', () => {
					process.send('done');
					socket.destroy();
					process.disconnect();
				});
			});
			return;
		}
		const child = fork(__filename, ['child']);
		const server = net.createServer((socket) => {
			child.send('ours', socket, { keepOpen: true });
			child.on('message', () => socket.end('parent'));
			server.close();
		});
		server.listen(0, '127.0.0.1', () => {
			let text = '';
			const client = net.connect(server.address().port, '127.0.0.1');
			client.on('data', (chunk) => { text += chunk; });
			// destroy in the child shuts the connection down for both processes, as in Node.
			client.on('close', () => console.log(text));
		});`))
}

func TestAServerIsShared(t *testing.T) {
	require.Equal(t, []string{"child", "true"}, printedBy(t, `
		const { fork } = require('child_process');
		const net = require('net');
		if (process.argv[2] === 'child') {
			process.on('message', (m, server) => {
				server.on('connection', (socket) => {
					socket.end('child');
					server.close();
					process.disconnect();
				});
				process.send(server instanceof net.Server && server.listening);
			});
			return;
		}
		const child = fork(__filename, ['child']);
		const server = net.createServer();
		server.listen(0, '127.0.0.1', () => {
			const { port } = server.address();
			child.send('server', server);
			child.on('message', (m) => {
				server.close();
				net.connect(port, '127.0.0.1').on('data', (text) => {
					console.log(String(text));
					console.log(m);
				});
			});
		});`))
}

func TestAHandleWithoutAnObjectIsSent(t *testing.T) {
	require.Equal(t, []string{"native true"}, printedBy(t, `
		const { fork } = require('child_process');
		const net = require('net');
		if (process.argv[2] === 'child') {
			process.on('message', (m, handle) => {
				process.send(m + ' ' + (typeof handle.close === 'function' && !(handle instanceof net.Server)));
				handle.close();
				process.disconnect();
			});
			return;
		}
		const child = fork(__filename, ['child']);
		const server = net.createServer().listen(0, '127.0.0.1', () => child.send('native', server._handle, () => server.close()));
		child.on('message', (m) => console.log(m));`))
}

func TestAProcessThatDiesWithConnectionsIsNotCounted(t *testing.T) {
	require.Equal(t, []string{"ERR_CHILD_CLOSED_BEFORE_REPLY", "exit SIGKILL", "0", "closed"}, printedBy(t, `
		const { fork } = require('child_process');
		const net = require('net');
		if (process.argv[2] === 'child') {
			process.on('message', () => process.send('got'));
			return;
		}
		const child = fork(__filename, ['child']);
		const server = net.createServer((socket) => child.send('yours', socket));
		child.on('message', () => {
			process.kill(child.pid, 'SIGSTOP');
			server.getConnections((error) => console.log(error.code));
			child.kill('SIGKILL');
		});
		child.on('exit', (code, signal) => {
			console.log('exit', signal);
			setImmediate(() => server.getConnections((error, n) => {
				console.log(n);
				server.close(() => console.log('closed'));
			}));
		});
		server.listen(0, '127.0.0.1', () => net.connect(server.address().port, '127.0.0.1').on('error', () => {}));`))
}

func TestWorkersShareAServer(t *testing.T) {
	for _, policy := range []string{"SCHED_RR", "SCHED_NONE"} {
		t.Run(policy, func(t *testing.T) {
			lines := printedBy(t, `
				const cluster = require('cluster');
				const net = require('net');
				cluster.schedulingPolicy = cluster.`+policy+`;
				if (cluster.isWorker) {
					net.createServer((socket) => socket.end(String(cluster.worker.id))).listen(0, '127.0.0.1');
					return;
				}
				const ports = new Set();
				let answers = [];
				function ask(port, left) {
					if (left === 0) {
						console.log([...new Set(answers)].every((id) => id === '1' || id === '2'), answers.length);
						cluster.disconnect(() => console.log('disconnected', Object.keys(cluster.workers).length));
						return;
					}
					let text = '';
					net.connect(port, '127.0.0.1').on('data', (chunk) => { text += chunk; }).on('close', () => {
						answers.push(text);
						ask(port, left - 1);
					});
				}
				let listening = 0;
				cluster.on('listening', (worker, { port }) => {
					ports.add(port);
					if (++listening < 2) return;
					console.log(ports.size);
					ask(port, 6);
				});
				cluster.on('exit', (worker, code) => console.log('exit', code, worker.exitedAfterDisconnect));
				cluster.fork();
				cluster.fork();`)
			require.ElementsMatch(t, []string{"1", "true 6", "disconnected 0", "exit 0 true", "exit 0 true"}, lines)
		})
	}
}

func TestConnectionsWaitForWorkersInTurn(t *testing.T) {
	require.Equal(t, []string{"1,2,1,2"}, printedBy(t, `
		const cluster = require('cluster');
		const net = require('net');
		if (cluster.isWorker) {
			net.createServer((socket) => socket.end(String(cluster.worker.id))).listen(0, '127.0.0.1');
			return;
		}
		const answers = [];
		function ask(port) {
			if (answers.length === 4) {
				const [first] = answers;
				console.log(answers.map((id) => (id === first ? 1 : 2)).join());
				cluster.disconnect();
				return;
			}
			net.connect(port, '127.0.0.1').on('data', (id) => answers.push(String(id))).on('close', () => setTimeout(ask, 20, port));
		}
		let listening = 0;
		cluster.on('listening', (worker, { port }) => {
			if (++listening === 2) ask(port);
		});
		cluster.fork();
		cluster.fork();`))
}

func TestAFullWorkerDropsConnectionsIfItIsToldTo(t *testing.T) {
	require.Equal(t, []string{"drop", "exit 0"}, printedBy(t, `
		const cluster = require('cluster');
		const net = require('net');
		if (cluster.isWorker) {
			const server = net.createServer(() => console.log('accepted'));
			server.maxConnections = 0;
			server.dropMaxConnection = true;
			server.on('drop', () => {
				console.log('drop');
				process.exit();
			});
			server.listen(0, '127.0.0.1');
			return;
		}
		cluster.on('listening', (worker, { port }) => net.connect(port, '127.0.0.1').on('error', () => {}));
		cluster.on('exit', (worker, code) => console.log('exit', code));
		cluster.fork();`))
}

func TestAWorkerThatListensTwiceDoesSoOnce(t *testing.T) {
	require.Equal(t, []string{"listening", "exit 0"}, printedBy(t, `
		const cluster = require('cluster');
		if (cluster.isWorker) {
			const server = require('net').createServer();
			server.listen(0);
			server.listen(0);
			server.on('listening', () => console.log('listening'));
			let answers = 0;
			process.on('internalMessage', ({ cmd }) => {
				if (cmd === 'NODE_CLUSTER' && ++answers === 2) setImmediate(() => server.close(() => process.disconnect()));
			});
			return;
		}
		cluster.on('exit', (worker, code) => console.log('exit', code));
		cluster.fork();`))
}

package host_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// asynchronous is a script with works, asynchronous operations by name, each of which calls seen
// with its name.
const asynchronous = `
	const { AsyncLocalStorage } = require('async_hooks');
	const fs = require('fs'), net = require('net'), http = require('http'), child_process = require('child_process'), dgram = require('dgram');
	const store = new AsyncLocalStorage();
	const self = process.execPath;
	const works = {
		timeout(seen, done) { setTimeout(() => { seen('timeout'); done(); }, 1); },
		immediate(seen, done) { setImmediate(() => { seen('immediate'); done(); }); },
		tick(seen, done) { process.nextTick(() => { seen('tick'); done(); }); },
		microtask(seen, done) { queueMicrotask(() => { seen('microtask'); done(); }); },
		async await(seen, done) { await new Promise((resolve) => setTimeout(resolve, 1)); seen('await'); done(); },
		file(seen, done) { fs.readFile(self, { length: 1 }, () => { seen('readFile'); done(); }); },
		async promise(seen, done) { await fs.promises.stat(self); seen('fs.promises'); done(); },
		stream(seen, done) { fs.createReadStream('/dev/null').resume().on('open', () => seen('open')).on('close', () => { seen('close'); done(); }); },
		child(seen, done) {
			const child = child_process.spawn('cat');
			child.on('spawn', () => seen('spawn')).on('exit', () => seen('exit')).on('close', () => { seen('close'); done(); });
			child.stdout.on('data', () => seen('child data'));
			child.stdin.end('x');
		},
		socket(seen, done) {
			const server = net.createServer((socket) => {
				seen('connection');
				socket.on('data', (data) => { seen('server data'); socket.end(data, () => seen('written')); });
			});
			server.listen(0, '127.0.0.1', () => {
				seen('listening');
				const socket = net.connect(server.address().port, '127.0.0.1', () => { seen('connect'); socket.write('x'); });
				socket.on('data', () => seen('data')).on('close', () => { seen('socket close'); server.close(() => { seen('server close'); done(); }); });
			});
		},
		http(seen, done) {
			const server = http.createServer((request, response) => { seen('request'); request.resume().on('end', () => { seen('request end'); response.end('x'); }); });
			server.listen(0, '127.0.0.1', () => {
				http.request({ port: server.address().port, host: '127.0.0.1', method: 'POST' }, (response) => {
					seen('response');
					response.resume().on('end', () => { seen('response end'); server.close(done); });
				}).end('x');
			});
		},
		datagram(seen, done) {
			const socket = dgram.createSocket('udp4');
			socket.on('message', () => { seen('message'); socket.close(() => { seen('closed'); done(); }); });
			socket.bind(0, '127.0.0.1', () => { seen('bound'); socket.send('x', socket.address().port, '127.0.0.1', () => seen('sent')); });
		},
		port(seen, done) {
			const { port1, port2 } = new MessageChannel();
			port2.on('message', () => { seen('port message'); port1.close(); }).on('close', () => { seen('port close'); done(); });
			port1.postMessage(1);
		},
		signal(seen, done) {
			const listener = () => { seen('signal'); process.off('SIGUSR2', listener); done(); };
			process.on('SIGUSR2', listener);
			process.kill(process.pid, 'SIGUSR2');
		},
		lookup(seen, done) { require('dns').lookup('127.0.0.1', () => { seen('lookup'); done(); }); },
	};
	let count = 0;
	(async () => {
		for (const [name, work] of Object.entries(works)) {
			await new Promise((done) => store.run(name, work, (what) => {
				count++;
				if (store.getStore() !== name) console.log('lost by', what);
			}, done));
		}
		console.log(count > 30, store.getStore());
	})();`

func TestAStoreGoesWithEverythingAsynchronous(t *testing.T) {
	require.Equal(t, []string{"true undefined"}, printed(t, asynchronous))
}

func TestARequestHasItsOwnStoreOnASocketOfAnother(t *testing.T) {
	lines := printed(t, `
		const http = require('http');
		const { AsyncLocalStorage } = require('async_hooks');
		const store = new AsyncLocalStorage();
		const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
		let connections = 0;
		const server = http.createServer((request, response) => response.end('x')).on('connection', () => connections++);
		const ask = (name, next) => store.run(name, () => http.get({ port: server.address().port, host: '127.0.0.1', agent }, (response) => {
			console.log('response', store.getStore());
			response.resume().on('end', () => { console.log('end', store.getStore()); setImmediate(next); });
		}));
		server.listen(0, '127.0.0.1', () => ask('first', () => ask('second', () => {
			console.log(connections);
			server.close();
			agent.destroy();
		})));`)
	require.Equal(t, "response first,end first,response second,end second,1", strings.Join(lines, ","))
}

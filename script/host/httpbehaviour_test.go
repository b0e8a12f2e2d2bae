package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnAgentUsesAConnectionAgain(t *testing.T) {
	require.Equal(t, []string{"false 1", "false 1", "false 1", "closed"}, printed(t, `
		const http = require('http');
		const connections = new Set();
		const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
		const server = http.createServer((req, res) => { connections.add(req.socket); res.end(String(connections.size)); });
		server.listen(0, () => {
			let left = 3;
			for (let i = 0; i < 3; i++) {
				const req = http.get({ port: server.address().port, agent }, (res) => {
					res.on('data', (n) => console.log(req.reusedSocket, String(n)));
					res.on('end', () => { if (--left === 0) { agent.destroy(); server.close(() => console.log('closed')); } });
				});
			}
		});`))
}

func TestAServerContinuesAndUpgrades(t *testing.T) {
	require.Equal(t, []string{
		"continue", "200 body yes", "information 103 </a>; rel=preload", "200  undefined", "upgrade 101 first", "echo second",
	}, printed(t, `
		const http = require('http');
		const server = http.createServer((req, res) => {
			if (req.method === 'GET') { res.writeEarlyHints({ link: '</a>; rel=preload' }); res.end(); return; }
			let text = '';
			req.on('data', (bytes) => { text += bytes; });
			req.on('end', () => { res.writeHead(200, { Trailer: 'Whole' }); res.write(text); res.addTrailers({ Whole: 'yes' }); res.end(); });
		});
		server.on('upgrade', (req, socket) => {
			socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nfirst');
			socket.on('data', (bytes) => socket.end('echo ' + bytes));
		});
		function ask(options, body, then) {
			const req = http.request({ port: server.address().port, ...options }, (res) => {
				let text = '';
				res.on('data', (bytes) => { text += bytes; });
				res.on('end', () => { console.log(res.statusCode, text, res.trailers.whole); then(); });
			});
			req.on('continue', () => { console.log('continue'); req.end(body); });
			req.on('information', (info) => { if (info.statusCode === 103) console.log('information', info.statusCode, info.headers.link); });
			if (body === undefined) req.end();
			return req;
		}
		server.listen(0, () => {
			ask({ method: 'POST', headers: { Expect: '100-continue' } }, 'body', () => ask({}, undefined, () => {
				const req = ask({ headers: { Connection: 'Upgrade', Upgrade: 'echo' } });
				req.on('upgrade', (res, socket, head) => {
					console.log('upgrade', res.statusCode, String(head));
					socket.on('data', (bytes) => console.log(String(bytes)));
					socket.on('close', () => server.close());
					socket.write('second');
				});
			}));
		});`))
}

func TestAServerGivesUpOnASlowHead(t *testing.T) {
	require.Equal(t, []string{`"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"`}, printed(t, rawHTTP+`
		const server = http.createServer({ headersTimeout: 30, connectionsCheckingInterval: 10 }, () => console.log('asked'));
		server.listen(0, () => ask(server, 'GET / HTTP/1.1\r\nHost', () => server.close()));`))
}

func TestAClientThatReadsNoAnswersIsReadNoMore(t *testing.T) {
	require.Equal(t, []string{"paused", "all answered"}, printed(t, `
		const http = require('http');
		const net = require('net');
		const body = 'x'.repeat(1 << 16);
		let asked = 0;
		const server = http.createServer((req, res) => {
			asked++;
			res.end(body);
			if (req.socket._paused && server.listenerCount('paused') > 0) { server.removeAllListeners('paused'); console.log('paused'); client.resume(); }
		}).on('paused', () => {});
		let client;
		const requests = 1000;
		server.listen(0, () => {
			client = net.connect(server.address().port);
			client.pause();
			let got = 0;
			client.on('data', (bytes) => {
				got += bytes.length;
				if (asked === requests && got > requests * body.length) { console.log('all answered'); client.destroy(); server.close(); }
			});
			client.pause();
			for (let i = 0; i < requests; i++) client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
		});`))
}

func TestListenersOfAServerMayThrow(t *testing.T) {
	require.Equal(t, []string{"caught request", "caught data", "caught end", "caught finish", "200 fine", "closed"}, printed(t, `
		const http = require('http');
		process.on('uncaughtException', (e) => { console.log('caught', e.message); });
		const server = http.createServer((req, res) => {
			const where = req.url.slice(1);
			if (where === 'fine') { res.end('fine'); return; }
			res.on('finish', () => { if (where === 'finish') throw new Error(where); });
			req.on('data', () => { if (where === 'data') throw new Error(where); });
			req.on('end', () => { if (where === 'end') throw new Error(where); });
			setImmediate(() => { res.shouldKeepAlive = false; res.end('x'); });
			if (where === 'request') throw new Error(where);
		});
		const paths = ['request', 'data', 'end', 'finish', 'fine'];
		server.listen(0, function next() {
			const path = paths.shift();
			if (path === undefined) { server.close(() => console.log('closed')); return; }
			const req = http.request({ port: server.address().port, path: '/' + path, method: 'POST', agent: false }, (res) => {
				if (path === 'fine') res.on('data', (bytes) => console.log(res.statusCode, String(bytes)));
				res.resume();
				res.on('error', () => {});
			});
			req.on('error', () => {});
			req.on('close', next);
			req.end('body');
		});`))
}

func TestAParserMayBeFreedByAListener(t *testing.T) {
	require.Equal(t, []string{"asked /1", "closed"}, printed(t, `
		const http = require('http');
		const server = http.createServer((req, res) => {
			console.log('asked', req.url);
			req.socket.emit('close'); // Frees the parser, which still has requests.
			req.socket.destroy();
			server.close(() => console.log('closed'));
		});
		server.listen(0, () => {
			const client = require('net').connect(server.address().port);
			client.on('error', () => {});
			client.end('GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n');
		});`))
}

func TestARequestOutlivesABadConnection(t *testing.T) {
	require.Equal(t, []string{"caught ERR_IP_BLOCKED", "closed"}, printed(t, `
		const { BlockList } = require('net');
		const blockList = new BlockList();
		blockList.addAddress('127.0.0.1');
		const req = require('http').get({ host: '127.0.0.1', port: 1, blockList });
		req.on('error', (e) => console.log('caught', e.code));
		req.on('close', () => console.log('closed'));`))
}

func TestAServerGetsErrorsOfEmittedConnections(t *testing.T) {
	require.Equal(t, []string{"HPE_INVALID_METHOD"}, printed(t, `
		const net = require('net');
		const server = require('http').createServer();
		server.on('clientError', (error, socket) => {
			console.log(error.code);
			socket.destroy();
		});
		const accepting = net.createServer((socket) => server.emit('connection', socket)).listen(0, '127.0.0.1', () => {
			const client = net.connect(accepting.address().port, '127.0.0.1');
			client.end('123 / HTTP/1.1\r\n\r\n');
			client.resume().on('error', () => {}).on('close', () => accepting.close());
		});`))
}

func TestObserversHearOfConnectionsAndRequests(t *testing.T) {
	require.Equal(t, []string{
		`"connect" "net" {"host":"127.0.0.1","port":true}`,
		`"HttpRequest" "http" {"req":["GET","/a?b","1"],"res":[200,"OK","y"]}`,
		`"HttpClient" "http" {"req":["GET","http://127.0.0.1/a?b","1"],"res":[200,"OK","y"]}`,
		"closed",
	}, printed(t, `
		const http = require('http');
		const { PerformanceObserver, performance } = require('perf_hooks');
		const seen = ({ detail: { host, port, req, res } }) => (host ? { host, port: port > 0 } :
			{ req: [req.method, req.url, String(req.headers.own)], res: [res.statusCode, res.statusMessage, res.headers.x] });
		let left = 3;
		const observer = new PerformanceObserver((list) => {
			for (const entry of list.getEntries()) {
				if (!(entry.startTime > 0 && entry.duration >= 0 && entry.startTime +
					entry.duration <= performance.now())) throw new Error('time');
				console.log(JSON.stringify(entry.name), JSON.stringify(entry.entryType), JSON.stringify(seen(entry)));
				left--;
			}
			if (left > 0) return;
			observer.disconnect();
			ask(() => server.close(() => console.log('closed'))); // No observer sees this one.
		});
		observer.observe({ entryTypes: ['http', 'net'] });
		const ask = (done) => http.get({ port: server.address().port, host: '127.0.0.1', path: '/a?b', headers: { own: 1 },
			agent: false }, (res) => {
			res.resume().on('end', done);
		});
		const server = http.createServer((req, res) => {
			res.setHeader('x', 'y');
			res.end('hi');
		}).listen(0, '127.0.0.1', () => ask(() => {}));`))
}

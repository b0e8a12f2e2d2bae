package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// rawHTTP is a script with a function ask, which sends bytes to a server and prints the answer
// without dates.
const rawHTTP = `
	const http = require('http');
	const net = require('net');
	function ask(server, text, then) {
		const client = net.connect(server.address().port);
		let answer = '';
		client.setEncoding('latin1');
		client.on('data', (chunk) => { answer += chunk; });
		client.on('close', () => { console.log(JSON.stringify(answer.replace(/Date: [^\r]*\r\n/g, ''))); then?.(); });
		client.write(text);
		return client;
	}
`

func TestAServerAnswersPipelinedRequestsInOrder(t *testing.T) {
	require.Equal(t, []string{
		`"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\n/a` +
			`HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nxyz\r\n2\r\n/b\r\n0\r\n\r\n` +
			`HTTP/1.1 404 Not Found\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n/c\r\n0\r\n\r\n"`,
	}, printed(t, rawHTTP+`
		const server = http.createServer((req, res) => {
			if (req.url === '/a') { setTimeout(() => res.end('/a'), 20); return; }
			if (req.url === '/b') { res.write('xyz'); res.end('/b'); return; }
			res.writeHead(404);
			res.end('/c');
		});
		server.listen(0, () => {
			ask(server, 'GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\nGET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', () => server.close());
		});`))
}

func TestInvalidHTTPIsRefused(t *testing.T) {
	require.Equal(t, []string{
		`"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"`, `"HPE_INVALID_METHOD"`,
		`"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n"`, `"HPE_HEADER_OVERFLOW"`,
		`"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"`, `"HPE_INVALID_TRANSFER_ENCODING"`,
		`"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"`, `"HPE_INVALID_CHUNK_SIZE"`,
		`"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"`, `"HPE_INVALID_HEADER_TOKEN"`,
	}, printed(t, rawHTTP+`
		const bad = [
			'NONSENSE\r\n\r\n',
			'GET / HTTP/1.1\r\nX: ' + 'x'.repeat(20000),
			'POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
			'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
			'GET / HTTP/1.1\r\nBad Name: x\r\n\r\n',
		];
		const listener = (req, res) => req.on('error', () => {});
		const server = http.createServer(listener);
		const telling = http.createServer(listener).on('clientError', (error, socket) => socket.end(error.code));
		let i = 0;
		function next() {
			if (i === bad.length) { server.close(); telling.close(); return; }
			const text = bad[i++];
			ask(server, text, () => {
				// The rest follows byte by byte.
				const client = ask(telling, text.slice(0, 1), next);
				client.on('error', () => {});
				for (const one of text.slice(1, 100)) client.write(one);
				client.write(text.slice(100));
			});
		}
		server.listen(0, () => telling.listen(0, next));`))
}

func TestAClientReadsEveryFormOfBody(t *testing.T) {
	require.Equal(t, []string{`200 "sized"`, `200 "chunks"`, `200 "to the end"`, `204 ""`, `aborted ECONNRESET`, "closed"}, printed(t, `
		const http = require('http');
		const net = require('net');
		const answers = {
			'/sized': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nsized',
			'/chunked': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;ext=1\r\nch\r\n4\r\nunks\r\n0\r\nX-Trailer: yes\r\n\r\n',
			'/end': 'HTTP/1.1 200 OK\r\n\r\nto the end',
			'/none': 'HTTP/1.1 204 No Content\r\n\r\n',
			'/cut': 'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ncut',
		};
		const server = net.createServer((socket) => {
			socket.on('data', (bytes) => {
				const [, path] = String(bytes).split(' ');
				socket.write(answers[path]);
				if (path === '/end' || path === '/cut') socket.end();
			});
		});
		const paths = Object.keys(answers);
		server.listen(0, function next() {
			const path = paths.shift();
			if (!path) { server.close(() => console.log('closed')); http.globalAgent.destroy(); return; }
			http.get({ port: server.address().port, path }, (res) => {
				let text = '';
				res.on('data', (chunk) => { text += chunk; });
				res.on('end', () => { console.log(res.statusCode, JSON.stringify(text)); setImmediate(next); });
				res.on('error', (e) => { console.log(e.message, e.code); next(); });
			});
		});`))
}

func TestFetchFollowsARedirect(t *testing.T) {
	require.Equal(t, []string{"200 true {\"url\":\"/there\"}", "POST a=1", "ERR_NO_CRYPTO"}, printed(t, `
		const server = require('http').createServer((req, res) => {
			if (req.url === '/here') { res.writeHead(302, { Location: '/there' }); res.end(); return; }
			if (req.method === 'POST') { req.on('data', (bytes) => res.end(req.method + ' ' + bytes)); return; }
			res.end(JSON.stringify({ url: req.url }));
		});
		server.listen(0, async () => {
			const at = 'http://localhost:' + server.address().port;
			const moved = await fetch(at + '/here');
			console.log(moved.status, moved.redirected, await moved.text());
			console.log(await (await fetch(at, { method: 'POST', body: new URLSearchParams({ a: 1 }) })).text());
			await fetch('https://localhost').catch((e) => console.log(e.cause.code));
			server.close();
		});`))
}

package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDatagramsArriveWhole(t *testing.T) {
	require.Equal(t, []string{"got hello world IPv4 11", "sent null 11", "connected got back", "closed", "closed"}, printed(t, `
		const dgram = require('dgram');
		const server = dgram.createSocket('udp4');
		const client = dgram.createSocket('udp4');
		for (const one of [server, client]) one.on('close', () => console.log('closed'));
		server.on('message', (bytes, from) => {
			console.log('got', String(bytes), from.family, from.size);
			server.send(['ba', Buffer.from('ck')], from.port, from.address);
		});
		client.on('message', (bytes) => {
			console.log('connected got', String(bytes));
			client.close();
			server.close();
		});
		server.bind(0, '127.0.0.1', () => {
			client.connect(server.address().port, '127.0.0.1', () => client.send(['hello', ' ', 'world'], (error, n) => console.log('sent', error, n)));
		});`))
}

func TestASendThatFailsTellsTheAddress(t *testing.T) {
	require.Equal(t, []string{"send EMSGSIZE 127.0.0.1:9 EMSGSIZE send", "Not running"}, printed(t, `
		const socket = require('dgram').createSocket('udp4');
		socket.send(Buffer.alloc(70000), 9, '127.0.0.1', (e) => {
			console.log(e.message, e.code, e.syscall);
			socket.close();
			try { socket.send('x', 9); } catch (e) { console.log(e.message); }
		});`))
}

func TestManyDatagramsWithoutAReceiverDoNotGrowTheQueue(t *testing.T) {
	require.Equal(t, []string{"10000 0 0"}, printed(t, `
		const socket = require('dgram').createSocket('udp4');
		let sent = 0;
		socket.bind(0, '127.0.0.1', () => {
			const { port } = socket.address();
			socket.on('message', () => {});
			for (let i = 0; i < 10000; i++) {
				socket.send('x', port, '127.0.0.1', () => {
					if (++sent < 10000) return;
					console.log(sent, socket.getSendQueueSize(), socket.getSendQueueCount());
					socket.close();
				});
			}
		});`))
}

func TestASocketThatIsUnrefedLetsTheScriptEnd(t *testing.T) {
	require.Equal(t, []string{"bound"}, printed(t, `
		const socket = require('dgram').createSocket('udp4');
		socket.bind(0, () => { console.log('bound'); socket.unref(); });`))
}

func TestOptionsOfMulticast(t *testing.T) {
	require.Equal(t, []string{"1 255 EINVAL EINVAL", "setTTL EINVAL", "ok"}, printed(t, `
		const socket = require('dgram').createSocket({ type: 'udp4', reuseAddr: true });
		socket.bind(0, () => {
			const fails = (fn) => { try { fn(); return 'ok'; } catch (e) { return e.code; } };
			console.log(socket.setMulticastTTL(1), socket.setMulticastTTL(255), fails(() => socket.setMulticastTTL(256)), fails(() => socket.addMembership('256.1.1.1')));
			try { socket.setTTL(0); } catch (e) { console.log(e.message); }
			console.log(fails(() => { socket.addMembership('224.0.0.114', '127.0.0.1'); socket.dropMembership('224.0.0.114', '127.0.0.1'); }));
			socket.close();
		});`))
}

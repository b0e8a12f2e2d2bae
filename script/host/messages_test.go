package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPortsCarryCopiesInTheirOrder(t *testing.T) {
	require.Equal(t, []string{"posted", "node true 1", "web 2 true", "close 1", "close 2"}, printed(t, `
		const { port1, port2 } = new MessageChannel();
		const sent = { n: 1 };
		port1.postMessage(sent);
		port1.postMessage({ n: 2 });
		port2.once('message', (value) => {
			console.log('node', value !== sent, value.n);
			port2.onmessage = (event) => {
				console.log('web', event.data.n, event.target === port2);
				port1.close();
			};
		});
		port1.on('close', () => console.log('close 1'));
		port2.on('close', () => console.log('close 2'));
		console.log('posted');`))
}

func TestAPortKeepsTheScriptRunningWhileItListens(t *testing.T) {
	require.Equal(t, []string{"false true false true", "end"}, printed(t, `
		const { port1, port2 } = new MessageChannel();
		const list = [port1.hasRef()];
		port1.on('message', () => {});
		list.push(port1.hasRef(), port1.unref() ?? port1.hasRef(), port1.ref() ?? port1.hasRef());
		console.log(...list);
		setImmediate(() => port2.close());
		process.on('exit', () => console.log('end'));`))
	require.Equal(t, []string{"end"}, printed(t, `
		const { port1, port2 } = new MessageChannel();
		port1.postMessage(1); // Without a listener.
		new BroadcastChannel('x').unref();
		process.on('exit', () => console.log('end'));`))
}

func TestPortsAreTransferredWithTheirQueues(t *testing.T) {
	require.Equal(t, []string{"moved true", "port 1 early", "port 2 late", "end"}, printed(t, `
		const a = new MessageChannel(), b = new MessageChannel();
		b.port1.postMessage('early');
		a.port1.postMessage({ port: b.port2 }, [b.port2]);
		b.port2.on('message', () => console.log('never'));
		a.port2.on('message', ({ port }) => {
			console.log('moved', port !== b.port2 && port instanceof MessagePort);
			let n = 0;
			port.on('message', (value) => {
				console.log('port', ++n, value);
				if (n === 1) b.port1.postMessage('late');
				else { port.close(); a.port1.close(); }
			});
		});
		process.on('exit', () => console.log('end'));`))
}

func TestAListenersExceptionDoesNotHoldBackMessages(t *testing.T) {
	require.Equal(t, []string{"message 1", "caught 1", "message 2", "caught 2", "other 3"}, printed(t, `
		const a = new MessageChannel(), b = new MessageChannel();
		process.on('uncaughtException', (error) => console.log('caught', error.message));
		a.port2.on('message', (n) => { console.log('message', n); throw new Error(n); });
		b.port2.on('message', (n) => { console.log('other', n); a.port1.close(); b.port1.close(); });
		a.port1.postMessage(1);
		a.port1.postMessage(2);
		b.port1.postMessage(3);`))
}

func TestPortsThatAnswerEachOtherLeaveTimersTheirTurn(t *testing.T) {
	require.Equal(t, []string{"timer"}, printed(t, `
		const { port1, port2 } = new MessageChannel();
		port1.on('message', () => port2.postMessage(0));
		port2.postMessage(0);
		setTimeout(() => { console.log('timer'); port1.close(); }, 1);`))
}

func TestAMessageThatCannotBeClonedTransfersNothing(t *testing.T) {
	requireExamples(t, `const { port1, port2 } = new MessageChannel(); const buffer = new ArrayBuffer(8); const closed = new MessageChannel().port1; closed.close();
		const wt = require('worker_threads');`, []example{
		{`port1.postMessage(() => {})`, `DataCloneError 25: () => {} could not be cloned.`},
		{`port1.postMessage(1, [buffer, port1])`, `DataCloneError 25: Transfer list contains source port`},
		{`port1.postMessage(1, [buffer, closed])`, `DataCloneError 25: MessagePort in transfer list is already detached`},
		{`port1.postMessage(1, [buffer, buffer])`, `DataCloneError 25: Transfer list contains duplicate ArrayBuffer`},
		{`port1.postMessage({ port2 })`,
			`DataCloneError 25: Object that needs transfer was found in message but not listed in transferList`},
		{`port1.postMessage(() => {}, [buffer])`, `DataCloneError 25: () => {} could not be cloned.`},
		{`port1.postMessage(1, [Buffer.from('pooled').buffer])`,
			`DataCloneError 25: Cannot transfer object of unsupported type.`},
		{`port1.postMessage()`, `TypeError ERR_MISSING_ARGS: Not enough arguments to MessagePort.postMessage`},
		{`port1.postMessage(1, 1)`, `TypeError ERR_INVALID_ARG_TYPE: Optional transferList argument must be an iterable`},
		{`buffer.byteLength`, `8`},
		{`(wt.markAsUncloneable(port1.x = { y: 1 }), port2.postMessage(port1.x))`,
			`DataCloneError 25: #<Object> could not be cloned.`},
		{`(port1.postMessage(buffer, [buffer]), [buffer.byteLength, wt.receiveMessageOnPort(port2).message.byteLength, wt.receiveMessageOnPort(port2)])`, `[0,8,null]`},
		{`new MessagePort()`, `TypeError ERR_CONSTRUCT_CALL_INVALID: Constructor cannot be called`},
		{`wt.receiveMessageOnPort({})`, `TypeError ERR_INVALID_ARG_TYPE: The "port" argument must be a MessagePort instance`},
	})
}

func TestABroadcastReachesTheOthersOfItsName(t *testing.T) {
	require.Equal(t, []string{"b hello", "c hello", "end"}, printed(t, `
		const [a, b, c, d] = ['x', 'x', 'x', 'y'].map((name) => new BroadcastChannel(name));
		a.onmessage = () => console.log('a');
		d.onmessage = () => console.log('d');
		b.onmessage = ({ data }) => { console.log('b', data); b.close(); };
		c.onmessage = ({ data }) => { console.log('c', data); for (const one of [a, c, d]) one.close(); };
		a.postMessage('hello');
		process.on('exit', () => console.log('end'));`))
}

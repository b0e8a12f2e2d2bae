package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Go calls the listener of a message itself. A script cannot notice that: not with several
// listeners, an emit of its own, or a proxy.
func TestAMessageIsEmittedAsTheTargetDoes(t *testing.T) {
	require.Equal(t, []string{
		"plain 0 2 true undefined", "own emit: message 2", "first 1", "first 2", "second 2", "prototype: message", "first 3", "once 4 0", "rejected 5", "proxy 6",
		"uncaught 7", "context 8 here", "disconnect",
	}, printedBy(t, `
		const { fork } = require('child_process');
		const EventEmitter = require('events');
		if (process.argv[2] === 'child') {
			process.on('message', (m) => process.send(m));
			return;
		}
		const child = fork(__filename, ['child']);
		const { emit } = EventEmitter.prototype;
		const first = (m) => { console.log('first', m); next(); };
		const listen = (listener) => child.removeAllListeners('message').on('message', listener);
		const steps = [
			() => listen(function (m) {
				console.log('plain', m, arguments.length, this === child, arguments[1]);
				next();
			}),
			() => {
				listen(first);
				child.emit = function (...args) { console.log('own emit:', args[0], args.length - 1); return emit.apply(this, args); };
			},
			() => {
				delete child.emit;
				child.on('message', (m) => console.log('second', m));
			},
			() => {
				listen(first);
				EventEmitter.prototype.emit = function (...args) {
					if (this === child) console.log('prototype:', args[0]);
					return emit.apply(this, args);
				};
			},
			() => {
				EventEmitter.prototype.emit = emit;
				child.removeAllListeners('message').once('message', (m) => { console.log('once', m, child.listenerCount('message')); next(); });
			},
			() => {
				const symbol = Object.getOwnPropertySymbols(child).find((one) => String(one) === 'Symbol(kCapture)');
				child[symbol] = true;
				child.once('error', (error) => { console.log('rejected', error.message); child[symbol] = false; next(); });
				listen(async (m) => { throw new Error(m); });
			},
			() => listen(new Proxy((m) => { console.log('proxy', m); next(); }, {})),
			() => {
				process.once('uncaughtException', (error) => { console.log('uncaught', error.message); next(); });
				listen((m) => { throw new Error(m); });
			},
			() => {
				const { AsyncLocalStorage } = require('async_hooks');
				const storage = new AsyncLocalStorage();
				storage.run('here', () => process.nextTick(() => {
					const bound = AsyncLocalStorage.bind((m) => { console.log('context', m, storage.getStore()); next(); });
					listen(bound);
				}));
			},
			() => { child.on('disconnect', () => console.log('disconnect')).disconnect(); return true; },
		];
		let n = 0;
		function next() {
			setImmediate(() => {
				if (!steps[n]()) child.send(n++);
			});
		}
		for (let i = 0; i < steps.length; i++) {
			const step = steps[i];
			if (i < steps.length - 1) steps[i] = () => { step(); return false; };
		}
		next();
	`))
}

// Each case that Go does not handle itself behaves like the others.
func TestAMessageThatCannotBeSentSaysWhy(t *testing.T) {
	require.Equal(t, []string{
		"ERR_INVALID_ARG_TYPE", "ERR_INVALID_ARG_TYPE", "ERR_MISSING_ARGS", "own _send", "inner", `{"outer":1}`, `"sent"`, "true", "false ERR_IPC_CHANNEL_CLOSED",
	}, printedBy(t, `
		const { fork } = require('child_process');
		if (process.argv[2] === 'child') {
			process.on('message', (m) => process.send(m));
			return;
		}
		const child = fork(__filename, ['child']);
		for (const args of [[() => 1], [Symbol()], []]) {
			try {
				child.send(...args);
			} catch (error) {
				console.log(error.code);
			}
		}
		let left = 3;
		child.on('message', (m) => {
			console.log(typeof m === 'string' && m === 'inner' ? m : JSON.stringify(m));
			if (--left > 0) return;
			console.log(child.connected);
			child.disconnect();
			child.on('error', (error) => console.log(sent, error.code));
			const sent = child.send('late');
		});
		child.send({ toJSON() { child.send('inner'); return { outer: 1 }; } });
		const { _send } = child;
		child._send = function (...args) { console.log('own _send'); return _send.apply(this, args); };
		setImmediate(() => { child.send('sent'); });
	`))
}

func TestAnErrorWithoutAListenerIsThrown(t *testing.T) {
	require.Equal(t, []string{
		"throws mine", "throws ERR_UNHANDLED_ERROR", "heard mine", "uncaught mine",
	}, printedBy(t, `
		const EventEmitter = require('events');
		const emitter = new EventEmitter().on('other', () => console.log('never'));
		const mine = new Error('mine');
		for (const what of [mine, 'text']) {
			try {
				console.log(emitter.emit('error', what));
			} catch (error) {
				console.log('throws', error.code ?? error.message);
			}
		}
		emitter.once('error', (error) => console.log('heard', error.message));
		emitter.emit('error', mine);
		process.once('uncaughtException', (error) => console.log('uncaught', error.message));
		process.nextTick(() => emitter.emit('error', mine));`))
}

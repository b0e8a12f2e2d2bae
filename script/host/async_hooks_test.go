package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// life is a hook that records each operation: its type, its parents, and its events in their order.
const life = `
const { createHook, executionAsyncId, triggerAsyncId, executionAsyncResource } = require('async_hooks');
const lives = new Map();
const tell = (id, what) => lives.get(id)?.events.push(what);
const hook = createHook({
	init(id, type, trigger, resource) { lives.set(id, { type, trigger, resource, by: executionAsyncId(), events: [] }) },
	before(id) { tell(id, 'before') }, after(id) { tell(id, 'after') }, destroy(id) { tell(id, 'destroy') },
	promiseResolve(id) { tell(id, 'resolve') },
}).enable();
const ofType = (type) => [...lives.values()].filter((one) => one.type === type);
`

func TestHooksHearOfEveryOperation(t *testing.T) {
	require.Equal(t, []string{
		"Timeout before,after,destroy", "Timeout before,after,before,after,destroy", "Timeout destroy",
		"Immediate before,after,destroy",
		"TickObject before,after,destroy", "TickObject before,after,destroy", "Microtask before,after,destroy",
		"FSREQCALLBACK before,after,destroy",
		"PROCESSWRAP before,after,destroy",
	}, printed(t, life+`
		setTimeout(() => {}, 1);
		let rounds = 0;
		const interval = setInterval(() => { if (++rounds === 2) clearInterval(interval) }, 1);
		clearTimeout(setTimeout(() => {}, 1));
		setImmediate(() => {});
		process.nextTick(() => {}); // spawn makes one as well
		queueMicrotask(() => {});
		require('fs').stat('/', () => {});
		require('child_process').spawn('true');
		const mine = [...lives.values()].filter(({ by }) => by === 1);
		process.on('exit', () => {
			hook.disable();
			for (const type of ['Timeout', 'Immediate', 'TickObject', 'Microtask', 'FSREQCALLBACK', 'PROCESSWRAP']) {
				for (const one of mine) if (one.type === type) console.log(type, one.events.join());
			}
		});`))
}

func TestCallbacksRunAsTheirOperation(t *testing.T) {
	require.Equal(t, []string{"timer true true", "nested true true", "promise true true", "awaited true", "resource 7", "resource 7"}, printed(t, life+`
		const name = (what) => {
			const one = lives.get(executionAsyncId());
			console.log(what, one?.type !== undefined, one?.trigger === triggerAsyncId());
		};
		const timer = setTimeout(() => {
			name('timer');
			const outer = executionAsyncId();
			setImmediate(() => {
				name('nested');
				if (triggerAsyncId() !== outer) throw new Error('another trigger');
				first.then(() => name('promise')).then(async () => {
					const before = executionAsyncId();
					await null;
					console.log('awaited', executionAsyncId() !== before);
					executionAsyncResource().mark = 7;
					setTimeout(function () { console.log('resource', executionAsyncResource().mark) }, 1);
					require('fs').stat('/', () => console.log('resource', executionAsyncResource().mark));
				});
			});
		}, 1);
		const first = Promise.resolve(1);
		createHook({ init(id, type, trigger, resource) {
			const { mark } = executionAsyncResource();
			if (mark !== undefined) resource.mark = mark;
		} }).enable();`))
}

func TestPromisesAreOperations(t *testing.T) {
	require.Equal(t, []string{"true", "resolve", "before,resolve,after", "before,resolve,after", "true true", "true true true"}, printed(t, life+`
			const one = new Promise((resolve) => resolve(1));
		const two = one.then(() => 2);
		const three = two.finally(() => {});
		setImmediate(() => {
			hook.disable();
			const [a, b, c] = ofType('PROMISE');
			console.log(a.resource === one && b.resource === two);
			for (const { events } of [a, b, c]) console.log(events.join());
			console.log(b.trigger === [...lives].find(([, l]) => l === a)[0], one instanceof Promise);
			const pending = new Promise(() => {});
			console.log(Promise.resolve(one) === one, Promise.resolve(pending) === pending, pending.constructor === Promise);
		});`))
}

// A hook may enable and disable hooks. An exception in a hook ends the script, even if it could be
// caught.
func TestHooksAreSwitchedWhileTheyAreCalled(t *testing.T) {
	require.Equal(t, []string{"other setImmediate 0", "other setImmediate 1", "promises none"}, printed(t, `
		const { createHook } = require('async_hooks');
		let heard = 0;
		const other = createHook({ init(id, type) { if (type === 'Immediate') heard++ } });
		const hook = createHook({ init() { other.enable() } }).enable();
		setImmediate(() => {});
		console.log('other setImmediate', heard);
		hook.disable();
		setImmediate(() => {});
		console.log('other setImmediate', heard);
		other.disable();
		let promises = 0;
		createHook({ trackPromises: false, init(id, type) { if (type === 'PROMISE') promises++ } }).enable();
		Promise.resolve().then(async () => { await null; require('async_hooks').executionAsyncId() });
		setImmediate(() => console.log('promises', promises || 'none'));`))
	r := runProgram(t, `
		process.on('uncaughtException', () => console.log('caught'));
		require('async_hooks').createHook({ before() { throw new RangeError('of a hook') } }).enable();
		setTimeout(() => console.log('goes on'), 1);`)
	require.Equal(t, 1, r.code)
	require.Empty(t, r.stdout)
	require.Contains(t, r.stderr, "RangeError: of a hook")
}

func TestTimersHaveAPromiseFormWhateverWasLoaded(t *testing.T) {
	require.Equal(t, []string{"a", "b"}, printed(t, `
		const { promisify } = require('util');
		promisify(setTimeout)(1, 'a').then((text) => { console.log(text); return promisify(setImmediate)('b') }).then(console.log);`))
}

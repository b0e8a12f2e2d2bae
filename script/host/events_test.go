package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestListenersThatAreRemovedWhileAnEventIsEmittedStillHearIt(t *testing.T) {
	require.Equal(t, []string{"a", "b", "a"}, printed(t, `
		const e = new (require('events'))();
		const b = () => console.log('b');
		e.on('x', () => { console.log('a'); e.off('x', b); });
		e.on('x', b);
		e.emit('x');
		e.emit('x');`))
}

func TestEmitPassesAnyNumberOfArguments(t *testing.T) {
	require.Equal(t, []string{"0:", "1:1", "2:1,2", "3:1,2,3", "4:1,2,3,4"}, printed(t, `
		const e = new (require('events'))();
		e.on('x', function (...args) { if (this === e) console.log(args.length + ':' + args); });
		for (let n = 0; n < 5; n++) e.emit('x', ...[1, 2, 3, 4].slice(0, n));`))
}

func TestOnceAndOnOfTheModule(t *testing.T) {
	require.Equal(t, []string{"1,2", "no", "AbortError", "a b"}, printed(t, `
		const { EventEmitter, on, once } = require('events');
		(async () => {
			const e = new EventEmitter();
			setImmediate(() => e.emit('x', 1, 2));
			console.log(String(await once(e, 'x')));
			setImmediate(() => e.emit('error', new Error('no')));
			await once(e, 'x').catch((error) => console.log(error.message));
			const target = new EventTarget(), c = new AbortController();
			c.signal.addEventListener('abort', (event) => event.stopImmediatePropagation());
			setImmediate(() => c.abort());
			await once(target, 'x', { signal: c.signal }).catch((error) => console.log(error.name));
			setImmediate(() => { e.emit('x', 'a'); e.emit('x', 'b'); e.emit('end'); });
			const all = [];
			for await (const [value] of on(e, 'x', { close: ['end'] })) all.push(value);
			console.log(all.join(' '));
		})();`))
}

func TestCaptureRejections(t *testing.T) {
	require.Equal(t, []string{"no"}, printed(t, `
		const e = new (require('events'))({ captureRejections: true });
		e.on('error', (error) => console.log(error.message));
		e.on('x', async () => { throw new Error('no'); });
		e.emit('x');`))
}

func TestEventTarget(t *testing.T) {
	require.Equal(t, []string{"first x true 2", "object 1", "not prevented false", "caught thrown"}, printed(t, `
		process.on('uncaughtException', (e) => console.log('caught ' + e.message));
		const target = new EventTarget();
		target.addEventListener('x', function (event) { console.log('first ' + event.type + ' ' + (this === target) + ' ' + event.eventPhase); }, { once: true });
		target.addEventListener('x', { handleEvent(event) { console.log('object ' + event.detail); event.preventDefault(); } });
		target.addEventListener('x', () => { throw new Error('thrown'); });
		console.log('not prevented ' + target.dispatchEvent(new CustomEvent('x', { detail: 1, cancelable: true })));`))
}

func TestAnEventIsNotDispatchedWhileItIs(t *testing.T) {
	require.Equal(t, []string{"ERR_EVENT_RECURSION"}, printed(t, `
		const target = new EventTarget(), event = new Event('x');
		target.addEventListener('x', () => { try { target.dispatchEvent(event); } catch (e) { console.log(e.code); } });
		target.dispatchEvent(event);`))
}

func TestAbortSignals(t *testing.T) {
	require.Equal(t, []string{"false", "boom", "composed boom", "deep boom", "again no", "TimeoutError 23", "thrown boom"}, printed(t, `
		const c = new AbortController();
		const composed = AbortSignal.any([c.signal, new AbortController().signal]);
		const deep = AbortSignal.any([composed]);
		console.log(String(deep.aborted));
		c.signal.onabort = (event) => console.log(event.target.reason);
		composed.addEventListener('abort', () => console.log('composed ' + composed.reason));
		deep.addEventListener('abort', () => console.log('deep ' + deep.reason));
		c.abort('boom');
		c.abort('again');
		console.log('again ' + (c.signal.reason === 'again' ? 'yes' : 'no'));
		const late = AbortSignal.timeout(5);
		late.addEventListener('abort', () => {
			console.log(late.reason.name + ' ' + late.reason.code);
			try { AbortSignal.abort('boom').throwIfAborted(); } catch (e) { console.log('thrown ' + e); }
		});
		setTimeout(() => {}, 50);`))
}

func TestASignalTakesAListenerAway(t *testing.T) {
	require.Equal(t, []string{"1", "0"}, printed(t, `
		const { getEventListeners } = require('events');
		const target = new EventTarget(), c = new AbortController();
		target.addEventListener('x', () => {}, { signal: c.signal });
		console.log(String(getEventListeners(target, 'x').length));
		c.abort();
		console.log(String(getEventListeners(target, 'x').length));`))
}

// emit is a function of Go, and behaves as a method of JavaScript.
func TestEmitIsAMethodLikeOthers(t *testing.T) {
	require.Equal(t, []string{
		"emit 1", "a 3 1 2 undefined", "b 3", "false", "first second", "symbol 1", "1 7", "nothing", "undefined 0", "own true", "RangeError", "rejected: why", "2",
	}, printed(t, `
		const EventEmitter = require('events');
		const e = new EventEmitter();
		console.log(e.emit.name, e.emit.length);
		e.on('x', function (...args) { console.log('a', args.length, args[0], args[1], args[2]); if (this !== e) throw this; });
		e.on('x', () => e.removeAllListeners('x')).on('x', (...args) => console.log('b', args.length));
		e.emit('x', 1, 2, undefined);
		console.log(String(e.emit('x')));
		const seen = [];
		e.on('y', () => { seen.push('first'); e.on('y', () => seen.push('third')); }).on('y', () => seen.push('second'));
		e.emit('y');
		console.log(seen.join(' '));
		const symbol = Symbol('s');
		e.on(symbol, (n) => console.log('symbol', n)).emit(symbol, 1);
		e.on(7, (n) => console.log(n, 7));
		e.emit('7', 1);
		console.log(EventEmitter.prototype.emit.call({}, 'x') === false ? 'nothing' : 'something');
		e.on('undefined', (...args) => console.log('undefined', args.length)).emit();
		const own = Object.defineProperty(new Error('own'), 'name', { get() { console.log('looked at'); return 'Own'; } });
		try {
			e.on('throw', () => { throw own; }).emit('throw');
		} catch (error) {
			console.log('own', error === own);
		}
		const deep = () => e.emit('deep');
		e.on('deep', deep);
		try { deep(); } catch (error) { console.log(error.name); }
		const captured = new EventEmitter({ captureRejections: true });
		captured.on('error', (error) => { console.log('rejected:', error.message); });
		captured.on('async', async (text) => { throw new Error(text); }).emit('async', 'why');
		process.nextTick((n, ...rest) => setImmediate(() => console.log(n + rest.length)), 1, 0);`))
}

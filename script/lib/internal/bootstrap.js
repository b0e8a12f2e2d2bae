'use strict';

// The first module of the library to run: it makes the globals, and gives Go the functions that it calls.

const host = internalBinding('host');

require('internal/stack');

for (const name of ['dispose', 'asyncDispose']) {
  if (Symbol[name] === undefined) Object.defineProperty(Symbol, name, { value: Symbol(`Symbol.${name}`) });
}

const process = require('internal/process');
const ticks = require('internal/ticks');
const timers = require('internal/timers');
const immediates = require('internal/immediates');
const fatal = require('internal/fatal');

// hide adds a global that is not enumerable.
function hide(name, value) {
  Object.defineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true });
}

// show adds a global that is enumerable.
function show(name, value) {
  Object.defineProperty(globalThis, name, { value, writable: true, enumerable: true, configurable: true });
}

// later adds globals of a module that is loaded on first use.
function later(id, names, enumerable = false) {
  // one object for all: making one for each name takes a good part of a start
  const descriptor = { get: undefined, set: undefined, enumerable, configurable: true };
  for (const name of names) {
    const be = (value) => Object.defineProperty(globalThis, name, { value, writable: true, enumerable, configurable: true });
    descriptor.get = () => {
      const value = require(id)[name];
      be(value);
      return value;
    };
    descriptor.set = be;
    Object.defineProperty(globalThis, name, descriptor);
  }
}

Object.defineProperty(globalThis, Symbol.toStringTag, { value: 'global', configurable: true });
show('global', globalThis);
hide('process', process);
for (const name of ['clearInterval', 'clearTimeout', 'setInterval', 'setTimeout']) show(name, timers[name]);
for (const name of ['clearImmediate', 'setImmediate']) show(name, immediates[name]);
show('queueMicrotask', ticks.queueMicrotask);
if (require('internal/options').has('--expose-gc')) {
  hide('gc', (options) => {
    host.collect();
    return options?.execution === 'async' ? Promise.resolve() : undefined;
  });
}
Object.defineProperty(Atomics, 'wait', {
  value: function wait(...args) { return require('internal/wait')(...args); }, writable: true, enumerable: false, configurable: true,
});
later('internal/structured_clone', ['structuredClone'], true);
later('internal/fetch', ['fetch'], true);
later('internal/fetch', ['Headers', 'Response']);
later('perf_hooks', ['performance'], true);
later('internal/console', ['console']);
later('brood', ['$']);
later('buffer', ['atob', 'btoa'], true);
later('buffer', ['Buffer', 'Blob', 'File']);
later('internal/abort_controller', ['AbortController', 'AbortSignal']);
later('internal/event_target', ['CustomEvent', 'Event', 'EventTarget']);
later('internal/message_port', ['MessageChannel', 'MessagePort']);
later('internal/message_event', ['MessageEvent']);
later('internal/broadcast_channel', ['BroadcastChannel']);
later('internal/encoding', ['TextDecoder', 'TextEncoder']);
later('internal/url', ['URL', 'URLSearchParams']);
later('internal/dom_exception', ['DOMException']);
later('internal/intl', ['Intl']);
later('internal/crypto/webcrypto', ['crypto', 'Crypto', 'SubtleCrypto']);
later('internal/disposable', ['AsyncDisposableStack', 'DisposableStack', 'SuppressedError']);
later('stream/web', [
  'ReadableStream', 'ReadableStreamDefaultReader', 'ReadableStreamBYOBReader', 'ReadableStreamBYOBRequest', 'ReadableByteStreamController',
  'ReadableStreamDefaultController', 'TransformStream', 'TransformStreamDefaultController', 'WritableStream',
  'WritableStreamDefaultController', 'WritableStreamDefaultWriter', 'ByteLengthQueuingStrategy', 'CountQueuingStrategy', 'TextEncoderStream',
  'TextDecoderStream',
]);
hide('WeakRef', require('internal/weak_ref').WeakRef);

timers.setRunDeferred(ticks.runDeferred);
immediates.setRunDeferred(ticks.runDeferred);
host.setHook('coded', require('internal/errors').coded);
host.setHook('timers', timers.processTimers);
host.setHook('immediates', immediates.processImmediates);
host.setHook('uncaught', fatal.uncaught);
host.setHook('beforeExit', fatal.beforeExit);
host.setHook('finish', fatal.finish);
host.setHook('main', (...args) => {
  if (host.execArgv.some((flag) => flag.startsWith('--unhandled-rejections'))) require('internal/rejections').checkMode();
  require('internal/main').run(...args);
});

if (host.isForked) {
  require('child_process')._forkChild();
  delete process.env.NODE_CHANNEL_FD;
  delete process.env.NODE_CHANNEL_SERIALIZATION_MODE;
}
if (host.isWorker) {
  require('cluster')._setupWorker();
  delete process.env.NODE_UNIQUE_ID;
}

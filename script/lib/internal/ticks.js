'use strict';

// The calls that run after each call into the script: ticks, then reactions of promises, then unhandled rejections. The
// queues are Go's.

const contexts = require('internal/context_hook');
const { validateFunction } = require('internal/validators');

const host = internalBinding('host');

const { nextTick, queueMicrotask, setProcess, runDeferred } = host;

for (const fn of [nextTick, queueMicrotask]) Object.defineProperty(fn, 'length', { value: 1, configurable: true });

let rejections; // internal/rejections, once a promise without a handler was rejected
let kept; // targets of WeakRefs that are kept until the job is done

function keepForJob(value) {
  if (kept === undefined) {
    kept = new Set();
    host.hold();
  }
  kept.add(value);
}

// rejection is called by the engine when a promise without a handler is rejected, and again when it gets one.
function rejection(promise, reason, handled) {
  rejections ??= require('internal/rejections');
  if (handled) rejections.handled(promise);
  else rejections.unhandled(promise, reason);
}

host.setHook('noCallback', (callback) => validateFunction(callback, 'callback'));
host.setHook('bindCall', (type, callback, ...args) => contexts.bind(callback, type, { callback, args }));
host.setHook('drop', () => { kept = undefined; });
host.setHook('rejection', rejection);
host.setHook('processRejections', () => rejections !== undefined && rejections.process());

module.exports = { keepForJob, nextTick, queueMicrotask, setProcess, runDeferred };

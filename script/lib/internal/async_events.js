'use strict';

// The events of async_hooks, and the hooks that get them.

const { codes: { ERR_ASYNC_CALLBACK, ERR_INVALID_ARG_VALUE } } = require('internal/errors');
const { validateBoolean } = require('internal/validators');

const hookNames = ['init', 'before', 'after', 'destroy', 'promiseResolve'];

let enabled = []; // hooks
let wanted; // the hooks after the running calls, if one of these has changed them
let depth = 0; // calls of emit that have not returned
let collected; // a FinalizationRegistry for resources
let start; // starts tracking operations
let gone = []; // numbers of operations that have ended and whose destroy event is still to be emitted

class AsyncHook {
  #callbacks; #tracksPromises;

  constructor(callbacks, tracksPromises) {
    this.#callbacks = callbacks;
    this.#tracksPromises = tracksPromises;
  }

  enable() {
    const hooks = wanted ?? enabled;
    if (!hooks.includes(this)) set([...hooks, this]);
    return this;
  }

  disable() {
    set((wanted ?? enabled).filter((one) => one !== this));
    return this;
  }

  static tracksPromises(hook) { return hook.#tracksPromises; }

  static emit(hook, name, args) {
    const callback = hook.#callbacks[name];
    if (callback !== undefined) Reflect.apply(callback, hook, args);
  }
}

const { emit: emitTo, tracksPromises } = AsyncHook;
delete AsyncHook.emit;
delete AsyncHook.tracksPromises;

function createHook(hooks) {
  const callbacks = {};
  for (const name of hookNames) {
    callbacks[name] = hooks[name];
    if (hooks[name] !== undefined && typeof hooks[name] !== 'function') throw new ERR_ASYNC_CALLBACK(`hook.${name}`);
  }
  const { trackPromises = true } = hooks;
  validateBoolean(trackPromises, 'trackPromises');
  if (!trackPromises && callbacks.promiseResolve !== undefined) {
    throw new ERR_INVALID_ARG_VALUE('trackPromises', trackPromises, 'must not be false when promiseResolve is enabled');
  }
  start();
  return new AsyncHook(callbacks, trackPromises);
}

function set(hooks) {
  if (depth > 0) {
    wanted = hooks;
    return;
  }
  enabled = hooks;
  module.exports.active = hooks.length > 0;
  if (hooks.some(tracksPromises)) require('internal/async_context').trackPromises();
  module.exports.promises = hooks.length === 0 || hooks.some(tracksPromises);
}

// emit calls the hooks. An exception in a hook ends the script, whatever handlers of exceptions it has.
function emit(name, ...args) {
  depth++;
  for (const hook of enabled) {
    try {
      emitTo(hook, name, args);
    } catch (error) {
      fail(error);
    }
  }
  if (--depth > 0 || wanted === undefined) return;
  const hooks = wanted;
  wanted = undefined;
  set(hooks);
}

function fail(error) {
  enabled = [];
  const host = internalBinding('host');
  host.report(`${typeof error?.stack === 'string' ? error.stack : new Error(String(error)).stack}\n`);
  if (require('internal/options').has('--abort-on-uncaught-exception')) process.abort();
  process.exit(1);
}

// destroyOnceCollected emits destroy when a resource is collected.
function destroyOnceCollected(resource, id) {
  collected ??= new FinalizationRegistry((number) => emit('destroy', number));
  collected.register(resource, id, resource);
}

// keep undoes destroyOnceCollected.
function keep(resource) {
  collected?.unregister(resource);
}

// destroy emits, on a later turn, that an operation has ended.
function destroy(id) {
  if (enabled.length > 0 && gone.push(id) === 1) require('internal/immediates').setFirst(tellGone);
}

function tellGone() {
  const list = gone;
  gone = [];
  for (const id of list) emit('destroy', id);
}

module.exports = {
  active: false, createHook, destroy, destroyOnceCollected, emit, keep, promises: true, setStart(fn) { start = fn; },
};

'use strict';

// The events that async_hooks tells of. Only what a script makes by AsyncResource has events: there are none of timers, promises and sockets.

const { codes: { ERR_ASYNC_CALLBACK } } = require('internal/errors');

const hookNames = ['init', 'before', 'after', 'destroy', 'promiseResolve'];

let enabled = []; // hooks; replaced, not changed, so that a hook may enable and disable while they are called
let collected; // a FinalizationRegistry that tells of resources that are gone

class AsyncHook {
  #callbacks;

  constructor(callbacks) {
    this.#callbacks = callbacks;
  }

  enable() {
    if (!enabled.includes(this)) set([...enabled, this]);
    return this;
  }

  disable() {
    set(enabled.filter((one) => one !== this));
    return this;
  }

  static emit(hook, name, args) {
    const callback = hook.#callbacks[name];
    if (callback !== undefined) Reflect.apply(callback, hook, args);
  }
}

const { emit: emitTo } = AsyncHook;
delete AsyncHook.emit;

function createHook(hooks) {
  const callbacks = {};
  for (const name of hookNames) {
    callbacks[name] = hooks[name];
    if (hooks[name] !== undefined && typeof hooks[name] !== 'function') throw new ERR_ASYNC_CALLBACK(`hook.${name}`);
  }
  return new AsyncHook(callbacks);
}

function set(hooks) {
  enabled = hooks;
  module.exports.active = hooks.length > 0;
}

function emit(name, ...args) {
  for (const hook of enabled) emitTo(hook, name, args);
}

// init tells of a new resource, and has destroy told when it is collected, unless the script says that it tells of that.
function init(resource, id, type, trigger, isManual) {
  if (!isManual) {
    collected ??= new FinalizationRegistry((gone) => emit('destroy', gone));
    collected.register(resource, id, resource);
  }
  emit('init', id, type, trigger, resource);
}

// destroy tells, on a later turn, that the script is done with a resource.
function destroy(resource, id) {
  collected?.unregister(resource);
  if (enabled.length > 0) setImmediate(emit, 'destroy', id);
}

module.exports = { active: false, createHook, destroy, emit, init };

'use strict';

const { codes: { ERR_ASYNC_TYPE, ERR_INVALID_ASYNC_ID } } = require('internal/errors');
const { validateFunction, validateObject, validateString } = require('internal/validators');
const context = require('internal/async_context');
const events = require('internal/async_events');
const tracking = require('internal/async_tracking');

events.setStart(tracking.start);

class AsyncLocalStorage {
  #default; #name; #isEnabled = true;

  constructor(options = {}) {
    validateObject(options, 'options');
    context.activate(); // Operations that were begun before the first store was set have a context as well.
    this.#default = options.defaultValue;
    if (options.name !== undefined) validateString(options.name, 'options.name');
    this.#name = options.name ?? '';
  }

  static bind(fn) {
    return AsyncResource.bind(fn);
  }

  static snapshot() {
    const then = context.get();
    return (fn, ...args) => context.run(then, () => fn(...args));
  }

  get name() { return this.#name; }

  enterWith(store) {
    this.#isEnabled = true;
    context.enter(context.withStore(this, store));
  }

  // disable takes the store away everywhere, until there is another.
  disable() {
    this.#isEnabled = false;
    context.enter(context.without(this));
  }

  // run leaves other stores as fn has left them.
  run(store, fn, ...args) {
    const had = context.has(this);
    const before = had ? context.get().get(this) : undefined;
    this.#isEnabled = true;
    context.enter(context.withStore(this, store));
    try {
      return fn(...args);
    } finally {
      if (had && this.#isEnabled) context.enter(context.withStore(this, before));
      else context.enter(context.without(this));
    }
  }

  exit(fn, ...args) {
    if (!context.has(this)) return fn(...args);
    const before = context.get().get(this);
    context.enter(context.without(this));
    try {
      return fn(...args);
    } finally {
      context.enter(context.withStore(this, before));
    }
  }

  getStore() {
    return this.#isEnabled && context.has(this) ? context.get().get(this) : this.#default;
  }
}

class AsyncResource {
  #context = tracking.stores();
  #operation;

  constructor(type, options = {}) {
    validateString(type, 'type');
    let trigger = tracking.current().id;
    if (typeof options !== 'number') {
      validateObject(options, 'options');
      if (options.triggerAsyncId !== undefined) trigger = options.triggerAsyncId;
    } else {
      trigger = options;
    }
    if (!Number.isSafeInteger(trigger) || trigger < -1) throw new ERR_INVALID_ASYNC_ID('triggerAsyncId', trigger);
    if (type === '' && events.active) throw new ERR_ASYNC_TYPE(type);
    this.#operation = tracking.createOwned(type, this, trigger);
    if (events.active && options.requireManualDestroy !== true) events.destroyOnceCollected(this, this.#operation.id);
  }

  runInAsyncScope(fn, thisArg, ...args) {
    return tracking.runAs(this.#operation, this.#context, () => Reflect.apply(fn, thisArg, args), this);
  }

  emitDestroy() {
    events.keep(this);
    events.destroy(this.#operation.id);
    return this;
  }

  asyncId() { return this.#operation.id; }
  triggerAsyncId() { return this.#operation.trigger; }

  bind(fn, thisArg) {
    validateFunction(fn, 'fn');
    const { runInAsyncScope } = this;
    const resource = this;
    const bound = thisArg === undefined ?
      function (...args) { return Reflect.apply(runInAsyncScope, resource, [fn, this, ...args]); } :
      (...args) => Reflect.apply(runInAsyncScope, resource, [fn, thisArg, ...args]);
    return Object.defineProperty(bound, 'length', { value: fn.length, configurable: true, enumerable: false,
      writable: false });
  }

  static bind(fn, type, thisArg) {
    return new AsyncResource(type || fn.name || 'bound-anonymous-fn').bind(fn, thisArg);
  }
}

// execution is the running operation. A script that asks for it will ask for later ones as well.
function execution() {
  tracking.start();
  return tracking.current();
}

module.exports = {
  AsyncLocalStorage, createHook: events.createHook,
  executionAsyncId: () => execution().id,
  triggerAsyncId: () => execution().trigger,
  executionAsyncResource: () => execution().resource,
  asyncWrapProviders: Object.freeze({ __proto__: null, NONE: 0 }),
  AsyncResource,
};

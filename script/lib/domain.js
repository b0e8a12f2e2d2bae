'use strict';

// Domains: an error of an operation that was begun in a domain is emitted by the domain. The entered domains are part
// of the asynchronous context, and a callback runs in the last of them.

const EventEmitter = require('events');
const contexts = require('internal/async_context');
const { coded, codes: { ERR_UNHANDLED_ERROR } } = require('internal/errors');
const fatal = require('internal/fatal');
const hook = require('internal/context_hook');

if (process._captureCallback) {
  throw coded(Error, 'ERR_DOMAIN_CALLBACK_NOT_AVAILABLE',
    'A callback was registered through process.setUncaughtExceptionCaptureCallback(), ' +
    'which is mutually exclusive with using the `domain` module');
}

const key = {}; // the key of the list of domains in a context
const none = Object.freeze([]);

let without = null; // process.domain outside of all domains

const stackOf = (context) => context.get(key) ?? none;
const stack = () => stackOf(contexts.get());

function enterStack(list) {
  contexts.enter(list.length === 0 ? contexts.without(key) : contexts.withStore(key, list));
}

function active() {
  const list = contexts.get().get(key);
  return list === undefined ? without : list.at(-1) ?? null;
}

function hide(object, value) {
  Object.defineProperty(object, 'domain', { value, writable: true, configurable: true, enumerable: false });
}

function isObject(value) {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

class Domain extends EventEmitter {
  members = [];

  enter() { enterStack([...stack(), this]); }

  exit() {
    const list = stack();
    const i = list.lastIndexOf(this);
    if (i < 0) return;
    without = undefined;
    enterStack(list.slice(0, i));
  }

  add(emitter) {
    if (emitter.domain === this) return;
    emitter.domain?.remove(emitter);
    if (emitter instanceof Domain) {
      for (let one = this.domain; one; one = one.domain) if (one === emitter) return;
    }
    hide(emitter, this);
    this.members.push(emitter);
  }

  remove(emitter) {
    emitter.domain = null;
    const i = this.members.indexOf(emitter);
    if (i >= 0) this.members.splice(i, 1);
  }

  // After an exception the domain stays entered: that is how it is found.
  run(fn, ...args) {
    this.enter();
    const result = Reflect.apply(fn, this, args);
    this.exit();
    return result;
  }

  bind(callback) {
    const domain = this;
    function bound(...args) {
      domain.enter();
      const result = Reflect.apply(callback, this, args);
      domain.exit();
      return result;
    }
    hide(bound, this);
    return bound;
  }

  intercept(callback) {
    const domain = this;
    return function intercepted(error, ...args) {
      if (error instanceof Error) {
        mark(error, domain, false);
        error.domainBound = callback;
        domain.emit('error', error);
        return undefined;
      }
      domain.enter();
      const result = Reflect.apply(callback, this, args);
      domain.exit();
      return result;
    };
  }
}

function mark(error, domain, isThrown) {
  if (!isObject(error)) return;
  hide(error, domain);
  error.domainThrown = isThrown;
}

// handle passes an exception to the entered domains, the last one first, and returns whether one has handled it.
function handle(error) {
  const context = contexts.contextOf(error);
  const list = stackOf(context);
  if (!list.some((one) => one.listenerCount('error') > 0)) {
    clear();
    return false;
  }
  try {
    return tell(error, list);
  } finally {
    clear();
  }
}

function tell(error, list) {
  const domain = list.at(-1);
  mark(error, domain, true);
  const outer = list.slice(0, list.findLastIndex((one) => one !== domain) + 1);
  without = undefined;
  contexts.enter(outer.length === 0 ? contexts.without(key) : contexts.withStore(key, outer));
  if (outer.length === 0) return domain.listenerCount('error') > 0 && domain.emit('error', error);
  try {
    return domain.emit('error', error);
  } catch (thrown) { // There is no listener, or it has thrown: the enclosing domain gets the error.
    return tell(thrown, outer);
  }
}

function clear() {
  without = null;
  enterStack(none);
}

// An emitter that is made in a domain belongs to it.
const { init } = EventEmitter;
EventEmitter.usingDomains = true;
EventEmitter.init = function (options) {
  hide(this, null);
  const domain = active();
  if (domain && !(this instanceof Domain)) this.domain = domain;
  return Reflect.apply(init, this, [options]);
};

const { emit } = EventEmitter.prototype;
EventEmitter.prototype.emit = function (...args) {
  const { domain } = this;
  if (domain === null || domain === undefined || this === process) return Reflect.apply(emit, this, args);
  if (args[0] === 'error') {
    return this.listenerCount('error') > 0 ? Reflect.apply(emit, this, args) : emitError(this, domain, args);
  }
  domain.enter();
  const result = Reflect.apply(emit, this, args);
  domain.exit();
  return result;
};

// emitError emits, on a domain, an error for which its emitter has no listener. Operations of the listeners belong to
// the enclosing domains.
function emitError(emitter, domain, args) {
  const error = args.length > 1 && args[1] ? args[1] : new ERR_UNHANDLED_ERROR(args[1]);
  if (isObject(error)) {
    mark(error, domain, false);
    error.domainEmitter = emitter;
  }
  const before = contexts.get();
  const list = stack();
  const current = list.at(-1);
  const outer = list.slice(0, list.findLastIndex((one) => one !== current) + 1);
  contexts.enter(contexts.withStore(key, outer));
  domain.emit('error', error);
  contexts.enter(before);
  return false;
}

Object.defineProperty(process, 'domain', {
  get: active,
  set(domain) {
    if (!domain) without = domain;
    enterStack(domain ? [domain] : none);
  },
  enumerable: true, configurable: true,
});

// If several domains were entered, a callback runs in the last one.
function lastOf(context) {
  const list = context.get(key);
  if (list === undefined || list.length === 1) return context;
  const other = new Map(context);
  if (list.length === 0) other.delete(key);
  else other.set(key, [list.at(-1)]);
  return other;
}

contexts.activate();
contexts.setCaptured(lastOf);
hook.domain = active;
fatal.setDomains(handle);

const loaded = new Error('require(`domain`) at this point');
process.setUncaughtExceptionCaptureCallback = function (fn) {
  if (fn === null) return;
  const error = coded(Error, 'ERR_DOMAIN_CANNOT_SET_UNCAUGHT_EXCEPTION_CAPTURE',
    'The `domain` module is in use, which is mutually exclusive with ' +
    'calling process.setUncaughtExceptionCaptureCallback()');
  error.stack += `\n${'-'.repeat(40)}\n${loaded.stack}`;
  throw error;
};

const create = () => new Domain();

module.exports = { Domain, create, createDomain: create };
Object.defineProperties(module.exports, {
  active: { get: active, enumerable: true, configurable: true },
  _stack: { get: () => [...stack()], enumerable: true, configurable: true },
});

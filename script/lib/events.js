'use strict';

const { codes, AbortError } = require('internal/errors');
const { validateAbortSignal, validateFunction, validateNumber, validateObject, validateBoolean } = require('internal/validators');

const shared = require('internal/event_symbols');

const { kMaxEventTargetListeners, kResistStopPropagation } = shared;
const { ERR_INVALID_ARG_TYPE, ERR_UNHANDLED_ERROR } = codes;

const kCapture = Symbol('kCapture');
const kErrorMonitor = Symbol('events.errorMonitor');
const kRejection = Symbol.for('nodejs.rejection');


function EventEmitter(options) {
  EventEmitter.init.call(this, options);
}

EventEmitter.prototype._events = undefined;
EventEmitter.prototype._eventsCount = 0;
EventEmitter.prototype._maxListeners = undefined;

EventEmitter.init = function init(options) {
  if (this._events === undefined || this._events === Object.getPrototypeOf(this)._events) {
    this._events = { __proto__: null };
    this._eventsCount = 0;
  }
  if (this._maxListeners === undefined) this._maxListeners = undefined; // An own property, because scripts look for it.
  if (options?.captureRejections) {
    validateBoolean(options.captureRejections, 'options.captureRejections');
    this[kCapture] = true;
  } else {
    this[kCapture] = EventEmitter.prototype[kCapture];
  }
};

function checkListener(listener) {
  validateFunction(listener, 'listener');
}

// listenersOf returns the listeners for a type: a function or a list of functions.
function listenersOf(emitter, type) {
  return emitter._events?.[type];
}

EventEmitter.prototype.setMaxListeners = function setMaxListeners(n) {
  validateNumber(n, 'setMaxListeners', 0);
  this._maxListeners = n;
  return this;
};

EventEmitter.prototype.getMaxListeners = function getMaxListeners() {
  return maxListenersOf(this);
};

function maxListenersOf(emitter) {
  return emitter._maxListeners === undefined ? shared.defaultMaxListeners : emitter._maxListeners;
}

// callListener calls one listener, and watches the promise that it may return.
function callListener(emitter, type, listener, args) {
  let result;
  switch (args.length) { // Most have few, and applying a list of arguments takes the engine much longer.
    case 0: result = listener.call(emitter); break;
    case 1: result = listener.call(emitter, args[0]); break;
    case 2: result = listener.call(emitter, args[0], args[1]); break;
    default: result = listener.apply(emitter, args);
  }
  if (result !== undefined && result !== null && emitter[kCapture]) watchRejection(emitter, result, type, args);
}

function watchRejection(emitter, promise, type, args) {
  try {
    const { then } = promise;
    if (typeof then === 'function') {
      then.call(promise, undefined, (error) => process.nextTick(emitRejection, emitter, error, type, args));
    }
  } catch (error) {
    emitter.emit('error', error);
  }
}

function emitRejection(emitter, error, type, args) {
  if (typeof emitter[kRejection] === 'function') {
    emitter[kRejection](error, type, ...args);
    return;
  }
  const capture = emitter[kCapture];
  try { // A listener of 'error' that rejects again would never end.
    emitter[kCapture] = false;
    emitter.emit('error', error);
  } finally {
    emitter[kCapture] = capture;
  }
}

// emitOther is emit for the cases that Go does not handle.
function emitOther(type, ...args) {
  const events = this._events;
  if (type === 'error') {
    if (events !== undefined && events[kErrorMonitor] !== undefined) this.emit(kErrorMonitor, ...args);
    if (events?.error === undefined) throwUnhandled(args[0]);
  }
  const listeners = events?.[type];
  if (listeners === undefined) return false;
  if (typeof listeners === 'function') {
    callListener(this, type, listeners, args);
  } else {
    const all = copyOf(listeners); // A copy, because listeners may add and remove some.
    for (let i = 0; i < all.length; i++) callListener(this, type, all[i], args);
  }
  return true;
}

const { emit, setEmit } = internalBinding('host');

Object.defineProperty(emit, 'length', { value: 1, configurable: true });
EventEmitter.prototype.emit = emit;
setEmit(emit, kCapture, emitOther, watchRejection);

// copyOf is slice, which takes the engine five times as long for short lists.
function copyOf(list) {
  const copy = [];
  for (let i = 0; i < list.length; i++) copy[i] = list[i];
  return copy;
}

function throwUnhandled(error) {
  if (error instanceof Error) throw error;
  let text;
  try {
    text = require('internal/inspect').inspect(error);
  } catch {
    text = error;
  }
  const unhandled = new ERR_UNHANDLED_ERROR(text);
  unhandled.context = error;
  throw unhandled;
}

function add(emitter, type, listener, prepend) {
  checkListener(listener);
  let events = emitter._events;
  if (events === undefined) {
    events = emitter._events = { __proto__: null };
    emitter._eventsCount = 0;
  } else if (events.newListener !== undefined) {
    emitter.emit('newListener', type, listener.listener ?? listener);
    events = emitter._events; // A listener may have replaced it.
  }
  const existing = events[type];
  if (existing === undefined) {
    events[type] = listener;
    emitter._eventsCount++;
    return emitter;
  }
  if (typeof existing === 'function') events[type] = prepend ? [listener, existing] : [existing, listener];
  else if (prepend) existing.unshift(listener);
  else existing.push(listener);
  warnOfMany(emitter, type, events[type]);
  return emitter;
}

function warnOfMany(emitter, type, listeners) {
  const most = maxListenersOf(emitter);
  if (most <= 0 || listeners.length <= most || listeners.warned) return;
  listeners.warned = true;
  const { inspect } = require('internal/inspect');
  const warning = new Error(`Possible EventEmitter memory leak detected. ${listeners.length} ${String(type)} listeners ` +
    `added to ${inspect(emitter, { depth: -1 })}. MaxListeners is ${most}. Use emitter.setMaxListeners() to increase limit`);
  Object.assign(warning, { name: 'MaxListenersExceededWarning', emitter, type, count: listeners.length });
  process.emitWarning(warning);
}

EventEmitter.prototype.addListener = function addListener(type, listener) {
  return add(this, type, listener, false);
};

EventEmitter.prototype.on = EventEmitter.prototype.addListener;

EventEmitter.prototype.prependListener = function prependListener(type, listener) {
  return add(this, type, listener, true);
};

// onceOnly returns the function that stands for a listener added by once.
function onceOnly(emitter, type, listener) {
  let fired = false;
  function wrapper(...args) {
    if (fired) return undefined;
    emitter.removeListener(type, wrapper);
    fired = true;
    return Reflect.apply(listener, emitter, args);
  }
  wrapper.listener = listener;
  return wrapper;
}

EventEmitter.prototype.once = function once(type, listener) {
  checkListener(listener);
  this.on(type, onceOnly(this, type, listener));
  return this;
};

EventEmitter.prototype.prependOnceListener = function prependOnceListener(type, listener) {
  checkListener(listener);
  this.prependListener(type, onceOnly(this, type, listener));
  return this;
};

EventEmitter.prototype.removeListener = function removeListener(type, listener) {
  checkListener(listener);
  const events = this._events;
  const existing = events?.[type];
  if (existing === undefined) return this;
  if (existing === listener || existing.listener === listener) {
    forget(this, type);
  } else if (typeof existing === 'function') {
    return this;
  } else {
    const i = existing.findLastIndex((one) => one === listener || one.listener === listener);
    if (i < 0) return this;
    existing.splice(i, 1);
    if (existing.length === 1) events[type] = existing[0];
  }
  if (events.removeListener !== undefined) this.emit('removeListener', type, listener.listener ?? listener);
  return this;
};

EventEmitter.prototype.off = EventEmitter.prototype.removeListener;

function forget(emitter, type) {
  emitter._eventsCount--;
  if (emitter._eventsCount === 0) emitter._events = { __proto__: null };
  else delete emitter._events[type];
}

EventEmitter.prototype.removeAllListeners = function removeAllListeners(type) {
  const events = this._events;
  if (events === undefined) return this;
  if (events.removeListener === undefined) {
    if (arguments.length === 0) {
      this._events = { __proto__: null };
      this._eventsCount = 0;
    } else if (events[type] !== undefined) {
      forget(this, type);
    }
    return this;
  }
  if (arguments.length === 0) {
    for (const key of Reflect.ownKeys(events)) {
      if (key !== 'removeListener') this.removeAllListeners(key);
    }
    this.removeAllListeners('removeListener');
    this._events = { __proto__: null };
    this._eventsCount = 0;
    return this;
  }
  const listeners = events[type];
  if (typeof listeners === 'function') {
    this.removeListener(type, listeners);
  } else if (listeners !== undefined) {
    for (let i = listeners.length - 1; i >= 0; i--) this.removeListener(type, listeners[i]);
  }
  return this;
};

EventEmitter.prototype.listeners = function listeners(type) {
  return this.rawListeners(type).map((one) => one.listener ?? one);
};

EventEmitter.prototype.rawListeners = function rawListeners(type) {
  const listeners = listenersOf(this, type);
  if (listeners === undefined) return [];
  return typeof listeners === 'function' ? [listeners] : listeners.slice();
};

EventEmitter.prototype.listenerCount = function listenerCount(type, listener) {
  const listeners = this._events?.[type];
  if (listeners === undefined) return 0;
  if (listener == null) return typeof listeners === 'function' ? 1 : listeners.length;
  return this.rawListeners(type).filter((one) => one === listener || one.listener === listener).length;
};

EventEmitter.prototype.eventNames = function eventNames() {
  return this._eventsCount > 0 ? Reflect.ownKeys(this._events) : [];
};

// The functions of the module.

function isEmitter(target) {
  return typeof target?.on === 'function';
}

function notAnEmitter(target) {
  return new ERR_INVALID_ARG_TYPE('emitter', 'EventEmitter', target);
}

// listen adds a listener to an emitter or an EventTarget, and returns a function that removes it.
function listen(target, type, listener, options) {
  if (isEmitter(target)) {
    if (options?.once) target.once(type, listener);
    else target.on(type, listener);
    return () => target.removeListener(type, listener);
  }
  if (typeof target?.addEventListener !== 'function') throw notAnEmitter(target);
  target.addEventListener(type, listener, options);
  return () => target.removeEventListener(type, listener, options);
}

const onAbort = { once: true, [kResistStopPropagation]: true };

function abortError(signal) {
  return new AbortError(undefined, { cause: signal.reason });
}

async function once(emitter, type, options = {}) {
  validateObject(options, 'options');
  const { signal } = options;
  validateAbortSignal(signal, 'options.signal');
  if (signal?.aborted) throw abortError(signal);
  return new Promise((resolve, reject) => {
    const undo = [];
    const finish = (settle, value) => {
      for (const fn of undo) fn();
      settle(value);
    };
    undo.push(listen(emitter, type, (...args) => finish(resolve, args), { once: true }));
    if (type !== 'error' && typeof emitter.once === 'function') {
      undo.push(listen(emitter, 'error', (error) => finish(reject, error), { once: true }));
    }
    if (signal) undo.push(listen(signal, 'abort', () => finish(reject, abortError(signal)), onAbort));
  });
}

const AsyncIteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype);

function on(emitter, type, options = {}) {
  validateObject(options, 'options');
  const { signal } = options;
  validateAbortSignal(signal, 'options.signal');
  if (signal?.aborted) throw abortError(signal);
  const high = options.highWaterMark ?? options.highWatermark ?? Number.MAX_SAFE_INTEGER;
  const low = options.lowWaterMark ?? options.lowWatermark ?? 1;
  require('internal/validators').validateInteger(high, 'options.highWaterMark', 1);
  require('internal/validators').validateInteger(low, 'options.lowWaterMark', 1);

  const values = [];
  const waiting = [];
  const undo = [];
  let failed = null;
  let done = false;
  let paused = false;

  const close = () => {
    done = true;
    for (const fn of undo.splice(0)) fn();
    for (const { resolve } of waiting.splice(0)) resolve({ value: undefined, done: true });
    return Promise.resolve({ value: undefined, done: true });
  };
  const fail = (error) => {
    if (waiting.length > 0) waiting.shift().reject(error);
    else failed = error;
    close();
  };
  const take = (...args) => {
    if (waiting.length > 0) {
      waiting.shift().resolve({ value: args, done: false });
      return;
    }
    values.push(args);
    if (!paused && values.length > high) {
      paused = true;
      emitter.pause?.();
    }
  };

  undo.push(listen(emitter, type, take));
  if (type !== 'error' && isEmitter(emitter)) undo.push(listen(emitter, 'error', fail));
  for (const event of options.close ?? []) undo.push(listen(emitter, event, close));
  if (signal) undo.push(listen(signal, 'abort', () => fail(abortError(signal)), onAbort));

  return Object.setPrototypeOf({
    next() {
      if (values.length > 0) {
        const value = values.shift();
        if (paused && values.length < low) {
          paused = false;
          emitter.resume?.();
        }
        return Promise.resolve({ value, done: false });
      }
      if (failed) {
        const error = failed;
        failed = null;
        return Promise.reject(error);
      }
      if (done) return close();
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    return() { return close(); },
    throw(error) {
      if (!(error instanceof Error)) throw new ERR_INVALID_ARG_TYPE('EventEmitter.AsyncIterator', 'Error', error);
      fail(error);
    },
    [Symbol.asyncIterator]() { return this; },
  }, AsyncIteratorPrototype);
}

function getEventListeners(target, type) {
  if (typeof target?.listeners === 'function') return target.listeners(type);
  if (typeof target?.addEventListener === 'function') return require('internal/event_target').listenersOf(target, type);
  throw new ERR_INVALID_ARG_TYPE('emitter', ['EventEmitter', 'EventTarget'], target);
}

function getMaxListeners(target) {
  if (typeof target?.getMaxListeners === 'function') return maxListenersOf(target);
  if (typeof target?.addEventListener === 'function') return target[kMaxEventTargetListeners] ?? shared.defaultMaxListeners;
  throw new ERR_INVALID_ARG_TYPE('emitter', ['EventEmitter', 'EventTarget'], target);
}

function setMaxListeners(n = shared.defaultMaxListeners, ...targets) {
  validateNumber(n, 'setMaxListeners', 0);
  if (targets.length === 0) {
    shared.defaultMaxListeners = n;
    return;
  }
  for (const target of targets) {
    if (typeof target?.addEventListener === 'function') target[kMaxEventTargetListeners] = n;
    else if (typeof target?.setMaxListeners === 'function') target.setMaxListeners(n);
    else throw new ERR_INVALID_ARG_TYPE('eventTargets', ['EventEmitter', 'EventTarget'], target);
  }
}

function listenerCount(target, type) {
  if (typeof target?.listenerCount === 'function') return target.listenerCount(type);
  if (typeof target?.addEventListener === 'function') return getEventListeners(target, type).length;
  if (target?._events !== undefined) return EventEmitter.prototype.listenerCount.call(target, type);
  throw new ERR_INVALID_ARG_TYPE('emitter', ['EventEmitter', 'EventTarget'], target);
}

function addAbortListener(signal, listener) {
  if (signal === undefined) throw new ERR_INVALID_ARG_TYPE('signal', 'AbortSignal', signal);
  validateAbortSignal(signal, 'signal');
  validateFunction(listener, 'listener');
  let remove;
  if (signal.aborted) queueMicrotask(() => listener());
  else remove = listen(signal, 'abort', listener, onAbort);
  return { __proto__: null, [Symbol.dispose]() { remove?.(); } };
}

Object.defineProperties(EventEmitter.prototype, {
  [kCapture]: { value: false, writable: true, enumerable: false },
});

Object.defineProperties(EventEmitter, {
  defaultMaxListeners: {
    get() { return shared.defaultMaxListeners; },
    set(n) {
      validateNumber(n, 'defaultMaxListeners', 0);
      shared.defaultMaxListeners = n;
    },
    enumerable: true,
  },
  captureRejections: {
    get() { return EventEmitter.prototype[kCapture]; },
    set(value) {
      validateBoolean(value, 'EventEmitter.captureRejections');
      EventEmitter.prototype[kCapture] = value;
    },
    enumerable: true, configurable: true,
  },
  captureRejectionSymbol: { value: kRejection, enumerable: true },
  errorMonitor: { value: kErrorMonitor, enumerable: true },
  EventEmitterAsyncResource: {
    get: () => require('internal/event_emitter_async_resource'), set: undefined, enumerable: true, configurable: true,
  },
});

module.exports = EventEmitter;
Object.assign(EventEmitter, {
  EventEmitter, addAbortListener, getEventListeners, getMaxListeners, listenerCount, on, once, setMaxListeners,
  usingDomains: false,
});

'use strict';

// Event, CustomEvent, EventTarget, and NodeEventTarget, which also has the methods of an EventEmitter.

const { codes } = require('internal/errors');
const { Native: WeakRef } = require('internal/weak_ref');
const { validateAbortSignal, validateObject, validateString } = require('internal/validators');
const shared = require('internal/event_symbols');

const { kMaxEventTargetListeners, kMaxEventTargetListenersWarned, kResistStopPropagation } = shared;
const { ERR_EVENT_RECURSION, ERR_INVALID_ARG_TYPE, ERR_INVALID_THIS, ERR_MISSING_ARGS } = codes;

const kCreateEvent = Symbol('kCreateEvent');
const kEvents = Symbol('kEvents');
const kHandlers = Symbol('khandlers');
const kIsEventTarget = Symbol.for('nodejs.event_target');
const kIsNodeEventTarget = Symbol('kIsNodeEventTarget');
const kIsNodeStyleListener = Symbol('kIsNodeStyleListener');
const kNewListener = Symbol('kNewListener');
const kRemoveListener = Symbol('kRemoveListener');
const kTrustEvent = Symbol('kTrustEvent');
const kWeakHandler = Symbol('kWeak');
const customInspect = Symbol.for('nodejs.util.inspect.custom');

const { now } = internalBinding('timers');

class Event {
  #type; #bubbles; #cancelable; #composed; #trusted; #time;
  #prevented = false;
  #stopped = false;
  #propagationStopped = false;
  #target = null;
  #dispatching = false;

  constructor(type, options = undefined) {
    if (arguments.length === 0) throw new ERR_MISSING_ARGS('type');
    if (options != null) validateObject(options, 'options', { allowArray: true, allowFunction: true });
    this.#bubbles = !!options?.bubbles;
    this.#cancelable = !!options?.cancelable;
    this.#composed = !!options?.composed;
    this.#trusted = options?.[kTrustEvent] === true;
    this.#type = `${type}`;
    this.#time = now();
  }

  static #of(event) {
    if (typeof event !== 'object' || event === null || !(#type in event)) throw new ERR_INVALID_THIS('Event');
    return event;
  }

  // dispatchEvent calls begin and end with an event, and isStopped between two listeners.
  static begin(event, target) {
    if (event.#dispatching) throw new ERR_EVENT_RECURSION(event.#type);
    event.#target = target;
    event.#dispatching = true;
  }
  static end(event) { event.#dispatching = false; }
  static isDispatching(event) { return event.#dispatching; }
  static isStopped(event) { return event.#stopped; }
  static is(event) { return typeof event === 'object' && event !== null && #type in event; }

  get target() { return Event.#of(this).#target; }
  get currentTarget() { return Event.#of(this).#dispatching ? this.#target : null; }
  get srcElement() { return Event.#of(this).#target; }
  get type() { return Event.#of(this).#type; }
  get cancelable() { return Event.#of(this).#cancelable; }
  get defaultPrevented() { return Event.#of(this).#cancelable && this.#prevented; }
  get timeStamp() { return Event.#of(this).#time; }
  get returnValue() { return !Event.#of(this).#cancelable || !this.#prevented; }
  get bubbles() { return Event.#of(this).#bubbles; }
  get composed() { return Event.#of(this).#composed; }
  get eventPhase() { return Event.#of(this).#dispatching ? Event.AT_TARGET : Event.NONE; }
  get isTrusted() { return Event.#of(this).#trusted; }
  get cancelBubble() { return Event.#of(this).#propagationStopped; }
  set cancelBubble(value) {
    if (value) Event.#of(this).#propagationStopped = true;
  }
  composedPath() { return Event.#of(this).#dispatching ? [this.#target] : []; }
  preventDefault() { Event.#of(this).#prevented = true; }
  stopPropagation() { Event.#of(this).#propagationStopped = true; }
  stopImmediatePropagation() {
    Event.#of(this).#propagationStopped = true;
    this.#stopped = true;
  }
  initEvent(type, bubbles = false, cancelable = false) {
    if (arguments.length === 0) throw new ERR_MISSING_ARGS('type');
    if (Event.#of(this).#dispatching) return;
    this.#type = `${type}`;
    this.#bubbles = !!bubbles;
    this.#cancelable = !!cancelable;
  }

  [customInspect](depth, options, inspect) {
    const { name } = this.constructor;
    if (depth < 0) return name;
    const shown = { type: this.type, defaultPrevented: this.defaultPrevented, cancelable: this.cancelable,
      timeStamp: this.timeStamp };
    return `${name} ${inspect(shown, { ...options, depth: Number.isInteger(options.depth) ? options.depth - 1 : options.depth })}`;
  }
}

// internals removes functions from a class that only this module calls.
function internals(Class, names) {
  const taken = {};
  for (const name of names) {
    taken[name] = Class[name];
    delete Class[name];
  }
  return taken;
}

// show makes the properties of a class enumerable, as in interfaces of the web.
function show(Class, names) {
  for (const name of names) Object.defineProperty(Class.prototype, name, { enumerable: true });
  Object.defineProperty(Class.prototype, Symbol.toStringTag, { value: Class.name, configurable: true });
}

const { begin, end, is: isEvent, isStopped } = internals(Event, ['begin', 'end', 'is', 'isDispatching', 'isStopped']);

show(Event, [
  'target', 'currentTarget', 'srcElement', 'type', 'cancelable', 'defaultPrevented', 'timeStamp', 'returnValue',
  'bubbles', 'composed', 'eventPhase', 'isTrusted', 'cancelBubble', 'composedPath', 'preventDefault',
  'stopPropagation', 'stopImmediatePropagation', 'initEvent',
]);
['NONE', 'CAPTURING_PHASE', 'AT_TARGET', 'BUBBLING_PHASE'].forEach((name, value) => {
  Object.defineProperty(Event, name, { value, enumerable: true });
  Object.defineProperty(Event.prototype, name, { value, enumerable: true });
});

class CustomEvent extends Event {
  #detail;

  constructor(type, options = undefined) {
    if (arguments.length === 0) throw new ERR_MISSING_ARGS('type');
    super(type, options);
    this.#detail = options?.detail ?? null;
  }

  get detail() {
    if (!(#detail in this)) throw new ERR_INVALID_THIS('CustomEvent');
    return this.#detail;
  }
}

show(CustomEvent, ['detail']);

// Listener is one entry of a target's list. Its function may be held weakly: then what kWeakHandler names keeps it.
class Listener {
  constructor(callback, options) {
    this.once = !!options.once;
    this.capture = !!options.capture;
    this.passive = !!options.passive;
    this.isNodeStyle = !!options[kIsNodeStyleListener];
    this.resists = !!options[kResistStopPropagation];
    this.weak = options[kWeakHandler] !== undefined;
    this.removed = false;
    if (this.weak) {
      this.ref = new WeakRef(callback);
      keep(options[kWeakHandler], callback);
    } else {
      this.ref = callback;
    }
  }

  get callback() { return this.weak ? this.ref.deref() : this.ref; }

  // same reports whether adding a listener again would change nothing.
  same(callback, capture) { return this.capture === capture && this.callback === callback; }
}

const weaklyHeld = new WeakMap();

function keep(holder, callback) {
  const held = weaklyHeld.get(holder);
  if (held === undefined) weaklyHeld.set(holder, [callback]);
  else held.push(callback);
}

function isTarget(value) {
  return value?.constructor?.[kIsEventTarget] === true || value?.[kEvents] instanceof Map;
}

function checkThis(target) {
  if (!isTarget(target)) throw new ERR_INVALID_THIS('EventTarget');
}

// isListener reports whether a target accepts a listener; null and undefined are ignored.
function isListener(target, listener) {
  if (typeof listener === 'function' || (typeof listener === 'object' && listener !== null)) return true;
  if (listener == null) return false;
  throw new ERR_INVALID_ARG_TYPE('listener', 'EventListener', listener);
}

function warnOfNothing(target, listener, type) {
  const warning = new Error(`addEventListener called with ${listener} which has no effect.`);
  Object.assign(warning, { name: 'AddEventListenerArgumentTypeWarning', target, type });
  process.emitWarning(warning);
}

const noOptions = Object.freeze({});

function optionsOf(options) {
  if (typeof options === 'boolean') return { capture: options };
  if (options == null) return noOptions;
  validateObject(options, 'options', { allowArray: true, allowFunction: true });
  return options;
}

class EventTarget {
  constructor() {
    initEventTarget(this);
  }

  addEventListener(type, listener, options = undefined) {
    checkThis(this);
    if (arguments.length < 2) throw new ERR_MISSING_ARGS('type', 'listener');
    options = optionsOf(options);
    if (!isListener(this, listener)) {
      warnOfNothing(this, listener, type);
      return;
    }
    const { signal } = options;
    validateAbortSignal(signal, 'options.signal');
    type = `${type}`;
    if (signal) {
      if (signal.aborted) return;
      signal.addEventListener('abort', () => this.removeEventListener(type, listener, options),
        { once: true, [kWeakHandler]: this, [kResistStopPropagation]: true });
    }
    let list = this[kEvents].get(type);
    if (list === undefined) {
      this[kEvents].set(type, list = new Set());
    } else {
      for (const one of list) {
        if (one.same(listener, !!options.capture)) return;
      }
    }
    const entry = new Listener(listener, options);
    list.add(entry);
    this[kNewListener](list, type, entry);
  }

  removeEventListener(type, listener, options = undefined) {
    checkThis(this);
    if (arguments.length < 2) throw new ERR_MISSING_ARGS('type', 'listener');
    type = `${type}`;
    const list = this[kEvents].get(type);
    if (list === undefined || !isListener(this, listener)) return;
    const capture = typeof options === 'boolean' ? options : !!options?.capture;
    for (const one of list) {
      if (one.same(listener, capture)) {
        drop(this, type, list, one);
        return;
      }
    }
  }

  dispatchEvent(event) {
    checkThis(this);
    if (arguments.length < 1) throw new ERR_MISSING_ARGS('event');
    if (!isEvent(event)) throw new ERR_INVALID_ARG_TYPE('event', 'Event', event);
    begin(event, this);
    dispatch(this, event.type, event, event);
    return !event.defaultPrevented;
  }

  // Called after a listener was added or removed.
  [kNewListener](list, type) { warnOfMany(this, list, type); }
  [kRemoveListener]() {}

  // Called to make the event that a listener in the style of the web gets.
  [kCreateEvent](type, value) { return new CustomEvent(type, { detail: value }); }

  [customInspect](depth, options, inspect) {
    if (!isTarget(this)) return this;
    const name = this.constructor?.name ?? 'EventTarget';
    if (depth < 0) return name;
    return `${name} ${inspect({}, options)}`;
  }
}

show(EventTarget, ['addEventListener', 'removeEventListener', 'dispatchEvent']);
Object.defineProperty(EventTarget, kIsEventTarget, { value: true });

// initEventTarget makes an object of another class a target.
function initEventTarget(target) {
  Object.defineProperty(target, kEvents, { value: new Map(), configurable: true });
}

function drop(target, type, list, entry) {
  entry.removed = true;
  list.delete(entry);
  if (list.size === 0) target[kEvents].delete(type);
  target[kRemoveListener](list, type, entry);
}

// prune removes weakly held listeners that were collected.
function prune(target, type, list) {
  for (const one of list) {
    if (one.weak && one.callback === undefined) drop(target, type, list, one);
  }
}

function warnOfMany(target, list, type) {
  const most = target[kMaxEventTargetListeners] ?? shared.defaultMaxListeners;
  if (most <= 0 || list.size <= most || target[kMaxEventTargetListenersWarned]) return;
  prune(target, type, list);
  if (list.size <= most) return;
  Object.defineProperty(target, kMaxEventTargetListenersWarned, { value: true });
  const { inspect } = require('internal/inspect');
  const warning = new Error(`Possible EventTarget memory leak detected. ${list.size} ${type} listeners added to ` +
    `${inspect(target, { depth: -1 })}. MaxListeners is ${most}. Use events.setMaxListeners() to increase limit`);
  Object.assign(warning, { name: 'MaxListenersExceededWarning', target, type, count: list.size });
  process.emitWarning(warning);
}

// dispatch calls the listeners of a type. Those in Node's style get value; event may be undefined
// until another needs it.
function dispatch(target, type, event, value) {
  const list = target[kEvents].get(type);
  if (list !== undefined) {
    for (const entry of [...list]) {
      if (entry.removed) continue;
      if (event !== undefined && isStopped(event) && !entry.resists) continue;
      const { callback } = entry;
      if (callback === undefined || entry.once) drop(target, type, list, entry);
      if (callback === undefined) continue;
      if (!entry.isNodeStyle && event === undefined) {
        event = target[kCreateEvent](type, value);
        begin(event, target);
      }
      invoke(target, entry.isNodeStyle ? value : event, callback);
    }
  }
  if (event !== undefined) end(event);
}

function invoke(target, argument, callback) {
  try {
    const result = typeof callback === 'function' ? callback.call(target, argument) : callback.handleEvent(argument);
    if (result !== null && result !== undefined && typeof result.then === 'function') {
      result.then(undefined, throwLater);
    }
  } catch (error) {
    throwLater(error);
  }
}

// throwLater makes an error uncaught, and lets the other listeners run first.
function throwLater(error) {
  process.nextTick(() => { throw error; });
}

class NodeEventTarget extends EventTarget {
  setMaxListeners(n) {
    checkNode(this);
    require('events').setMaxListeners(n, this);
  }

  getMaxListeners() {
    checkNode(this);
    return this[kMaxEventTargetListeners] ?? shared.defaultMaxListeners;
  }

  eventNames() {
    checkNode(this);
    return [...this[kEvents].keys()];
  }

  listenerCount(type) {
    checkNode(this);
    return this[kEvents].get(String(type))?.size ?? 0;
  }

  on(type, listener) {
    checkNode(this);
    this.addEventListener(type, listener, { [kIsNodeStyleListener]: true });
    return this;
  }

  addListener(type, listener) {
    checkNode(this);
    return this.on(type, listener);
  }

  once(type, listener) {
    checkNode(this);
    this.addEventListener(type, listener, { once: true, [kIsNodeStyleListener]: true });
    return this;
  }

  off(type, listener, options) {
    checkNode(this);
    this.removeEventListener(type, listener, options);
    return this;
  }

  removeListener(type, listener, options) {
    checkNode(this);
    return this.off(type, listener, options);
  }

  emit(type, value) {
    checkNode(this);
    validateString(type, 'type');
    const had = this.listenerCount(type) > 0;
    dispatch(this, type, undefined, value);
    return had;
  }

  removeAllListeners(type) {
    checkNode(this);
    for (const [name, list] of [...this[kEvents]]) {
      if (type !== undefined && name !== String(type)) continue;
      for (const one of list) drop(this, name, list, one);
    }
    return this;
  }
}

function checkNode(target) {
  if (target?.[kIsNodeEventTarget] !== true) throw new ERR_INVALID_THIS('NodeEventTarget');
}

Object.defineProperty(NodeEventTarget.prototype, kIsNodeEventTarget, { value: true });
Object.defineProperty(NodeEventTarget, 'defaultMaxListeners', { get: () => shared.defaultMaxListeners });
show(NodeEventTarget, [
  'setMaxListeners', 'getMaxListeners', 'eventNames', 'listenerCount', 'on', 'addListener', 'once', 'off',
  'removeListener', 'emit',
  'removeAllListeners',
]);

// defineEventHandler adds a property on… to a target: its function is called as a listener that
// stays where it was first set.
function defineEventHandler(target, name, event = name) {
  Object.defineProperty(target, `on${name}`, {
    get() { return this[kHandlers]?.get(name)?.handler ?? null; },
    set(handler) {
      if (this[kHandlers] === undefined) Object.defineProperty(this, kHandlers, { value: new Map() });
      const handlers = this[kHandlers];
      if (typeof handler !== 'function' && typeof handler !== 'object') handler = null;
      let wrapper = handlers.get(name);
      if (wrapper === undefined) {
        if (handler === null) return;
        wrapper = function (...args) {
          return typeof wrapper.handler === 'function' ? Reflect.apply(wrapper.handler, this, args) : undefined;
        };
        wrapper.handler = handler;
        handlers.set(name, wrapper);
        this.addEventListener(event, wrapper);
      } else if (handler === null) {
        this.removeEventListener(event, wrapper);
        handlers.delete(name);
      } else {
        wrapper.handler = handler;
      }
    },
    configurable: true, enumerable: true,
  });
}

// listenersOf returns the functions that are called for a type of event.
function listenersOf(target, type) {
  return [...target[kEvents].get(type) ?? []].map((one) => one.callback).filter((one) => one !== undefined);
}

module.exports = {
  CustomEvent, Event, EventTarget, NodeEventTarget, defineEventHandler, initEventTarget, isEventTarget: isTarget,
  kCreateEvent, kEvents, kIsNodeStyleListener, kMaxEventTargetListeners, kMaxEventTargetListenersWarned, kNewListener,
  kRemoveListener, kResistStopPropagation, kTrustEvent, kWeakHandler,
  listenersOf,
};

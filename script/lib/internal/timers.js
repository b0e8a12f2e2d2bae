'use strict';

// The timers of the script. Timers of one duration are in a list, in the order in which they were set. The lists are in
// a heap, ordered by the time of their first timer. One timer of the loop serves all of them.

const contexts = require('internal/context_hook');
const { codes: { ERR_OUT_OF_RANGE } } = require('internal/errors');
const { append, init, isEmpty, peek, remove } = require('internal/linkedlist');
const { validateFunction, validateNumber } = require('internal/validators');

const binding = internalBinding('timers');

const TIMEOUT_MAX = 2 ** 31 - 1;

const kAsyncId = Symbol('asyncId');
const kHasPrimitive = Symbol('kHasPrimitive');
const kRefed = Symbol('refed');

let ids = 0; // of timers and lists
let runDeferred; // runs ticks and reactions; bootstrap gives it

class TimersList {
  constructor(expiry, msecs) {
    init(this);
    this.expiry = expiry;
    this.id = ++ids; // If lists are due at once, the older one comes first.
    this.msecs = msecs;
    this.place = -1; // in the heap
  }
}

// The heap of lists.

const lists = new Map(); // by their duration
const heap = [];

function before(a, b) {
  return a.expiry < b.expiry || (a.expiry === b.expiry && a.id < b.id);
}

function put(list, i) {
  heap[i] = list;
  list.place = i;
}

function up(i) {
  const list = heap[i];
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (!before(list, heap[parent])) break;
    put(heap[parent], i);
    i = parent;
  }
  put(list, i);
}

function down(i) {
  const list = heap[i];
  for (;;) {
    let child = 2 * i + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
    if (!before(heap[child], list)) break;
    put(heap[child], i);
    i = child;
  }
  put(list, i);
}

function dropList(list) {
  lists.delete(list.msecs);
  const i = list.place;
  list.place = -1;
  const last = heap.pop();
  if (last === list) return;
  put(last, i);
  up(i);
  down(last.place);
}

// The time at which the loop's timer fires.

let nextExpiry = Infinity; // when the loop's timer fires
let referenced = 0; // timers that keep the loop running

function hold() {
  if (referenced++ === 0) binding.toggleTimers(true);
}

function release() {
  if (--referenced === 0) binding.toggleTimers(false);
}

function schedule(expiry) {
  if (expiry >= nextExpiry) return;
  nextExpiry = expiry;
  binding.schedule(expiry);
}

// insert starts a timer: it is due msecs after start.
function insert(timer, msecs, start = binding.now()) {
  msecs = Math.trunc(msecs);
  timer._idleStart = start;
  let list = lists.get(msecs);
  if (list === undefined) {
    list = new TimersList(start + msecs, msecs);
    lists.set(msecs, list);
    heap.push(list);
    up(heap.length - 1);
    if (!running) schedule(list.expiry);
  }
  append(list, timer);
}

let running = false; // processTimers is running

// processTimers calls the timers that are due when it begins; later ones wait for the next turn. An exception ends it,
// and the host calls it again at once.
function processTimers() {
  const now = binding.now();
  let ran = false;
  nextExpiry = Infinity;
  running = true;
  try {
    while (heap.length > 0) {
      const list = heap[0];
      if (list.expiry > now) break;
      if (ran) runDeferred();
      ran = true;
      processList(list, now);
    }
  } finally {
    running = false;
    if (heap.length > 0) schedule(heap[0].expiry);
  }
}

function processList(list, now) {
  let ran = false;
  while (!isEmpty(list)) {
    const timer = peek(list);
    if (now - timer._idleStart < list.msecs) {
      // The others wait as well, at least until the next millisecond: a timer that sets itself anew must not block the
      // loop.
      list.expiry = Math.max(timer._idleStart + list.msecs, now + 1);
      list.id = ++ids;
      down(list.place);
      return;
    }
    if (ran) {
      runDeferred();
      if (peek(list) !== timer) continue; // A tick has cleared it.
    }
    ran = true;
    remove(timer);
    if (timer._onTimeout) fire(timer);
    else end(timer);
  }
  if (list.place >= 0) dropList(list);
}

function fire(timer) {
  const args = timer._timerArgs;
  const start = timer._repeat ? binding.now() : 0;
  try {
    if (args === undefined) timer._onTimeout();
    else if (args.length === 1) timer._onTimeout(args[0]);
    else Reflect.apply(timer._onTimeout, timer, args);
  } finally {
    if (timer._repeat && timer._idleTimeout !== -1) {
      timer._idleTimeout = timer._repeat;
      insert(timer, timer._idleTimeout, start);
    } else if (!timer._idleNext && !timer._idlePrev) {
      end(timer);
    }
  }
}

function end(timer) {
  if (timer._destroyed) return;
  timer._destroyed = true;
  if (timer[kHasPrimitive]) known.delete(timer[kAsyncId]);
  if (timer[kRefed]) release();
  if (contexts.destroyed !== undefined) contexts.destroyed(timer);
}

const known = new Map(); // timers by number, if they were converted to one
const warned = new Set(); // warnings that were given

function warn(type, text) {
  if (type !== 'TimeoutOverflowWarning') {
    if (warned.has(type)) return;
    warned.add(type);
  }
  process.emitWarning(`${text}.\nTimeout duration was set to 1.`, type);
}

class Timeout {
  constructor(callback, after, args, isRepeat, isRefed) {
    if (after === undefined) after = 1;
    else after *= 1;
    if (!(after >= 1 && after <= TIMEOUT_MAX)) {
      if (after > TIMEOUT_MAX) warn('TimeoutOverflowWarning', `${after} does not fit into a 32-bit signed integer`);
      else if (after < 0) warn('TimeoutNegativeWarning', `${after} is a negative number`);
      else if (Number.isNaN(after)) warn('TimeoutNaNWarning', `${after} is not a number`);
      after = 1;
    }
    this._idleTimeout = after;
    this._idlePrev = null;
    this._idleNext = null;
    this._idleStart = null;
    this._onTimeout = contexts.bind === undefined ? callback : contexts.bind(callback, 'Timeout', this);
    this._timerArgs = args;
    this._repeat = isRepeat ? after : null;
    this._destroyed = false;
    this[kRefed] = isRefed;
    this[kHasPrimitive] = false;
    this[kAsyncId] = ++ids;
    if (isRefed) hold();
    insert(this, after);
  }

  refresh() {
    if (this._idleTimeout < 0) return this; // It was cleared.
    insert(this, this._idleTimeout);
    if (this._destroyed) {
      this._destroyed = false;
      if (this[kRefed]) hold();
    }
    return this;
  }

  unref() {
    if (this[kRefed]) {
      this[kRefed] = false;
      if (!this._destroyed) release();
    }
    return this;
  }

  ref() {
    if (!this[kRefed]) {
      this[kRefed] = true;
      if (!this._destroyed) hold();
    }
    return this;
  }

  hasRef() {
    return this[kRefed];
  }

  close() {
    clearTimeout(this);
    return this;
  }

  [Symbol.dispose]() {
    clearTimeout(this);
  }

  [Symbol.toPrimitive]() {
    const id = this[kAsyncId];
    if (!this[kHasPrimitive] && !this._destroyed) {
      this[kHasPrimitive] = true;
      known.set(id, this);
    }
    return id;
  }
}

function setTimeout(callback, after, ...args) {
  if (typeof callback !== 'function') validateFunction(callback, 'callback');
  return new Timeout(callback, after, args.length > 0 ? args : undefined, false, true);
}

function setInterval(callback, repeat, ...args) {
  if (typeof callback !== 'function') validateFunction(callback, 'callback');
  return new Timeout(callback, repeat, args.length > 0 ? args : undefined, true, true);
}

// setUnrefTimeout sets a time limit of the library, which does not keep the loop running.
function setUnrefTimeout(callback, after) {
  validateFunction(callback, 'callback');
  return new Timeout(callback, after, undefined, false, false);
}

function clearTimeout(timer) {
  if (typeof timer === 'number' || typeof timer === 'string') timer = known.get(+timer);
  if (!timer?._onTimeout) return;
  timer._onTimeout = null;
  if (timer._destroyed || !(timer instanceof Timeout)) return;
  remove(timer);
  const list = lists.get(Math.trunc(timer._idleTimeout));
  if (list !== undefined && isEmpty(list) && !running) dropList(list);
  end(timer);
  timer._idleTimeout = -1;
}

function clearInterval(timer) {
  clearTimeout(timer);
}

// getTimerDuration checks a number of milliseconds of a socket or a child process.
function getTimerDuration(ms, name) {
  validateNumber(ms, name);
  if (ms < 0 || !Number.isFinite(ms)) throw new ERR_OUT_OF_RANGE(name, 'a non-negative finite number', ms);
  if (ms <= TIMEOUT_MAX) return ms;
  process.emitWarning(`${ms} does not fit into a 32-bit signed integer.\nTimer duration was truncated to ${TIMEOUT_MAX}.`, 'TimeoutOverflowWarning');
  return TIMEOUT_MAX;
}

Object.defineProperty(setTimeout, Symbol.for('nodejs.util.promisify.custom'), {
  configurable: true, enumerable: true, get: () => require('timers/promises').setTimeout,
});

module.exports = {
  activeTimers: () => referenced,
  TIMEOUT_MAX, Timeout, clearInterval, clearTimeout, getTimerDuration, kRefed, kTimeout: Symbol('timeout'),
  processTimers, setInterval,
  setRunDeferred(fn) { runDeferred = fn; }, setTimeout, setUnrefTimeout,
};

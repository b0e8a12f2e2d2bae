'use strict';

// Immediates. One that is set while others run waits for the next turn of the loop.

const contexts = require('internal/context_hook');
const { validateFunction } = require('internal/validators');

const binding = internalBinding('timers');

const kRefed = Symbol('refed');

let queue = [];
let first; // function to call before the others
let rest; // the rest of a list after an exception
let referenced = 0; // immediates that keep the loop running
let runDeferred; // runs ticks and reactions; bootstrap gives it

function hold() {
  if (referenced++ === 0) binding.toggleImmediates(true);
}

function release() {
  if (--referenced === 0) binding.toggleImmediates(false);
}

class Immediate {
  constructor(callback, args) {
    this._onImmediate = contexts.bind === undefined ? callback : contexts.bind(callback, 'Immediate', this);
    this._argv = args;
    this._destroyed = false;
    this[kRefed] = true;
    if (queue.push(this) === 1) binding.scheduleImmediates();
    hold();
  }

  ref() {
    if (this[kRefed] === false) {
      this[kRefed] = true;
      hold();
    }
    return this;
  }

  unref() {
    if (this[kRefed] === true) {
      this[kRefed] = false;
      release();
    }
    return this;
  }

  hasRef() {
    return !!this[kRefed];
  }

  [Symbol.dispose]() {
    clearImmediate(this);
  }
}

function end(immediate) {
  immediate._destroyed = true;
  if (immediate[kRefed]) release();
  immediate[kRefed] = null;
}

// processImmediates calls the immediates that were set before the turn. An exception ends it, and the host calls it
// again at once for the rest.
function processImmediates() {
  if (first !== undefined) runFirst();
  let list = rest;
  rest = undefined;
  if (list === undefined) {
    list = queue;
    queue = [];
  }
  let ran = false;
  for (let i = 0; i < list.length; i++) {
    if (ran) runDeferred();
    const immediate = list[i];
    if (immediate._destroyed) continue;
    ran = true;
    end(immediate);
    const args = immediate._argv;
    try {
      if (args === undefined) immediate._onImmediate();
      else if (args.length === 1) immediate._onImmediate(args[0]);
      else Reflect.apply(immediate._onImmediate, immediate, args);
    } catch (error) {
      rest = list.slice(i + 1);
      throw error;
    }
    immediate._onImmediate = null;
  }
  if (queue.length > 0) binding.scheduleImmediates();
}

function setImmediate(callback, ...args) {
  if (typeof callback !== 'function') validateFunction(callback, 'callback');
  return new Immediate(callback, args.length > 0 ? args : undefined);
}

// setFirst calls fn before the immediates of the next turn. fn is no immediate itself.
function setFirst(fn) {
  first = fn;
  binding.scheduleImmediates();
  hold();
}

function runFirst() {
  const fn = first;
  first = undefined;
  release();
  fn();
}

function clearImmediate(immediate) {
  if (!immediate?._onImmediate || immediate._destroyed || !(immediate instanceof Immediate)) return;
  immediate._onImmediate = null;
  end(immediate);
  if (contexts.destroyed !== undefined) contexts.destroyed(immediate);
}

Object.defineProperty(setImmediate, Symbol.for('nodejs.util.promisify.custom'), {
  configurable: true, enumerable: true, get: () => require('timers/promises').setImmediate,
});

module.exports = {
  activeImmediates: () => referenced, Immediate, clearImmediate, processImmediates, setImmediate, setRunDeferred(fn) {
    runDeferred = fn;
  }, setFirst };

'use strict';

const { AbortError, codes: { ERR_ILLEGAL_CONSTRUCTOR, ERR_INVALID_THIS } } = require('internal/errors');
const immediates = require('internal/immediates');
const timers = require('internal/timers');
const { validateAbortSignal, validateBoolean, validateNumber, validateObject } = require('internal/validators');
const { kResistStopPropagation } = require('internal/event_target');

const listening = { once: true, [kResistStopPropagation]: true };

// check throws if a value is no valid delay.
function check(delay, options) {
  if (delay !== undefined) validateNumber(delay, 'delay');
  validateObject(options, 'options');
  if (options.signal !== undefined) validateAbortSignal(options.signal, 'options.signal');
  if (options.ref !== undefined) validateBoolean(options.ref, 'options.ref');
}

function aborted(signal) {
  return new AbortError(undefined, { cause: signal.reason });
}

// wait returns the promise of a timer that start makes and stop clears.
function wait(delay, value, options, start, stop) {
  try {
    check(delay, options);
  } catch (error) {
    return Promise.reject(error);
  }
  const { signal, ref = true } = options;
  if (signal?.aborted) return Promise.reject(aborted(signal));
  return new Promise((resolve, reject) => {
    const timer = start(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve(value);
    });
    if (!ref) timer.unref();
    function onAbort() {
      stop(timer);
      reject(aborted(signal));
    }
    signal?.addEventListener('abort', onAbort, listening);
  });
}

function setTimeout(delay, value, options = {}) {
  return wait(delay, value, options, (done) => timers.setTimeout(done, delay), timers.clearTimeout);
}

function setImmediate(value, options = {}) {
  return wait(undefined, value, options, (done) => immediates.setImmediate(done), immediates.clearImmediate);
}

const AsyncIteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype);

// Interval yields a value for each interval that has passed, however late next is called. It is no generator, because
// the engine does not wait for a generator's return at a break: here the timer is stopped before return() returns.
class Interval {
  #delay; #value; #options;
  #timer; // undefined until the first next
  #passed = 0;
  #waiting = []; // calls of next
  #isDone = false;
  #onAbort = () => {
    timers.clearTimeout(this.#timer);
    const [first, ...others] = this.#waiting.splice(0);
    if (first === undefined) return; // The next call gets the error.
    this.#end();
    first.reject(aborted(this.#options.signal));
    for (const { resolve } of others) resolve({ value: undefined, done: true });
  };

  constructor(delay, value, options) {
    this.#delay = delay;
    this.#value = value;
    this.#options = options;
  }

  async next() {
    if (!this.#isDone && this.#timer === undefined) this.#start();
    if (this.#isDone) return { value: undefined, done: true };
    if (this.#passed > 0) {
      this.#passed--;
      return { value: this.#value, done: false };
    }
    const { signal } = this.#options;
    if (signal?.aborted) {
      this.#end();
      throw aborted(signal);
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  async return(value) {
    this.#end();
    for (const { resolve } of this.#waiting.splice(0)) resolve({ value: undefined, done: true });
    return { value, done: true };
  }

  async throw(error) {
    await this.return();
    throw error;
  }

  #start() {
    try {
      check(this.#delay, this.#options);
      const { signal } = this.#options;
      if (signal?.aborted) throw aborted(signal);
    } catch (error) {
      this.#isDone = true;
      throw error;
    }
    const { signal, ref = true } = this.#options;
    this.#timer = timers.setInterval(() => {
      if (this.#waiting.length > 0) this.#waiting.shift().resolve({ value: this.#value, done: false });
      else this.#passed++;
    }, this.#delay);
    if (!ref) this.#timer.unref();
    signal?.addEventListener('abort', this.#onAbort, listening);
  }

  #end() {
    this.#isDone = true;
    if (this.#timer === undefined) return;
    timers.clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
  }
}

Object.setPrototypeOf(Interval.prototype, AsyncIteratorPrototype);

function setInterval(delay, value, options = {}) {
  return new Interval(delay, value, options);
}

const kMake = Symbol('kMake');

class Scheduler {
  #made = true;
  constructor(key) {
    if (key !== kMake) throw new ERR_ILLEGAL_CONSTRUCTOR();
  }
  yield() {
    if (!(#made in this)) throw new ERR_INVALID_THIS('Scheduler');
    return setImmediate();
  }
  wait(delay, options) {
    if (!(#made in this)) throw new ERR_INVALID_THIS('Scheduler');
    return setTimeout(delay, undefined, options);
  }
}

module.exports = { setImmediate, setInterval, setTimeout, scheduler: new Scheduler(kMake) };

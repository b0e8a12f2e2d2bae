'use strict';

// mock.timers of node:test: timers and a clock that the test advances.

const { AbortError, codes: { ERR_INVALID_ARG_VALUE, ERR_INVALID_STATE } } = require('internal/errors');
const { validateAbortSignal, validateNumber, validateStringArray } = require('internal/validators');

const supported = ['setTimeout', 'setInterval', 'setImmediate', 'Date', 'scheduler.wait', 'AbortSignal.timeout'];
const timeoutMax = 2 ** 31 - 1;
const RealDate = Date;

class MockTimer {
  constructor(owner, id, due, callback, args, interval) {
    Object.assign(this, { owner, id, due, callback, args, interval });
  }
  hasRef() { return true; }
  ref() { return this; }
  unref() { return this; }
  refresh() { return this; }
  [Symbol.toPrimitive]() { return this.id; }
  [Symbol.dispose]() { this.owner.clear(this); }
}

class MockTimers {
  #isOn = false; #now = 0; #ids = 0; #queue = []; #restore = [];

  enable(options = {}) {
    if (this.#isOn) throw new ERR_INVALID_STATE('MockTimers is already enabled!');
    const { apis = supported, now = 0 } = options;
    validateStringArray(apis, 'options.apis');
    for (const api of apis) {
      if (!supported.includes(api)) {
        throw new ERR_INVALID_ARG_VALUE('options.apis', api, `option ${api} is not supported`);
      }
    }
    const time = now instanceof RealDate ? RealDate.prototype.getTime.call(now) : now;
    if (!(now instanceof RealDate) || Number.isNaN(time)) validateNumber(now, 'initialTime');
    if (time < 0) throw new ERR_INVALID_ARG_VALUE('now', time, 'is not a valid timestamp');
    this.#now = time;
    this.#isOn = true;
    for (const api of apis) this.#replace(api);
  }

  #check() {
    if (!this.#isOn) throw new ERR_INVALID_STATE('You should enable MockTimers first by calling the .enable function');
  }

  tick(ms = 1) {
    this.#check();
    if (ms < 0) throw new ERR_INVALID_ARG_VALUE('time', 'positive integer', ms);
    this.#advance(this.#now + ms);
  }

  runAll() {
    this.#check();
    const last = this.#queue.reduce((latest, timer) => Math.max(latest, timer.due), this.#now);
    if (this.#queue.length > 0) this.#advance(last);
  }

  setTime(ms = 0) {
    this.#check();
    validateNumber(ms, 'time');
    if (ms < 0) throw new ERR_INVALID_ARG_VALUE('time', 'positive integer', ms);
    this.#now = ms;
  }

  reset() {
    if (!this.#isOn) return;
    for (const undo of this.#restore.reverse()) undo();
    this.#restore = [];
    this.#queue = [];
    this.#isOn = false;
    this.#now = 0;
  }

  [Symbol.dispose]() { this.reset(); }

  #advance(to) {
    for (;;) {
      const timer = this.#queue.reduce((first, one) => (first === undefined || one.due < first.due ? one : first),
        undefined);
      if (timer === undefined || timer.due > to) break;
      this.#now = Math.max(this.#now, timer.due);
      if (timer.interval === undefined) {
        this.clear(timer);
      } else {
        timer.due += timer.interval;
        // After those that are due at the same time.
        this.#queue.push(...this.#queue.splice(this.#queue.indexOf(timer), 1));
      }
      Reflect.apply(timer.callback, timer, timer.args);
    }
    this.#now = to;
  }

  clear(timer) {
    if (timer === undefined || timer === null) return;
    const i = this.#queue.findIndex((one) => one === timer || one.id === +timer);
    if (i !== -1) this.#queue.splice(i, 1);
  }

  #set(callback, ms, args, isInterval) {
    const delay = !(ms >= 1) || ms > timeoutMax ? 1 : Math.trunc(ms);
    const timer = new MockTimer(this, ++this.#ids, this.#now + delay, callback, args, isInterval ? delay : undefined);
    this.#queue.push(timer);
    return timer;
  }

  #setNow(callback, args) {
    const timer = new MockTimer(this, ++this.#ids, this.#now - 1, callback, args);
    this.#queue.push(timer);
    return timer;
  }

  #define(object, name, value) {
    if (!(name in object)) return;
    const descriptor = Object.getOwnPropertyDescriptor(object, name);
    Object.defineProperty(object, name, { value, writable: true, configurable: true,
      enumerable: descriptor?.enumerable ?? false });
    this.#restore.push(() => {
      if (descriptor === undefined) delete object[name];
      else Object.defineProperty(object, name, descriptor);
    });
  }

  #replace(api) {
    const timers = require('timers');
    const promises = require('timers/promises');
    const both = (name, fn) => {
      this.#define(globalThis, name, fn);
      this.#define(timers, name, fn);
    };
    switch (api) {
      case 'setTimeout':
        both('setTimeout', (callback, ms, ...args) => this.#set(callback, ms, args, false));
        both('clearTimeout', (timer) => this.clear(timer));
        this.#define(promises, 'setTimeout', (ms, value, options) =>
          this.#promise((done) => this.#set(done, ms, [], false), value, options));
        break;
      case 'setInterval':
        both('setInterval', (callback, ms, ...args) => this.#set(callback, ms, args, true));
        both('clearInterval', (timer) => this.clear(timer));
        this.#define(promises, 'setInterval', (ms, value, options) => this.#iterate(ms, value, options));
        break;
      case 'setImmediate':
        both('setImmediate', (callback, ...args) => this.#setNow(callback, args));
        both('clearImmediate', (timer) => this.clear(timer));
        this.#define(promises, 'setImmediate', (value, options) =>
          this.#promise((done) => this.#setNow(done, []), value, options));
        break;
      case 'scheduler.wait':
        this.#define(promises.scheduler ?? {}, 'wait', (ms, options) =>
          this.#promise((done) => this.#set(done, ms, [], false), undefined, options));
        break;
      case 'AbortSignal.timeout':
        this.#define(AbortSignal, 'timeout', (ms) => this.#abortAfter(ms));
        break;
      default:
        this.#replaceDate();
    }
  }

  #abortAfter(ms) {
    const controller = new AbortController();
    const { DOMException } = require('internal/dom_exception');
    this.#set(() => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')), ms,
      [], false);
    return controller.signal;
  }

  async #promise(start, value, { signal } = {}) {
    if (signal !== undefined) validateAbortSignal(signal, 'options.signal');
    const refused = () => new AbortError(undefined, { cause: signal.reason });
    if (signal?.aborted) throw refused();
    const { promise, resolve, reject } = Promise.withResolvers();
    const timer = start(() => resolve(value));
    const abort = () => {
      this.clear(timer);
      reject(refused());
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await promise;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  async* #iterate(ms, value, options) {
    if (options?.signal !== undefined) validateAbortSignal(options.signal, 'options.signal');
    const ready = [];
    let wake;
    const timer = this.#set(() => {
      ready.push(value);
      wake?.();
    }, ms, [], true);
    const { signal } = options ?? {};
    let isAborted = signal?.aborted === true;
    const abort = () => {
      isAborted = true;
      wake?.();
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      for (;;) {
        if (isAborted) throw new AbortError(undefined, { cause: signal.reason });
        if (ready.length > 0) yield ready.shift();
        else await new Promise((resolve) => { wake = resolve; });
      }
    } finally {
      this.clear(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  #replaceDate() {
    const now = () => this.#now;
    function MockDate(...args) {
      if (new.target === undefined) return new RealDate(now()).toString();
      return Reflect.construct(RealDate, args.length === 0 ? [now()] : args,
        new.target === MockDate ? MockDate : new.target);
    }
    Object.defineProperties(MockDate, Object.getOwnPropertyDescriptors(RealDate));
    Object.defineProperties(MockDate, {
      now: { value: () => now(), writable: true, configurable: true, enumerable: false },
      name: { value: 'Date', configurable: true },
      isMock: { value: true, configurable: true, enumerable: false },
    });
    this.#define(globalThis, 'Date', MockDate);
  }
}

module.exports = { MockTimers };

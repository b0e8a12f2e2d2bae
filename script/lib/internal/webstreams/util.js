'use strict';

// Shared by the streams of the web.

const { codes: { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE } } = require('internal/errors');

const kState = Symbol('kState'); // the private state of a stream, a reader, a writer or a controller
const kMake = Symbol('kMake'); // the key of constructors that scripts cannot call

function invalidState(text) {
  return Object.assign(new TypeError(`Invalid state: ${text}`), { code: 'ERR_INVALID_STATE' });
}

function nothing() {}

// deferred returns a promise with the functions that settle it. Its rejection counts as handled.
function deferred() {
  const made = Promise.withResolvers();
  made.promise.then(undefined, nothing);
  return made;
}

function rejected(error) {
  const promise = Promise.reject(error);
  promise.then(undefined, nothing);
  return promise;
}

// method returns a function that calls a method of a script's object, and returns a promise.
function method(object, name, fallback = Promise.resolve()) {
  const fn = object?.[name];
  if (fn === undefined) return () => fallback;
  if (typeof fn !== 'function') throw new ERR_INVALID_ARG_TYPE(name, 'Function', fn);
  return (...args) => {
    try {
      return Promise.resolve(Reflect.apply(fn, object, args));
    } catch (error) {
      return Promise.reject(error);
    }
  };
}

function markOf(strategy, fallback) {
  const { highWaterMark } = strategy;
  if (highWaterMark === undefined) return fallback;
  const mark = +highWaterMark;
  if (Number.isNaN(mark) || mark < 0) throw rangeError('strategy.highWaterMark', highWaterMark);
  return mark;
}

function sizeOf(strategy) {
  const { size } = strategy;
  if (size === undefined) return () => 1;
  if (typeof size !== 'function') throw new ERR_INVALID_ARG_TYPE('strategy.size', 'Function', size);
  return (chunk) => size(chunk);
}

function rangeError(name, value) {
  const error = new ERR_INVALID_ARG_VALUE(name, value);
  return Object.assign(new RangeError(error.message), { code: error.code });
}

// Queue holds chunks with their sizes.
class Queue {
  items = [];
  first = 0;
  total = 0;

  get length() { return (this.items.length - this.first) / 2; }

  push(value, size) {
    size = +size;
    if (!(size >= 0) || size === Infinity) throw rangeError('size', size);
    this.items.push(value, size);
    this.total += size;
  }

  shift() {
    const value = this.items[this.first];
    this.total = Math.max(0, this.total - this.items[this.first + 1]);
    this.items[this.first] = undefined;
    this.first += 2;
    if (this.first === this.items.length || this.first > 1024) {
      this.items.splice(0, this.first);
      this.first = 0;
    }
    return value;
  }

  peek() { return this.items[this.first]; }

  // putBack puts the unused part of a chunk back at the front.
  putBack(value, size) {
    this.total += size;
    if (this.first === 0) {
      this.items.unshift(value, size);
    } else {
      this.first -= 2;
      this.items[this.first] = value;
      this.items[this.first + 1] = size;
    }
  }

  clear() {
    this.items = [];
    this.first = this.total = 0;
  }
}

// show makes a class look like an interface of the web.
function show(Class, names) {
  for (const name of names) Object.defineProperty(Class.prototype, name, { enumerable: true });
  Object.defineProperty(Class.prototype, Symbol.toStringTag, { value: Class.name, configurable: true });
}

const customInspect = Symbol.for('nodejs.util.inspect.custom');

// describe sets the look of a class for inspect.
function describe(Class, fields) {
  Object.defineProperty(Class.prototype, customInspect, {
    value(depth, options, inspect) {
      const shown = fields(this);
      if (depth < 0) return `[${Class.name}]`;
      return `${Class.name} ${inspect(shown, { ...options, depth: options.depth == null ? null : options.depth - 1 })}`;
    },
    writable: true, configurable: true, enumerable: false,
  });
}

module.exports = {
  Queue, deferred, describe, invalidState, kMake, kState, markOf, method, nothing, rejected, show, sizeOf,
};

'use strict';

// The engine's stack of an error begins with its first frame. Node's begins with "Name: message", and Node has
// Error.captureStackTrace, stackTraceLimit and prepareStackTrace, on which scripts rely. The classes are wrapped to
// have them. Their prototypes stay, so errors of the engine itself are instances of the wrapped classes.

const limit = 10;

// header returns the first line of an error's stack.
function header(error) {
  const { name, message } = error;
  const first = name === undefined ? 'Error' : String(name);
  if (message === undefined || message === '') return first;
  return first === '' ? String(message) : `${first}: ${message}`;
}

const frame = /^ {4}at /;

// framesOf returns the lines of a stack, without frames of this file and of Reflect.construct, which it calls.
function framesOf(stack) {
  const lines = String(stack).split('\n').filter((line) => frame.test(line));
  const last = lines.findLastIndex((line) => line.includes('(node:internal/stack:'));
  const frames = lines.slice(last + 1);
  const isMade = internalBinding('modules').hasPlaces();
  return frames.map((line) => {
    line = line.replace(firstLine, (all, before, column) =>
      `${before}${column > wrapperLength ? column - wrapperLength : column}`);
    return isMade ? sourceFrame(line) : line;
  });
}

// The first line of a CommonJS file has the parameters of its function in front.
const firstLine = /((?:\(| at )\/[^\n]*:1:)(\d+)(?=\)?$)/;
const wrapperLength = '(function (exports, require, module, __filename, __dirname) {'.length;

// sourceFrame maps a frame of a rewritten file to its place in the original source.
function sourceFrame(line) {
  return line.replace(/^( {4}at (?:.* \()?)(.+?):(\d+)(?::(\d+))?(?=\)?$)/, (all, before, file, at, column) => {
    const place = internalBinding('modules').place(file, +at, +(column ?? 0));
    return place === undefined ? all : `${before}${file}:${place.join(':')}`;
  });
}

// callSite returns the object for a frame that Error.prepareStackTrace gets.
function callSite(line) {
  const CallSite = require('internal/call_site');
  return new CallSite(line);
}

// cut returns the frames of a stack that are shown.
function cut(frames, most) {
  return typeof most === 'number' ? frames.slice(0, Math.max(0, most)) : [];
}

// Given is a class whose constructor returns its argument: classes that extend it add private names to any object.
class Given {
  constructor(object) { return object; }
}

// Trace is the stack of an error. Its text is made on first use, as in Node, and has the error's name and message at
// that time.
class Trace extends Given {
  #raw; #most; #after; #title; #value; #made;

  static put(error, raw, most, after) {
    const trace = #raw in error ? error : new Trace(error);
    trace.#raw = raw;
    trace.#most = most;
    trace.#after = after;
    trace.#title = undefined;
    trace.#made = false;
  }

  // name sets the first line of an error's stack, and removes the frames up to a function.
  static name(error, title, after) {
    if (!(#raw in error)) return;
    error.#title = title;
    error.#after ??= after;
  }

  static get(error) {
    if (!(#raw in error)) return undefined;
    if (!error.#made) {
      error.#made = true;
      let frames = framesOf(error.#raw);
      if (error.#after !== undefined) {
        const at = frames.findLastIndex((line) => line.startsWith(`    at ${error.#after} (`));
        if (at >= 0) frames = frames.slice(at + 1);
      }
      frames = cut(frames, error.#most);
      const describe = Error.prepareStackTrace;
      if (typeof describe === 'function') error.#value = describe(error, frames.map(callSite));
      else error.#value = [error.#title ?? headerSafely(error), ...frames].join('\n');
      error.#raw = undefined;
    }
    return error.#value;
  }

  static set(error, value) {
    if (!(#raw in error)) new Trace(error);
    error.#made = true;
    error.#value = value;
  }
}

function headerSafely(error) {
  try {
    return header(error);
  } catch {
    return 'Error';
  }
}

const stackProperty = {
  __proto__: null,
  get() { return this instanceof Object || (typeof this === 'object' && this !== null) ? Trace.get(this) : undefined; },
  set(value) { Trace.set(this, value); },
  configurable: true, enumerable: false,
};

// setStack sets the stack of an error, given the engine's.
function setStack(error, raw, after) {
  Trace.put(error, raw, Error.stackTraceLimit, after);
  Object.defineProperty(error, 'stack', stackProperty);
}

// callSites returns the frames of the caller's caller and those that called it.
function callSites(most) {
  return framesOf(new NativeError().stack).slice(1, most + 1).map(callSite);
}

function wrap(name) {
  const Original = globalThis[name];
  const Wrapped = { [name]: function (...args) {
    const target = new.target === undefined ? Wrapped : new.target;
    const error = Reflect.construct(Original, args, target);
    setStack(error, error.stack);
    return error;
  } }[name];
  Object.defineProperty(Wrapped, 'length', { value: Original.length, configurable: true });
  for (const key of Reflect.ownKeys(Original)) {
    if (key !== 'length' && key !== 'name' && key !== 'prototype') {
      Object.defineProperty(Wrapped, key, Object.getOwnPropertyDescriptor(Original, key));
    }
  }
  Object.defineProperty(Wrapped, 'prototype', { value: Original.prototype });
  Object.defineProperty(Original.prototype, 'constructor', { value: Wrapped, writable: true, configurable: true });
  Object.defineProperty(globalThis, name, { value: Wrapped, writable: true, configurable: true });
  return Wrapped;
}

const NativeError = Error;
const WrappedError = wrap('Error');
for (const name of ['EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError',
  'AggregateError']) {
  Object.setPrototypeOf(wrap(name), WrappedError);
}

// A stack overflow is a RangeError in Node.
Object.setPrototypeOf(globalThis.InternalError.prototype, globalThis.RangeError.prototype);
delete globalThis.InternalError.prototype.name;

Object.defineProperty(WrappedError, 'stackTraceLimit',
  { value: limit, writable: true, enumerable: true, configurable: true });
Object.defineProperty(WrappedError, 'captureStackTrace', {
  value: function captureStackTrace(target, until) {
    setStack(target, new NativeError().stack, typeof until === 'function' && until.name ? until.name : undefined);
  },
  writable: true, configurable: true, enumerable: false,
});

// complete completes an error that the engine itself has thrown: it gets the first line, and places in the original
// source.
function complete(error) {
  const { stack } = error;
  if (typeof stack !== 'string' || !frame.test(stack)) return;
  const value = [headerSafely(error), ...cut(framesOf(stack), Error.stackTraceLimit)].join('\n');
  Object.defineProperty(error, 'stack', { value, writable: true, configurable: true, enumerable: false });
}

module.exports = { complete, callSites, header, nameStack: Trace.name };

'use strict';

// The functions of util that other modules of the library need, without all of util.

const { codes: { ERR_INVALID_ARG_TYPE } } = require('internal/errors');
const { validateFunction, validateString, validateUint32 } = require('internal/validators');

const customPromisify = Symbol.for('nodejs.util.promisify.custom');
const customPromisifyArgs = Symbol('customPromisifyArgs'); // names of a callback's results, after the error

function copyProperties(to, from) {
  const descriptors = Object.getOwnPropertyDescriptors(from);
  for (const key of Reflect.ownKeys(descriptors)) {
    try {
      Object.defineProperty(to, key, descriptors[key]);
    } catch {
      // A property of the function that cannot be redefined, such as the prototype of a class.
    }
  }
}

function promisify(original) {
  validateFunction(original, 'original');
  const custom = original[customPromisify];
  if (custom) {
    validateFunction(custom, 'util.promisify.custom');
    return Object.defineProperty(custom, customPromisify,
      { value: custom, enumerable: false, writable: false, configurable: true });
  }
  const names = original[customPromisifyArgs];
  function fn(...args) {
    return new Promise((resolve, reject) => {
      const made = original.call(this, ...args, (error, ...values) => {
        if (error) {
          reject(error);
        } else if (names !== undefined && values.length > 1) {
          resolve(Object.fromEntries(names.map((name, i) => [name, values[i]])));
        } else {
          resolve(values[0]);
        }
      });
      if (internalBinding('inside').classOf(made) === internalBinding('inside').classes.Promise) {
        process.emitWarning('Calling promisify on a function that returns a Promise is likely a mistake.',
          'DeprecationWarning', 'DEP0174');
      }
    });
  }
  Object.setPrototypeOf(fn, Object.getPrototypeOf(original));
  Object.defineProperty(fn, customPromisify, { value: fn, enumerable: false, writable: false, configurable: true });
  copyProperties(fn, original);
  return Object.defineProperty(fn, customPromisify, { value: fn, enumerable: false, writable: false,
    configurable: true });
}
promisify.custom = customPromisify;

const warned = new Set(); // codes of warnings that were given

// deprecate returns a function that warns on the first call. Each code is warned of once.
function deprecate(fn, message, code, { modifyPrototype = true } = {}) {
  if (code !== undefined) validateString(code, 'code');
  let done = false;
  function deprecated(...args) {
    if (!done && !process.noDeprecation) {
      done = true;
      if (code === undefined) {
        process.emitWarning(message, 'DeprecationWarning', deprecated);
      } else if (!warned.has(code)) {
        warned.add(code);
        process.emitWarning(message, 'DeprecationWarning', code, deprecated);
      }
    }
    return new.target === undefined ? Reflect.apply(fn, this, args) : Reflect.construct(fn, args, new.target);
  }
  if (modifyPrototype) {
    Object.setPrototypeOf(deprecated, fn);
    if (fn.prototype) deprecated.prototype = fn.prototype;
  }
  return Object.defineProperty(deprecated, 'length', { value: fn.length, configurable: true, enumerable: false,
    writable: false });
}

function callbackify(original) {
  validateFunction(original, 'original');
  function callbackified(...args) {
    const callback = args.pop();
    if (typeof callback !== 'function') throw new ERR_INVALID_ARG_TYPE('last argument', 'Function', callback);
    Reflect.apply(original, this, args).then(
      (value) => process.nextTick(() => Reflect.apply(callback, this, [null, value])),
      (reason) => process.nextTick(() => Reflect.apply(callback, this, [reason || falsy(reason)])),
    );
  }
  const descriptors = Object.getOwnPropertyDescriptors(original);
  if (typeof descriptors.length?.value === 'number') descriptors.length.value++;
  if (typeof descriptors.name?.value === 'string') descriptors.name.value += 'Callbackified';
  for (const key of Reflect.ownKeys(descriptors)) {
    if (key !== 'prototype') Object.defineProperty(callbackified, key, { __proto__: null, ...descriptors[key] });
  }
  return callbackified;
}

function falsy(reason) {
  const { codes: { ERR_FALSY_VALUE_REJECTION } } = require('internal/errors');
  const error = new ERR_FALSY_VALUE_REJECTION();
  error.reason = reason;
  return error;
}

function inherits(ctor, superCtor) {
  if (typeof ctor !== 'function') throw new ERR_INVALID_ARG_TYPE('ctor', 'Function', ctor);
  if (superCtor === null || superCtor === undefined) throw new ERR_INVALID_ARG_TYPE('superCtor', 'Function', superCtor);
  if (superCtor.prototype === undefined) {
    throw new ERR_INVALID_ARG_TYPE('superCtor.prototype', 'Object', superCtor.prototype);
  }
  Object.defineProperty(ctor, 'super_', { value: superCtor, writable: true, configurable: true });
  Object.setPrototypeOf(ctor.prototype, superCtor.prototype);
}

const words = /^[\w-]+$/;

// debuglog returns a function that prints if NODE_DEBUG has that name. Its first call passes it to told.
function debuglog(set, told) {
  let enabled;
  const isEnabled = () => {
    if (enabled === undefined) {
      const wanted = (process.env.NODE_DEBUG ?? '').split(',').map((one) => one.trim()).filter(Boolean);
      const name = String(set).toUpperCase();
      enabled = wanted.some((one) => (words.test(one) ? one.toUpperCase() === name :
        new RegExp(`^${one.replace(/[|\\{}()[\]^$+?.]/g, '\\$&').replaceAll('*', '.*')}$`, 'i').test(name)));
    }
    return enabled;
  };
  function log(...args) {
    if (typeof told === 'function') {
      const tell = told;
      told = undefined;
      tell(log);
    }
    if (!isEnabled()) return;
    const { formatWithOptions } = require('internal/format');
    const colors = process.stderr?.hasColors?.() === true;
    const pid = formatWithOptions({ colors }, '%o', process.pid);
    internalBinding('stdio').writeSync(2, `${String(set).toUpperCase()} ${pid}: ${formatWithOptions({ colors }, ...args)}\n`);
  }
  return Object.defineProperty(log, 'enabled', { get: isEnabled, configurable: true, enumerable: true });
}

const experimental = new Set(); // features that have been warned of

function emitExperimentalWarning(feature) {
  if (experimental.has(feature)) return;
  experimental.add(feature);
  process.emitWarning(`${feature} is an experimental feature and might change at any time`, 'ExperimentalWarning');
}

function sleep(ms) {
  if (typeof ms !== 'number') throw new ERR_INVALID_ARG_TYPE('msec', 'number', ms);
  validateUint32(ms, 'msec');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

module.exports = {
  callbackify, customInspectSymbol: Symbol.for('nodejs.util.inspect.custom'), customPromisifyArgs, debuglog,
  deprecate, emitExperimentalWarning, inherits,
  kEmptyObject: Object.freeze({ __proto__: null }), pendingDeprecate: deprecate, promisify, sleep,
};

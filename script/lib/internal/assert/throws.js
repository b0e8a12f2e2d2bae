'use strict';

// Assertions about the exception of a function or the rejection of a promise.

const {
  codes: { ERR_AMBIGUOUS_ARGUMENT, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_INVALID_RETURN_VALUE },
} = require('internal/errors');
const { inspect } = require('internal/inspect');
const { isNativeError, isPromise, isRegExp } = require('internal/types');
const { validateFunction } = require('internal/validators');
const AssertionError = require('internal/assert/assertion_error');
const { isDeepStrictEqual } = require('internal/deep_equal');

const nothing = Symbol('nothing was thrown');
const errorTypes = ['Object', 'Error', 'Function', 'RegExp'];

// isError reports whether a value is an error, of any realm.
const isError = (value) => isNativeError(value) || value instanceof Error;

function fail(options) {
  if (isError(options.message)) throw options.message;
  throw new AssertionError(options);
}

// start returns the function at which the stack begins. After an await there is none.
const start = ({ fn, isAsync }) => (isAsync ? undefined : fn);

// Comparison is the part of an error that is compared, for the message.
class Comparison {
  constructor(object, keys, actual) {
    for (const key of keys) {
      if (!(key in object)) continue;
      const isMatch = actual !== undefined && typeof actual[key] === 'string' && isRegExp(object[key]) &&
        object[key].exec(actual[key]) !== null;
      this[key] = isMatch ? actual[key] : object[key];
    }
  }
}

function compareKey(actual, expected, key, message, keys, from) {
  const { fn, diff } = from;
  if (key in actual && isDeepStrictEqual(actual[key], expected[key])) return;
  if (message) fail({ actual, expected, message, operator: fn.name, stackStartFn: start(from), diff });
  const error = new AssertionError({
    actual: new Comparison(actual, keys), expected: new Comparison(expected, keys, actual),
    operator: 'deepStrictEqual', stackStartFn: start(from), diff,
  });
  throw Object.assign(error, { actual, expected, operator: fn.name });
}

function compareObject(actual, expected, message, from) {
  const { fn, diff } = from;
  if (actual === null || typeof actual !== 'object') {
    const error = new AssertionError({ actual, expected, message, operator: 'deepStrictEqual',
      stackStartFn: start(from), diff });
    error.operator = fn.name;
    throw error;
  }
  const keys = Object.keys(expected);
  if (isError(expected)) keys.push('name', 'message');
  else if (keys.length === 0) throw new ERR_INVALID_ARG_VALUE('error', expected, 'may not be an empty object');
  for (const key of keys) {
    if (typeof actual[key] === 'string' && isRegExp(expected[key]) && expected[key].exec(actual[key]) !== null) {
      continue;
    }
    compareKey(actual, expected, key, message, keys, from);
  }
}

// mismatch returns the message about an unexpected error, undefined if the error is as expected.
function mismatch(actual, expected) {
  if (isRegExp(expected)) {
    const text = String(actual);
    if (expected.exec(text) !== null) return undefined;
    return `The input did not match the regular expression ${inspect(expected)}. Input:\n\n${inspect(text)}\n`;
  }
  if (expected.prototype !== undefined && actual instanceof expected) return undefined;
  if (Object.prototype.isPrototypeOf.call(Error, expected)) {
    let message = `The error is expected to be an instance of "${expected.name}". Received `;
    if (isError(actual)) {
      const name = actual.constructor?.name ?? actual.name;
      message += name === expected.name ? 'an error with identical name but a different prototype.' : `"${name}"`;
      return `${message}\n\nError message:\n\n${actual.message}`;
    }
    return `${message}"${inspect(actual, { depth: -1 })}"`;
  }
  const answer = Reflect.apply(expected, {}, [actual]);
  if (answer === true) return undefined;
  const name = expected.name ? `"${expected.name}" ` : '';
  let message = `The ${name}validation function is expected to return "true". Received ${inspect(answer)}`;
  if (isError(actual)) message += `\n\nCaught error:\n\n${actual}`;
  return message;
}

function compare(actual, expected, message, from) {
  if (typeof expected !== 'function' && !isRegExp(expected)) {
    compareObject(actual, expected, message, from);
    return;
  }
  const wrong = mismatch(actual, expected);
  if (wrong === undefined) return;
  const { fn, diff } = from;
  const error = new AssertionError({ actual, expected, message: message || wrong, operator: fn.name,
    stackStartFn: start(from), diff });
  error.generatedMessage = !message;
  throw error;
}

// expectError checks an exception. rest has the caller's arguments after the function: an error, a message.
function expectError(from, actual, ...rest) {
  let [error, message] = rest;
  if (typeof error === 'string') {
    if (rest.length === 2) throw new ERR_INVALID_ARG_TYPE('error', errorTypes, error);
    if (actual !== null && typeof actual === 'object') {
      if (actual.message === error) {
        throw new ERR_AMBIGUOUS_ARGUMENT('error/message',
          `The error message "${actual.message}" is identical to the message.`);
      }
    } else if (actual === error) {
      throw new ERR_AMBIGUOUS_ARGUMENT('error/message', `The error "${actual}" is identical to the message.`);
    }
    message = error;
    error = undefined;
  } else if (error != null && typeof error !== 'object' && typeof error !== 'function') {
    throw new ERR_INVALID_ARG_TYPE('error', errorTypes, error);
  }
  const { fn, diff } = from;
  if (actual === nothing) {
    const details = (error?.name ? ` (${error.name})` : '') + (message ? `: ${message}` : '.');
    const what = fn.name === 'rejects' ? 'rejection' : 'exception';
    fail({ actual: undefined, expected: error, operator: fn.name, message: `Missing expected ${what}${details}`,
      stackStartFn: start(from), diff });
  }
  if (error) compare(actual, error, message, from);
}

function matches(actual, expected) {
  if (typeof expected !== 'function') {
    if (isRegExp(expected)) return expected.exec(String(actual)) !== null;
    throw new ERR_INVALID_ARG_TYPE('expected', ['Function', 'RegExp'], expected);
  }
  if (expected.prototype !== undefined && actual instanceof expected) return true;
  if (Object.prototype.isPrototypeOf.call(Error, expected)) return false;
  return Reflect.apply(expected, {}, [actual]) === true;
}

function expectNoError(from, actual, error, message) {
  const { fn, diff } = from;
  if (actual === nothing) return;
  if (typeof error === 'string') {
    message = error;
    error = undefined;
  }
  if (!error || matches(actual, error)) {
    const what = fn.name === 'doesNotReject' ? 'rejection' : 'exception';
    fail({
      actual, expected: error, operator: fn.name, stackStartFn: start(from), diff,
      message: `Got unwanted ${what}${message ? `: ${message}` : '.'}\nActual message: "${actual?.message}"`,
    });
  }
  throw actual;
}

function thrownBy(fn) {
  validateFunction(fn, 'fn');
  try {
    fn();
  } catch (error) {
    return error;
  }
  return nothing;
}

function isThenable(value) {
  return isPromise(value) || (value !== null && typeof value === 'object' && typeof value.then === 'function' &&
    typeof value.catch === 'function');
}

async function rejectionOf(promiseFn) {
  let promise = promiseFn;
  if (typeof promiseFn === 'function') {
    promise = promiseFn();
    if (!isThenable(promise)) throw new ERR_INVALID_RETURN_VALUE('instance of Promise', 'promiseFn', promise);
  } else if (!isThenable(promiseFn)) {
    throw new ERR_INVALID_ARG_TYPE('promiseFn', ['Function', 'Promise'], promiseFn);
  }
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return nothing;
}

module.exports = { expectError, expectNoError, fail, isError, rejectionOf, thrownBy };

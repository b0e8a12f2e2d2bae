'use strict';

// The assertions. Each is a method of Assert and uses its options; without the object it uses none.

const { codes: { ERR_CONSTRUCT_CALL_REQUIRED, ERR_INVALID_ARG_TYPE, ERR_MISSING_ARGS } } = require('internal/errors');
const { inspect } = require('internal/inspect');
const { isDeepEqual, isDeepStrictEqual, isPartialStrictEqual } = require('internal/deep_equal');
const { isRegExp } = require('internal/types');
const { validateObject, validateOneOf } = require('internal/validators');
const AssertionError = require('internal/assert/assertion_error');
const { expectError, expectNoError, fail, isError, rejectionOf, thrownBy } = require('internal/assert/throws');

const options = Symbol('options');

const diffOf = (self) => self?.[options]?.diff ?? 'simple';
const skipsPrototype = (self) => self?.[options]?.skipPrototype ?? false;

function needBoth(count) {
  if (count < 2) throw new ERR_MISSING_ARGS('actual', 'expected');
}

// falsy returns the message of a failed ok: the source of the call.
function falsy() {
  const { callSites } = require('internal/stack');
  const site = callSites(20).find((one) => one.getFileName() !== 'native' && !one.getFileName()?.startsWith('node:'));
  const text = site === undefined ? '' :
    internalBinding('source').call(site.getFileName() ?? '', site.getLineNumber() ?? 0, site.getColumnNumber() ?? 0);
  return text === '' ? 'The expression evaluated to a falsy value.' :
    `The expression evaluated to a falsy value:\n\n  ${text}\n`;
}

// ensure is ok for other functions: the stack of its error begins at fn.
function ensure(fn, count, value, message, self) {
  if (value) return;
  let generated = false;
  if (count === 0) {
    generated = true;
    message = 'No value argument passed to `assert.ok()`';
  } else if (message == null) {
    generated = true;
    message = falsy();
  } else if (isError(message)) {
    throw message;
  }
  const error = new AssertionError({ actual: value, expected: true, message, operator: '==', stackStartFn: fn,
    diff: diffOf(self) });
  error.generatedMessage = generated;
  throw error;
}

function checkMatch(self, fn, text, regexp, message, wanted) {
  if (!isRegExp(regexp)) throw new ERR_INVALID_ARG_TYPE('regexp', 'RegExp', regexp);
  if (typeof text === 'string' && (regexp.exec(text) !== null) === wanted) return;
  if (isError(message)) throw message;
  const generated = !message;
  if (generated && typeof text !== 'string') {
    message = `The "string" argument must be of type string. Received type ${typeof text} (${inspect(text)})`;
  } else if (generated) {
    const start = wanted ? 'The input did not match the regular expression ' :
      'The input was expected to not match the regular expression ';
    message = `${start}${inspect(regexp)}. Input:\n\n${inspect(text)}\n`;
  }
  const error = new AssertionError({ actual: text, expected: regexp, message, operator: fn.name, stackStartFn: fn,
    diff: diffOf(self) });
  error.generatedMessage = generated;
  throw error;
}

const methods = {
  ok(...args) {
    ensure(methods.ok, args.length, args[0], args[1], this);
  },

  fail(message) {
    if (isError(message)) throw message;
    const error = new AssertionError({
      message: message === undefined ? 'Failed' : message, operator: 'fail', stackStartFn: methods.fail,
      diff: diffOf(this),
    });
    error.generatedMessage = message === undefined;
    throw error;
  },

  equal(actual, expected, message) {
    needBoth(arguments.length);
    if (actual == expected || (Number.isNaN(actual) && Number.isNaN(expected))) return;
    fail({ actual, expected, message, operator: '==', stackStartFn: methods.equal, diff: diffOf(this) });
  },

  notEqual(actual, expected, message) {
    needBoth(arguments.length);
    if (actual != expected && !(Number.isNaN(actual) && Number.isNaN(expected))) return;
    fail({ actual, expected, message, operator: '!=', stackStartFn: methods.notEqual, diff: diffOf(this) });
  },

  deepEqual(actual, expected, message) {
    needBoth(arguments.length);
    if (isDeepEqual(actual, expected)) return;
    fail({ actual, expected, message, operator: 'deepEqual', stackStartFn: methods.deepEqual, diff: diffOf(this) });
  },

  notDeepEqual(actual, expected, message) {
    needBoth(arguments.length);
    if (!isDeepEqual(actual, expected)) return;
    fail({ actual, expected, message, operator: 'notDeepEqual', stackStartFn: methods.notDeepEqual,
      diff: diffOf(this) });
  },

  deepStrictEqual(actual, expected, message) {
    needBoth(arguments.length);
    if (isDeepStrictEqual(actual, expected, skipsPrototype(this))) return;
    fail({ actual, expected, message, operator: 'deepStrictEqual', stackStartFn: methods.deepStrictEqual,
      diff: diffOf(this) });
  },

  notDeepStrictEqual(actual, expected, message) {
    needBoth(arguments.length);
    if (!isDeepStrictEqual(actual, expected, skipsPrototype(this))) return;
    fail({ actual, expected, message, operator: 'notDeepStrictEqual', stackStartFn: methods.notDeepStrictEqual,
      diff: diffOf(this) });
  },

  strictEqual(actual, expected, message) {
    needBoth(arguments.length);
    if (Object.is(actual, expected)) return;
    fail({ actual, expected, message, operator: 'strictEqual', stackStartFn: methods.strictEqual, diff: diffOf(this) });
  },

  notStrictEqual(actual, expected, message) {
    needBoth(arguments.length);
    if (!Object.is(actual, expected)) return;
    fail({ actual, expected, message, operator: 'notStrictEqual', stackStartFn: methods.notStrictEqual,
      diff: diffOf(this) });
  },

  partialDeepStrictEqual(actual, expected, message) {
    needBoth(arguments.length);
    if (isPartialStrictEqual(actual, expected)) return;
    fail({ actual, expected, message, operator: 'partialDeepStrictEqual', stackStartFn: methods.partialDeepStrictEqual,
      diff: diffOf(this) });
  },

  match(string, regexp, message) {
    checkMatch(this, methods.match, string, regexp, message, true);
  },

  doesNotMatch(string, regexp, message) {
    checkMatch(this, methods.doesNotMatch, string, regexp, message, false);
  },

  throws(fn, ...rest) {
    expectError({ fn: methods.throws, diff: diffOf(this) }, thrownBy(fn), ...rest);
  },

  async rejects(promiseFn, ...rest) {
    const from = { fn: methods.rejects, diff: diffOf(this), isAsync: true };
    expectError(from, await rejectionOf(promiseFn), ...rest);
  },

  doesNotThrow(fn, ...rest) {
    expectNoError({ fn: methods.doesNotThrow, diff: diffOf(this) }, thrownBy(fn), ...rest);
  },

  async doesNotReject(fn, ...rest) {
    const from = { fn: methods.doesNotReject, diff: diffOf(this), isAsync: true };
    expectNoError(from, await rejectionOf(fn), ...rest);
  },

  ifError(value) {
    if (value === null || value === undefined) return;
    let text = inspect(value);
    if (typeof value === 'object' && typeof value.message === 'string') {
      text = value.message.length === 0 && value.constructor ? value.constructor.name : value.message;
    }
    const error = new AssertionError({
      actual: value, expected: null, operator: 'ifError', message: `ifError got unwanted exception: ${text}`,
      stackStartFn: methods.ifError,
      diff: diffOf(this),
    });
    appendStack(error, value.stack);
    throw error;
  },
};

// appendStack adds the frames of another error, without those that both have.
function appendStack(error, stack) {
  if (typeof stack !== 'string') return;
  const start = stack.indexOf('\n    at');
  if (start === -1) return;
  const frames = stack.slice(start + 1).split('\n');
  let own = String(error.stack).split('\n');
  for (const frame of frames) {
    const at = own.indexOf(frame);
    if (at !== -1) {
      own = own.slice(0, at);
      break;
    }
  }
  error.stack = [...own, ...frames].join('\n');
}

function Assert(given = {}) {
  if (new.target === undefined) throw new ERR_CONSTRUCT_CALL_REQUIRED('Assert');
  validateObject(given, 'options');
  const all = { strict: true, skipPrototype: false, ...given };
  if (all.diff !== undefined) validateOneOf(all.diff, 'options.diff', ['simple', 'full']);
  this.AssertionError = AssertionError;
  Object.defineProperty(this, options, { value: all, enumerable: false });
  if (all.strict) {
    this.equal = this.strictEqual;
    this.deepEqual = this.deepStrictEqual;
    this.notEqual = this.notStrictEqual;
    this.notDeepEqual = this.notDeepStrictEqual;
  }
}
for (const name of Object.keys(methods)) {
  Object.defineProperty(Assert.prototype, name, { value: methods[name], writable: true, configurable: true,
    enumerable: true });
}

module.exports = { Assert, AssertionError, ensure, methods };

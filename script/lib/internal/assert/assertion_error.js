'use strict';

// AssertionError. Its message is made in internal/assert/message, unless the caller has one.

const { inspect } = require('internal/inspect');
const { validateObject, validateOneOf } = require('internal/validators');

const withDiff = new Set(['deepStrictEqual', 'strictEqual', 'partialDeepStrictEqual']);
const longText = 512; // characters; longer strings are cut where inspect shows the error

const isError = (value) => value instanceof Error;

// copyOf returns a copy of an error whose stack has only the message, so two errors can be compared.
function copyOf(error) {
  const copy = new Error(error.message);
  Object.setPrototypeOf(Object.assign(copy, error), Object.getPrototypeOf(error));
  copy.stack = '';
  if (Object.hasOwn(error, 'cause')) {
    Object.defineProperty(copy, 'cause', { value: isError(error.cause) ? copyOf(error.cause) : error.cause });
  }
  return copy;
}

function messageOf({ message, operator, actual, expected, diff }) {
  const messages = require('internal/assert/message');
  if (message != null && !withDiff.has(operator)) return String(message);
  if (isError(actual) && isError(expected)) [actual, expected] = [copyOf(actual), copyOf(expected)];
  if (withDiff.has(operator)) {
    return messages.difference(actual, expected, operator, message == null ? undefined : String(message), diff);
  }
  if (operator === 'notDeepStrictEqual' || operator === 'notStrictEqual') {
    return messages.unequal(actual, operator, diff);
  }
  return messages.looselyDifferent(actual, expected, operator, diff);
}

class AssertionError extends Error {
  constructor(options) {
    validateObject(options, 'options');
    const { message, operator, stackStartFn, details, stackStartFunction, actual, expected, diff = 'simple' } = options;
    if (diff !== undefined) validateOneOf(diff, 'diff', ['simple', 'full']);
    super(messageOf({ message, operator, actual, expected, diff }));
    this.generatedMessage = message == null || message === '';
    Object.defineProperty(this, 'name', {
      __proto__: null, value: 'AssertionError [ERR_ASSERTION]', enumerable: false, writable: true, configurable: true,
    });
    this.code = 'ERR_ASSERTION';
    if (details) {
      this.actual = undefined;
      this.expected = undefined;
      this.operator = undefined;
      details.forEach((one, i) => {
        this[`message ${i}`] = one.message;
        this[`actual ${i}`] = one.actual;
        this[`expected ${i}`] = one.expected;
        this[`operator ${i}`] = one.operator;
        this[`stack trace ${i}`] = one.stack;
      });
    } else {
      this.actual = actual;
      this.expected = expected;
      this.operator = operator;
    }
    Error.captureStackTrace(this, stackStartFn ?? stackStartFunction);
    void this.stack; // The stack is made now, with the code in it.
    this.name = 'AssertionError';
    this.diff = diff;
  }

  toString() {
    return `${this.name} [${this.code}]: ${this.message}`;
  }

  [inspect.custom](depth, options) {
    const { actual, expected } = this;
    if (typeof actual === 'string') this.actual = cut(actual);
    if (typeof expected === 'string') this.expected = cut(expected);
    const text = inspect(this, { ...options, customInspect: false, depth: 0 });
    this.actual = actual;
    this.expected = expected;
    return text;
  }
}

function cut(text) {
  const lines = text.split('\n', 11);
  if (lines.length > 10) return `${lines.slice(0, 10).join('\n')}\n...`;
  return text.length > longText ? `${text.slice(0, -longText)}...` : text;
}

module.exports = AssertionError;

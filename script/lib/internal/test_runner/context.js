'use strict';

// The argument of a test's function.

const { validateFunction, validateNumber, validateObject, validateString } = require('internal/validators');

const registered = new Map(); // assertions that scripts have added, by name
const uncopied = new Set(['AssertionError', 'strict', 'Assert', 'options']);

class TestContext {
  #test; #assert; #mock;

  constructor(test) {
    this.#test = test;
  }

  get name() { return this.#test.name; }
  get fullName() { return this.#test.fullName; }
  get filePath() { return process.argv[1]; }
  get signal() { return this.#test.signal; }
  get passed() { return this.#test.error === undefined && this.#test.finished; }
  get error() { return this.#test.error ?? null; }
  get attempt() { return 0; }
  get workerId() { return 1; }

  get assert() {
    this.#assert ??= makeAssert(this, this.#test);
    return this.#assert;
  }

  get mock() {
    if (this.#mock === undefined) {
      const { MockTracker } = require('internal/test_runner/mock');
      this.#mock = new MockTracker();
    }
    return this.#mock;
  }

  restoreMocks() {
    this.#mock?.reset();
    this.#mock?.timers.reset();
  }

  diagnostic(message) { this.#test.diagnostics.push(`${message}`); }

  plan(count, options = {}) {
    validateNumber(count, 'count');
    validateObject(options, 'options');
    const { wait = false } = options;
    if (typeof wait !== 'boolean' && typeof wait !== 'number') {
      const { codes: { ERR_INVALID_ARG_TYPE } } = require('internal/errors');
      throw new ERR_INVALID_ARG_TYPE('options.wait', ['boolean', 'number'], wait);
    }
    if (this.#test.plan !== undefined) {
      const { failure } = require('internal/test_runner/test');
      throw failure('cannot set plan more than once', 'testCodeFailure');
    }
    this.#test.plan = { count, actual: 0, wait };
  }

  runOnly() {}

  skip(message) { this.#test.skipped = typeof message === 'string' && message !== '' ? message : true; }
  todo(message) { this.#test.todo = typeof message === 'string' && message !== '' ? message : true; }

  test(name, options, fn) {
    const { Test, argumentsOf } = require('internal/test_runner/test');
    if (this.#test.plan !== undefined) this.#test.countAssertion();
    return this.#test.add(new Test(this.#test, argumentsOf(name, options, fn)));
  }

  before(fn, options) { addHook(this.#test, 'before', fn, options); }
  after(fn, options) { addHook(this.#test, 'after', fn, options); }
  beforeEach(fn, options) { addHook(this.#test, 'beforeEach', fn, options); }
  afterEach(fn, options) { addHook(this.#test, 'afterEach', fn, options); }

  waitFor(condition, options = {}) {
    validateFunction(condition, 'condition');
    validateObject(options, 'options');
    const { interval = 50, timeout = 1000 } = options;
    validateNumber(interval, 'options.interval', 0);
    validateNumber(timeout, 'options.timeout', 0);
    return waitFor(condition, interval, timeout);
  }
}

function waitFor(condition, interval, timeout) {
  return new Promise((resolve, reject) => {
    let isOver = false;
    let cause;
    let retry;
    const end = (settle, value) => {
      isOver = true;
      clearTimeout(limit);
      clearTimeout(retry);
      settle(value);
    };
    const limit = setTimeout(() => end(reject, new Error('waitFor() timed out',
      cause === undefined ? undefined : { cause })), timeout);
    const attempt = async () => {
      try {
        const result = await condition();
        if (!isOver) end(resolve, result);
      } catch (error) {
        cause = error;
        if (!isOver) retry = setTimeout(attempt, interval);
      }
    };
    attempt();
  });
}

function addHook(test, name, fn, options = {}) {
  require('internal/test_runner/test').checkHook(fn, options);
  test.hooks[name].push({ fn, options });
}

// makeAssert returns the assertions for a test, which count for its plan.
function makeAssert(context, test) {
  const assert = require('assert');
  const object = {};
  const add = (name, fn) => {
    object[name] = (...args) => {
      test.countAssertion();
      return Reflect.apply(fn, registered.has(name) ? context : assert, args);
    };
  };
  for (const name of Object.keys(assert)) if (!uncopied.has(name)) add(name, assert[name]);
  for (const name of ['snapshot', 'fileSnapshot']) {
    add(name, () => { throw new Error(`t.assert.${name} is not supported`); });
  }
  for (const [name, fn] of registered) add(name, fn);
  return object;
}

class SuiteContext {
  #test;
  constructor(test) { this.#test = test; }
  get name() { return this.#test.name; }
  get fullName() { return this.#test.fullName; }
  get filePath() { return process.argv[1]; }
  get signal() { return this.#test.signal; }
  get passed() { return this.#test.error === undefined && this.#test.finished; }
  get attempt() { return 0; }
  diagnostic(message) { this.#test.diagnostics.push(`${message}`); }
}

// register adds an assertion for all tests.
function register(name, fn) {
  validateString(name, 'name');
  validateFunction(fn, 'fn');
  registered.set(name, fn);
}

module.exports = { SuiteContext, TestContext, addHook, register };

'use strict';

// Tests and suites: they run one after the other and report their results.

const { AbortError } = require('internal/errors');
const {
  validateAbortSignal, validateBoolean, validateFunction, validateNumber, validateObject, validateOneOf,
  validateUint32,
} =
  require('internal/validators');
const { SuiteContext, TestContext } = require('internal/test_runner/context');
const report = require('internal/test_runner/report');

const timeoutMax = 2 ** 31 - 1;
const now = () => Number(process.hrtime.bigint()) / 1e6;

// usualTimeout is the time limit of tests without one of their own: the flag --test-timeout.
function usualTimeout() {
  const value = require('internal/options').value('--test-timeout');
  return value === undefined ? undefined : Number(value);
}

let running; // the test whose function is running

// Failure is the reason why a test has failed; cause is the exception.
function failure(message, failureType, cause = message) {
  const { codes: { ERR_TEST_FAILURE } } = require('internal/errors');
  const error = new ERR_TEST_FAILURE(message instanceof Error ? message.message : String(message));
  error.failureType = failureType;
  error.cause = cause;
  return error;
}

function checkOptions({ timeout, concurrency, signal, only, plan }) {
  if (timeout != null && timeout !== Infinity) validateNumber(timeout, 'options.timeout', 0, timeoutMax);
  if (concurrency != null && typeof concurrency !== 'boolean') {
    if (typeof concurrency !== 'number') {
      const { codes: { ERR_INVALID_ARG_TYPE } } = require('internal/errors');
      throw new ERR_INVALID_ARG_TYPE('options.concurrency', ['boolean', 'number'], concurrency);
    }
    validateUint32(concurrency, 'options.concurrency', true);
  }
  if (signal !== undefined) validateAbortSignal(signal, 'options.signal');
  if (only !== undefined && only !== null) validateBoolean(only, 'options.only');
  if (plan !== undefined) validateNumber(plan, 'options.plan');
}

class Test {
  constructor(parent, { name, fn, options, kind = 'test' }) {
    checkOptions(options);
    this.parent = parent;
    this.kind = kind;
    this.name = name || fn?.name || '<anonymous>';
    this.fn = fn ?? (() => {});
    this.options = options;
    this.level = parent === undefined ? -1 : parent.level + 1;
    this.subtests = [];
    this.waiting = []; // subtests that have not begun
    this.active = 0; // subtests that run
    this.idle = undefined; // resolved when no subtest is left
    this.hooks = { before: [], after: [], beforeEach: [], afterEach: [] };
    this.beforeDone = undefined;
    this.skipped = options.skip || undefined;
    this.todo = options.todo ?? (parent?.kind === 'suite' ? parent.todo : undefined) ?? undefined;
    this.expectFailure = options.expectFailure || undefined;
    this.error = undefined;
    this.finished = false;
    this.isRunning = false;
    this.plan = options.plan === undefined ? undefined : { count: options.plan, actual: 0 };
    this.diagnostics = [];
    this.controller = undefined;
    this.outer = options.signal;
    this.context = kind === 'suite' ? new SuiteContext(this) : new TestContext(this);
    this.done = new Promise((resolve) => { this.resolveDone = resolve; });
  }

  get fullName() {
    if (this.parent === undefined) return '<root>';
    return this.parent.parent === undefined ? this.name : `${this.parent.fullName} > ${this.name}`;
  }

  get signal() {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      this.outer?.addEventListener('abort', () => this.cancel(), { once: true });
    }
    return this.controller.signal;
  }

  get limit() {
    const { concurrency } = this.options;
    if (concurrency === true) return Infinity;
    if (concurrency === undefined || concurrency === null) return this.parent?.kind === 'suite' ? this.parent.limit : 1;
    return concurrency || 1;
  }

  // add puts a subtest in the queue, and starts it if it may begin.
  add(test) {
    if (isFiltered(test)) return Promise.resolve();
    this.subtests.push(test);
    this.waiting.push(test);
    if (this.finished) {
      test.fail(failure('test could not be started because its parent finished', 'parentAlreadyFinished'));
    }
    if (this.kind !== 'suite' || this.isRunning) Promise.resolve().then(() => this.next());
    return test.done;
  }

  next() {
    while (this.active < this.limit && this.waiting.length > 0) {
      const test = this.waiting.shift();
      this.active++;
      test.run().then(() => {
        this.active--;
        if (this.waiting.length > 0) this.next();
        else if (this.active === 0) this.idle?.resolve();
      });
    }
  }

  // settled waits until all subtests have finished.
  async settled() {
    while (this.active > 0 || this.waiting.length > 0) {
      if (this.idle === undefined) {
        this.idle = Promise.withResolvers();
        this.next();
      }
      await this.idle.promise;
      this.idle = undefined;
    }
  }

  fail(error) {
    this.error ??= error;
  }

  cancel(error) {
    this.fail(error ?? failure('test did not finish before its parent and was cancelled', 'cancelledByParent'));
    this.cancelled = true;
    this.controller?.abort();
    this.stop?.(this.error);
  }

  async callHooks(name, test) {
    for (const { fn, options } of this.hooks[name]) {
      await test.limited(() => call(fn, test.context), options);
    }
  }

  // before runs the hooks that come before the first subtest, once.
  before() {
    this.beforeDone ??= (async () => {
      if (this.parent !== undefined) await this.parent.before();
      await this.callHooks('before', this);
    })();
    return this.beforeDone;
  }

  async eachHook(name, test) {
    const chain = [];
    for (let one = this; one !== undefined; one = one.parent) chain.push(one);
    if (name === 'beforeEach') chain.reverse();
    for (const one of chain) await one.callHooks(name, test);
  }

  // limited runs fn with a time limit.
  async limited(fn, { timeout, signal } = {}) {
    const stop = Promise.withResolvers();
    stop.promise.catch(() => {});
    const before = this.stop;
    this.stop = stop.reject;
    let timer;
    timeout ??= usualTimeout();
    if (timeout != null && timeout !== Infinity) {
      timer = setTimeout(() => {
        this.cancelled = true;
        stop.reject(failure(`test timed out after ${timeout}ms`, 'testTimeoutFailure'));
        this.controller?.abort(new AbortError());
      }, timeout);
    }
    const abort = () => stop.reject(failure('The operation was aborted', 'testAborted', signal.reason));
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
    try {
      await Promise.race([stop.promise, signal?.aborted ? stop.promise : fn()]);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      this.stop = before;
    }
  }

  async run() {
    const began = now();
    this.isRunning = true;
    try {
      await this.body();
      this.checkPlan();
    } catch (error) {
      this.fail(error?.failureType ? error : failure(error, 'testCodeFailure'));
    }
    await this.afterwards();
    if (this.expectFailure !== undefined && !this.skipped) {
      if (this.error === undefined) this.error = failure('test was expected to fail but passed', 'expectedFailure');
      else this.error = undefined;
    }
    this.finish(now() - began);
  }

  async body() {
    if (this.error !== undefined || this.skipped) return;
    await this.parent.before();
    if (this.skipped) return;
    await this.parent.eachHook('beforeEach', this);
    this.wasPrepared = true;
    await this.limited(async () => {
      await call(this.fn, this.context, this);
      await this.settled();
      await this.planned();
    }, this.options);
    this.failBySubtests();
  }

  failBySubtests() {
    const failed = this.subtests.filter((test) => test.error !== undefined && !test.todo).length;
    if (failed > 0) this.fail(failure(`${failed} subtest${failed > 1 ? 's' : ''} failed`, 'subtestsFailed'));
  }

  // afterwards runs the hooks for the end of a test, whatever its result.
  async afterwards() {
    const hooks = [() => this.callHooks('after', this)];
    if (this.wasPrepared) hooks.push(() => this.parent.eachHook('afterEach', this));
    for (const hook of hooks) {
      try {
        await hook();
      } catch (error) {
        this.fail(failure(error, 'hookFailed'));
      }
    }
    this.context.restoreMocks?.();
    this.controller?.abort();
  }

  // planned waits for planned assertions, if the plan says so.
  async planned() {
    const { plan } = this;
    if (plan === undefined || !plan.wait || plan.actual >= plan.count) return;
    plan.reached = Promise.withResolvers();
    const timer = typeof plan.wait === 'number' ?
      setTimeout(() => plan.reached.reject(failure(`plan timed out after ${plan.wait}ms with ${plan.actual} assertions when expecting ${plan.count}`,
        'testTimeoutFailure')), plan.wait) : undefined;
    try {
      await plan.reached.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  countAssertion() {
    if (this.plan === undefined) return;
    if (++this.plan.actual === this.plan.count) this.plan.reached?.resolve();
  }

  checkPlan() {
    const { plan } = this;
    if (plan !== undefined && !this.skipped && plan.actual !== plan.count) {
      throw failure(`plan expected ${plan.count} assertions but received ${plan.actual}`, 'testCodeFailure');
    }
  }

  finish(duration) {
    this.finished = true;
    this.isRunning = false;
    this.duration = duration;
    report.end(this);
    this.resolveDone();
  }
}

// Suite is a test whose function only defines others: it is called at once.
class Suite extends Test {
  constructor(parent, given) {
    super(parent, { ...given, kind: 'suite' });
    if (this.skipped) return;
    const outer = Suite.open;
    Suite.open = this;
    try {
      this.made = this.fn.call(this.context, this.context);
      this.made?.then?.(undefined, () => {}); // Reported when the suite runs.
    } catch (error) {
      this.fail(failure(error, 'testCodeFailure'));
    } finally {
      Suite.open = outer;
    }
  }

  async body() {
    if (this.skipped) return;
    await this.parent.before();
    await this.made;
    if (this.error !== undefined) {
      this.waiting.length = 0;
      return;
    }
    await this.limited(async () => {
      await this.before();
      await this.settled();
    }, this.options);
    this.failBySubtests();
  }
}
Suite.open = undefined; // the suite whose function runs

// call calls a function of a test, which may have a callback in place of a promise.
async function call(fn, context, test) {
  const outer = running;
  if (test !== undefined) running = test;
  try {
    if (fn.length < 2) return fn.call(context, context);
    const { promise, resolve, reject } = Promise.withResolvers();
    let isDone = false;
    const made = fn.call(context, context, (error) => {
      if (isDone) test?.fail(failure('callback invoked multiple times', 'multipleCallbackInvocations'));
      isDone = true;
      if (error) reject(error);
      else resolve();
    });
    if (made instanceof Promise) {
      throw failure('passed a callback but also returned a Promise', 'callbackAndPromisePresent');
    }
    return promise;
  } finally {
    running = outer;
  }
}

// argumentsOf returns the name, options and function of a test, each of which may be left out.
function argumentsOf(name, options, fn) {
  if (typeof name === 'function') return { fn: name, options: {}, name: undefined };
  if (name !== null && typeof name === 'object') return { fn: options, options: name, name: undefined };
  if (typeof options === 'function') return { name, fn: options, options: {} };
  if (options === null || typeof options !== 'object') options = {};
  return { name, options, fn };
}

// The flags that select tests: patterns of names, and --test-only.
let filters;

function readFilters() {
  const options = require('internal/options');
  const patterns = (flag) => options.all(flag).map((text) => {
    const literal = /^\/(.*)\/([a-z]*)$/.exec(text);
    return literal === null ? new RegExp(text) : new RegExp(literal[1], literal[2]);
  });
  return {
    wanted: patterns('--test-name-pattern'), unwanted: patterns('--test-skip-pattern'),
    only: options.has('--test-only'),
  };
}

const spacedName = (test) => (test.parent?.parent === undefined ? test.name :
  `${spacedName(test.parent)} ${test.name}`);

// isFiltered reports whether a test is left out. A suite is not if one of its tests is not.
function isFiltered(test) {
  filters ??= readFilters();
  const { wanted, unwanted, only } = filters;
  if (wanted.length === 0 && unwanted.length === 0 && !only) return false;
  if (test.kind === 'suite' && test.subtests.length > 0) return false;
  const name = spacedName(test);
  if (unwanted.some((pattern) => pattern.test(name))) return true;
  const chain = [];
  for (let one = test; one !== root; one = one.parent) chain.push(one);
  if (only && !chain.some((one) => one.options.only)) return true;
  return wanted.length > 0 && !chain.some((one) => wanted.some((pattern) => pattern.test(spacedName(one))));
}

const root = new Test(undefined, { name: '<root>', options: {}, kind: 'root' });
root.isRunning = true;

function parentNow() {
  if (Suite.open !== undefined) return Suite.open;
  return running ?? root;
}

module.exports = {
  Suite, Test, argumentsOf, checkHook, failure, parentNow, root,
  runningTests: () => collect(root, []),
};

function collect(test, into) {
  for (const one of test.subtests) {
    if (one.isRunning && !one.finished) into.push(one);
    collect(one, into);
  }
  return into;
}

function checkHook(fn, options = {}) {
  if (fn !== undefined) validateFunction(fn, 'fn');
  validateObject(options, 'options');
  validateOneOf(typeof options.timeout, 'options.timeout', ['undefined', 'number', 'object']);
  checkOptions(options);
}

'use strict';

// node:test.

const { Suite, Test, argumentsOf, failure, parentNow, root, runningTests } = require('internal/test_runner/test');
const { addHook, register } = require('internal/test_runner/context');
const report = require('internal/test_runner/report');

let isWatching = false;

// watch makes tests that have not ended fail when the process exits. The first call counts.
function watch() {
  if (isWatching) return;
  report.start();
  isWatching = true;
  process.on('uncaughtException', blame);
  process.on('unhandledRejection', blame);
  process.on('exit', () => {
    for (const test of runningTests().reverse()) {
      test.cancelled = true;
      test.fail(failure('Promise resolution is still pending but the event loop has already resolved',
        'cancelledByParent'));
      test.finish(0);
    }
    report.finish();
  });
}

// blame fails the test that was running when an uncaught exception was thrown.
function blame(error) {
  const test = runningTests().at(-1) ?? root;
  const why = failure(error, 'uncaughtException');
  test.fail(why);
  if (test === root) report.fail(root);
  else test.stop?.(why);
}

let isEnding = false;

// endLater runs the hooks for the end of all tests, once none is left.
function endLater() {
  setImmediate(async () => {
    if (isEnding || root.active > 0 || root.waiting.length > 0) return;
    isEnding = true;
    try {
      await root.callHooks('after', root);
    } catch (error) {
      root.fail(failure(error, 'hookFailed'));
      report.fail(root);
    }
  });
}

function start(Class, args, overrides) {
  watch();
  const given = argumentsOf(...args);
  const parent = parentNow();
  const test = new Class(parent, { ...given, options: { ...given.options, ...overrides } });
  const done = parent.add(test);
  if (parent === root) done.then(endLater);
  return parent.kind === 'suite' ? Promise.resolve() : done;
}

function withShorthands(fn, Class) {
  fn.skip = (...args) => start(Class, args, { skip: true });
  fn.todo = (...args) => start(Class, args, { todo: true });
  fn.only = (...args) => start(Class, args, { only: true });
  fn.expectFailure = (...args) => start(Class, args, { expectFailure: true });
  return fn;
}

const test = withShorthands((...args) => start(Test, args), Test);
const suite = withShorthands((...args) => start(Suite, args), Suite);
Object.defineProperty(test, 'name', { value: 'test', configurable: true });
Object.defineProperty(suite, 'name', { value: 'suite', configurable: true });

const hook = (name) => (fn, options) => {
  watch();
  addHook(parentNow(), name, fn, options);
};

module.exports = test;
Object.assign(test, {
  after: hook('after'), afterEach: hook('afterEach'), before: hook('before'), beforeEach: hook('beforeEach'),
  describe: suite, it: test,
  run() {
    const { codes: { ERR_METHOD_NOT_IMPLEMENTED } } = require('internal/errors');
    throw new ERR_METHOD_NOT_IMPLEMENTED('run()');
  },
  suite, test,
  assert: { register },
  snapshot: {
    setDefaultSnapshotSerializers() {},
    setResolveSnapshotPath() {},
  },
});

let tracker;
Object.defineProperty(test, 'mock', {
  get() {
    if (tracker === undefined) {
      const { MockTracker } = require('internal/test_runner/mock');
      tracker = new MockTracker();
    }
    return tracker;
  },
  configurable: true, enumerable: true,
});

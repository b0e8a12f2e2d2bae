'use strict';

// The context of asynchronous work: a Map of stores by their AsyncLocalStorage, which is not changed after it is made.
// Reactions of promises are jobs of the engine, which has no contexts. While stores are in use, each change of the
// context closes a run of jobs: jobs that were queued before belong to the context that was left. Before a job runs,
// its run's context becomes the current one. That is right for jobs that are queued at once. If a promise is still
// pending, its reaction is queued in the context of the code that settles it: therefore then() binds reactions to their
// own context, and await of a pending promise goes through then().

const root = new Map();

let current = root;
let jobs; // of the engine, once stores are in use
let isActive = false;
let closed = 0; // number of jobs that are in closed runs
let captured; // returns the part of a context that callbacks inherit; undefined: all of it
let tracker; // the store of the running operation, once async_hooks needs it
let failed; // an exception, and the context in which it was thrown
const runs = []; // { end, context }: the jobs before end and after the run before it
let firstRun = 0; // index of the first run that has not ended

function get() {
  return current;
}

// enter makes a context the current one, and returns the one before.
function enter(context) {
  if (!isActive) activate();
  const queued = jobs.queued();
  if (queued > closed) {
    runs.push({ end: queued, context: forLater() });
    closed = queued;
  }
  const before = current;
  current = context;
  return before;
}

function run(context, fn) {
  if (context === current) return fn();
  const before = enter(context);
  try {
    return fn();
  } catch (error) {
    if (captured !== undefined && (failed === undefined || failed.error !== error)) {
      failed = { error, context: current };
    }
    throw error;
  } finally {
    enter(before);
  }
}

const forLater = () => (captured === undefined ? current : captured(current));

// contextOf returns the context in which an uncaught exception was thrown.
function contextOf(error) {
  const context = failed !== undefined && failed.error === error ? failed.context : current;
  failed = undefined;
  return context;
}

function setCaptured(fn) { captured = fn; }

// beforeJob is called before the job of that number runs, and with -1 when the queue has run.
function beforeJob(number) {
  if (number < 0) {
    enter(root);
    tracker?.beforeJob(number);
    return;
  }
  enter(current); // Closes the run of jobs that the job before has queued.
  while (firstRun < runs.length && runs[firstRun].end <= number) firstRun++;
  if (firstRun > 64 && firstRun * 2 > runs.length) {
    runs.splice(0, firstRun);
    firstRun = 0;
  }
  current = firstRun < runs.length ? runs[firstRun].context : root;
  tracker?.beforeJob(number);
}

const withStore = (storage, store) => new Map(current).set(storage, store);

function without(storage) {
  if (!current.has(storage)) return current;
  const context = new Map(current);
  context.delete(storage);
  return context.size === 0 ? root : context;
}

const has = (storage) => current.has(storage);

// bind returns a function that calls fn in the current context. type and resource are for async_hooks: the type of the
// calling operation, and the object that stands for it. Without a type there is no new operation.
function bind(fn, type, resource) {
  if (!isActive || typeof fn !== 'function') return fn;
  const context = forLater();
  if (tracker !== undefined) return tracker.bind(fn, context, type, resource);
  return function (...args) {
    return run(context, () => Reflect.apply(fn, this, args));
  };
}

// activate makes contexts follow asynchronous work from now on.
function activate() {
  if (isActive) return;
  isActive = true;
  jobs = internalBinding('jobs');
  const { promise } = internalBinding('inside');
  closed = jobs.queued();
  jobs.watch(beforeJob);
  require('internal/context_hook').bind = bind; // of ticks, timers and immediates
  internalBinding('host').setHook('bindContext', bind); // of what Go calls
  const { then, constructor } = Promise.prototype;
  Object.defineProperty(Promise.prototype, 'then', {
    value: { then(onFulfilled, onRejected) {
      if (tracker !== undefined) return tracker.then(then, this, onFulfilled, onRejected);
      return Reflect.apply(then, this, [bind(onFulfilled), bind(onRejected)]);
    } }.then,
    writable: true, configurable: true, enumerable: false,
  });
  // await uses a promise whose constructor is Promise directly, and calls then() of others, which therefore get another
  // constructor.
  let other = new Proxy(constructor, {});
  Object.defineProperty(Promise.prototype, 'constructor', {
    get() { return this !== Promise.prototype && promise(this)[0] === 0 ? other : constructor; },
    set(value) {
      Object.defineProperty(this, 'constructor', { value, writable: true, configurable: true, enumerable: true });
    },
    configurable: true, enumerable: false,
  });
  replacePromise = () => { other = trackedPromise(constructor); };
}

// track starts tracking operations.
function track(by) { tracker = by; }

let replacePromise; // makes Promise report the promises that a script makes

function trackPromises() {
  replacePromise?.();
  replacePromise = undefined;
}

// trackedPromise replaces the global Promise by one that reports each promise that it makes, and returns it.
function trackedPromise(constructor) {
  const Tracked = new Proxy(constructor, {
    construct: (target, args, newTarget) => tracker.construct(target, args, newTarget === Tracked ? target : newTarget),
  });
  const { resolve } = constructor;
  const { isPromise } = require('internal/types');
  Object.defineProperty(constructor, 'resolve', {
    value: { resolve(value) {
      // A settled promise keeps the engine's constructor, which works as well.
      return this === Tracked && isPromise(value) && value.constructor === constructor ? value :
        Reflect.apply(resolve, this, [value]);
    } }.resolve,
    writable: true, configurable: true, enumerable: false,
  });
  Object.defineProperty(globalThis, 'Promise', { value: Tracked, writable: true, configurable: true,
    enumerable: false });
  return Tracked;
}

module.exports = {
  activate, bind, contextOf, enter, get, has, root, run, setCaptured, track, trackPromises, without, withStore,
};

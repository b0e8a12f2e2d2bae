'use strict';

// The context of asynchronous work: a Map of stores by their AsyncLocalStorage, which is never changed once it is one.
//
// Reactions of promises are jobs of the engine, which knows of no contexts. While stores are in use, each change of the context closes a run
// of jobs: those that were put in the queue before it belong to the context that was left. Before a job runs, its run's context becomes the
// current one. That is right for jobs that are queued at once. Where a promise is still pending, its reaction is queued in the context
// of whoever settles it: then() binds reactions to theirs for that, and await of a pending promise is made to go through then().

const root = new Map();

let current = root;
let jobs; // of the engine, once stores are in use
let isActive = false;
let closed = 0; // jobs ever queued up to which runs are closed
let captured; // returns what of a context goes with what is called later; undefined if all of it does
let failed; // an exception, and the context in which it was thrown
const runs = []; // { end, context }: the jobs before end and after the run before it
let firstRun = 0; // of runs that is not over

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
    if (captured !== undefined && (failed === undefined || failed.error !== error)) failed = { error, context: current };
    throw error;
  } finally {
    enter(before);
  }
}

const forLater = () => (captured === undefined ? current : captured(current));

// contextOf returns the context in which an exception that nobody caught was thrown.
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
    return;
  }
  enter(current); // It closes what the job before has queued.
  while (firstRun < runs.length && runs[firstRun].end <= number) firstRun++;
  if (firstRun > 64 && firstRun * 2 > runs.length) {
    runs.splice(0, firstRun);
    firstRun = 0;
  }
  current = firstRun < runs.length ? runs[firstRun].context : root;
}

const withStore = (storage, store) => new Map(current).set(storage, store);

function without(storage) {
  if (!current.has(storage)) return current;
  const context = new Map(current);
  context.delete(storage);
  return context.size === 0 ? root : context;
}

const has = (storage) => current.has(storage);

// bind returns a function that calls fn in the current context.
function bind(fn) {
  if (!isActive || typeof fn !== 'function') return fn;
  const context = forLater();
  return function (...args) {
    return run(context, () => Reflect.apply(fn, this, args));
  };
}

// activate has contexts go with asynchronous work from now on.
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
      return Reflect.apply(then, this, [bind(onFulfilled), bind(onRejected)]);
    } }.then,
    writable: true, configurable: true, enumerable: false,
  });
  // await takes a promise whose constructor is Promise as it is, and calls then() of others: those get another that does the same.
  const Other = new Proxy(constructor, {});
  Object.defineProperty(Promise.prototype, 'constructor', {
    get() { return this !== Promise.prototype && promise(this)[0] === 0 ? Other : constructor; },
    set(value) { Object.defineProperty(this, 'constructor', { value, writable: true, configurable: true, enumerable: true }); },
    configurable: true, enumerable: false,
  });
}

module.exports = { activate, bind, contextOf, enter, get, has, root, run, setCaptured, without, withStore };

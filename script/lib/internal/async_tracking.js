'use strict';

// The running operation: each asynchronous operation has a number, and its callbacks run as that operation. Until a
// script asks, only AsyncResource is tracked. From then on the running operation is one more store of the asynchronous
// context, and timers, ticks, promises and handles are operations as well.

const context = require('internal/async_context');
const events = require('internal/async_events');
const hook = require('internal/context_hook');

const top = { id: 1, trigger: 0, resource: {} }; // the script itself
const key = Symbol('execution'); // its store

let ids = 1;
let isTracking = false;
let executing = top; // what an AsyncResource runs, while nothing else is tracked
let job; // the running reaction if it is not bound; it gets a number when the script asks for one

// Given is a class whose constructor returns its argument: Known adds a private name to any object.
class Given {
  constructor(object) { return object; }
}

// Known adds the operation to its resource. A WeakMap would keep both alive for ever, because the operation refers to
// the resource.
class Known extends Given {
  #operation;

  static get(resource) { return #operation in resource ? resource.#operation : undefined; }

  static set(resource, operation) {
    if (!(#operation in resource)) new Known(resource);
    resource.#operation = operation;
  }
}

function current() {
  if (!isTracking) return executing;
  if (job !== undefined && job.context === context.get()) nameJob();
  return context.get().get(key) ?? top;
}

// stores returns a context without the running operation. An operation must not keep the one that ran when it was
// begun, because that may refer to objects that must be collected first.
function stores(of = context.get()) {
  if (!of.has(key)) return of;
  if (of.size === 1) return context.root;
  const others = new Map(of);
  others.delete(key);
  return others;
}

// create returns a new operation, and emits its event.
function create(type, resource, trigger = current().id) {
  const operation = { id: ++ids, trigger, resource, isDestroyed: false };
  Known.set(resource, operation);
  announce(operation, type, resource);
  return operation;
}

// createOwned is create for a resource that must be collected as soon as the script drops it: the resource refers to
// the operation, and not the other way round.
function createOwned(type, resource, trigger) {
  const operation = { id: ++ids, trigger, resource: undefined, isDestroyed: false };
  announce(operation, type, resource);
  return operation;
}

function announce(operation, type, resource) {
  if (events.active) events.emit('init', operation.id, type, operation.trigger, resource);
}

// runAs calls fn as an operation, in a context, and emits the events. owner is the resource of an operation that does
// not hold it.
function runAs(operation, within, fn, owner) {
  if (owner !== undefined) operation = { id: operation.id, trigger: operation.trigger, resource: owner };
  if (!isTracking) {
    const before = executing;
    executing = operation;
    try {
      return tell(operation, () => context.run(within, fn));
    } finally {
      executing = before;
    }
  }
  return context.run(new Map(within).set(key, operation), () => tell(operation, fn));
}

function tell(operation, fn) {
  if (events.active) events.emit('before', operation.id);
  try {
    return fn();
  } finally {
    if (events.active) events.emit('after', operation.id);
  }
}

// Operations that end with their callback.
const once = new Set([
  'FSREQCALLBACK', 'GETADDRINFOREQWRAP', 'GETNAMEINFOREQWRAP', 'Immediate', 'Microtask', 'PIPECONNECTWRAP',
  'PROCESSWRAP', 'QUERYWRAP',
  'TCPCONNECTWRAP', 'TickObject',
]);

// bind returns a function that calls fn as a new operation for a resource. Without a type it belongs to the running
// operation, or to the resource's.
function bind(fn, within, type, resource) {
  if (type === undefined) {
    const operation = resource === undefined ? undefined : Known.get(resource);
    return function (...args) {
      const call = () => Reflect.apply(fn, this, args);
      return operation === undefined ? context.run(within, call) : runAs(operation, within, call);
    };
  }
  const operation = create(type, resource);
  within = stores(within);
  const isOnce = once.has(type);
  return function (...args) {
    try {
      return runAs(operation, within, () => Reflect.apply(fn, this, args));
    } finally {
      if (isOnce) destroyed(resource);
    }
  };
}

// destroyed is called when a resource has ended.
function destroyed(resource) {
  const operation = Known.get(resource);
  if (operation === undefined || operation.isDestroyed) return;
  operation.isDestroyed = true;
  events.destroy(operation.id);
}

// A reaction that is not bound, such as the one after an await, is an operation of its own as well.

function beforeJob(number) {
  const before = job;
  job = undefined;
  if (before?.operation !== undefined && events.active) events.emit('after', before.operation.id);
  if (number >= 0) job = { context: context.get(), operation: undefined };
}

function nameJob() {
  const { context: within } = job;
  const mine = job;
  job = undefined;
  if (!events.promises) return;
  if (within.get(key) === undefined && within !== context.root) return; // It belongs to no tracked operation.
  mine.operation = create('PROMISE', {});
  mine.context = new Map(within).set(key, mine.operation);
  context.enter(mine.context);
  if (events.active) events.emit('before', mine.operation.id);
  job = { context: undefined, operation: mine.operation };
}

// Promises. The engine emits no events for them: those that Promise and then() make are Known.

let isInThen = false;

function operationOf(promise) {
  let operation = Known.get(promise);
  if (operation === undefined) {
    operation = { id: ++ids, trigger: current().id, resource: promise, isDestroyed: false };
    Known.set(promise, operation);
  }
  return operation;
}

// thenAs is then() of a promise, with reactions that run as the promise that it returns.
function thenAs(then, promise, onFulfilled, onRejected) {
  const parent = operationOf(promise);
  const within = stores();
  let child;
  const settled = () => {
    if (events.active) events.emit('promiseResolve', child.id);
  };
  const reaction = (fn) => function (value) {
    return runAs(child, within, () => {
      try {
        return fn(value);
      } finally {
        settled();
      }
    });
  };
  const was = isInThen;
  isInThen = true;
  let made;
  try {
    made = Reflect.apply(then, promise, [
      reaction(typeof onFulfilled === 'function' ? onFulfilled : (value) => value),
      reaction(typeof onRejected === 'function' ? onRejected : (reason) => { throw reason; }),
    ]);
  } finally {
    isInThen = was;
  }
  child = create('PROMISE', made, parent.id);
  return made;
}

// construct makes a promise, as new Promise does.
function construct(target, args, newTarget) {
  if (isInThen || !events.promises || typeof args[0] !== 'function') return Reflect.construct(target, args, newTarget);
  let fulfill, refuse;
  const promise = Reflect.construct(target, [(resolve, reject) => {
    [fulfill, refuse] = [resolve, reject];
  }], newTarget);
  const operation = create('PROMISE', promise);
  let isSettled = false;
  const settling = (fn) => (value) => {
    if (!isSettled && events.active) events.emit('promiseResolve', operation.id);
    isSettled = true;
    fn(value);
  };
  const reject = settling(refuse);
  try {
    args[0](settling(fulfill), reject);
  } catch (error) {
    reject(error);
  }
  return promise;
}

// start tracks all asynchronous operations from now on.
function start() {
  if (isTracking) return;
  isTracking = true;
  context.activate();
  context.track({
    bind, beforeJob, construct,
    then: (then, promise, a, b) => (events.promises ? thenAs(then, promise, a, b) :
      Reflect.apply(then, promise, [context.bind(a), context.bind(b)])),
  });
  hook.create = create;
  hook.bindRequest = (fn, type) => bind(fn, context.get(), type, {});
  hook.destroyed = destroyed;
}

module.exports = { createOwned, current, destroyed, runAs, start, stores };

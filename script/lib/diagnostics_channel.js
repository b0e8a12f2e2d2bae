'use strict';

const diagnostics = require('internal/diagnostics');
const { codes: { ERR_INVALID_ARG_TYPE } } = require('internal/errors');
const { validateFunction } = require('internal/validators');

const none = Object.freeze([]);

const known = new Map(); // weak references to all channels, by name
const collected = new FinalizationRegistry((name) => {
  if (known.get(name)?.deref() === undefined) known.delete(name);
});

// later throws a subscriber's exception on a later tick, because the publisher must not get it.
function later(error) {
  process.nextTick(() => require('internal/fatal').uncaught(error));
}

class Channel {
  _subscribers = none; // never changed: another takes its place
  _stores = undefined; // transformations by AsyncLocalStorage

  constructor(name) {
    this.name = name;
    known.set(name, new WeakRef(this));
    collected.register(this, name);
  }

  get hasSubscribers() { return this._subscribers.length > 0 || this._stores !== undefined; }

  subscribe(subscription) {
    validateFunction(subscription, 'subscription');
    this._subscribers = [...this._subscribers, subscription];
    mark(this);
  }

  unsubscribe(subscription) {
    const i = this._subscribers.indexOf(subscription);
    if (i < 0) return false;
    this._subscribers = this._subscribers.toSpliced(i, 1);
    mark(this);
    return true;
  }

  bindStore(store, transform) {
    this._stores = new Map(this._stores).set(store, transform);
    mark(this);
  }

  unbindStore(store) {
    if (!this._stores?.has(store)) return false;
    const stores = new Map(this._stores);
    stores.delete(store);
    this._stores = stores.size === 0 ? undefined : stores;
    mark(this);
    return true;
  }

  publish(message) {
    const subscribers = this._subscribers;
    for (let i = 0; i < subscribers.length; i++) {
      try {
        (0, subscribers[i])(message, this.name);
      } catch (error) {
        later(error);
      }
    }
  }

  // runStores calls fn with each store bound to message, or to the result of its transformation.
  runStores(message, fn, thisArg, ...args) {
    let run = () => {
      this.publish(message);
      return Reflect.apply(fn, thisArg, args);
    };
    if (this._stores === undefined) return run();
    for (const [store, transform] of this._stores) {
      const next = run;
      run = () => {
        let value = message;
        try {
          if (transform) value = transform(message);
        } catch (error) {
          later(error);
          return next();
        }
        return store.run(value, next);
      };
    }
    return run();
  }
}

// mark adds a channel with subscribers to diagnostics.active, and removes one without.
function mark(one) {
  if (one.hasSubscribers) (diagnostics.active ??= new Map()).set(one.name, one);
  else diagnostics.active?.delete(one.name);
}

function channel(name) {
  const existing = known.get(name)?.deref();
  if (existing !== undefined) return existing;
  if (typeof name !== 'string' && typeof name !== 'symbol') {
    throw new ERR_INVALID_ARG_TYPE('channel', ['string', 'symbol'], name);
  }
  return new Channel(name);
}

function subscribe(name, subscription) {
  channel(name).subscribe(subscription);
}

function unsubscribe(name, subscription) {
  return channel(name).unsubscribe(subscription);
}

function hasSubscribers(name) {
  return diagnostics.active?.has(name) === true;
}

const traceEvents = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];

function channelOf(from, event) {
  if (typeof from === 'string') return channel(`tracing:${from}:${event}`);
  if (from === null || typeof from !== 'object') {
    throw new ERR_INVALID_ARG_TYPE('nameOrChannels', ['string', 'TracingChannel', 'Object'], from);
  }
  const one = from[event];
  if (one === undefined || one === null) throw new TypeError('Cannot convert undefined or null to object');
  if (!(one instanceof Channel)) throw new ERR_INVALID_ARG_TYPE(`nameOrChannels.${event}`, 'Channel', one);
  return one;
}

class TracingChannel {
  constructor(nameOrChannels) {
    for (const event of traceEvents) {
      Object.defineProperty(this, event, { value: channelOf(nameOrChannels, event), writable: false, enumerable: true,
        configurable: true });
    }
  }

  get hasSubscribers() { return traceEvents.some((event) => this[event].hasSubscribers); }

  subscribe(handlers) {
    for (const event of traceEvents) if (handlers[event]) this[event].subscribe(handlers[event]);
  }

  unsubscribe(handlers) {
    let isDone = true;
    for (const event of traceEvents) {
      if (handlers[event] && !this[event].unsubscribe(handlers[event])) isDone = false;
    }
    return isDone;
  }

  traceSync(fn, context = {}, thisArg, ...args) {
    if (!this.hasSubscribers) return Reflect.apply(fn, thisArg, args);
    return this.#trace(context, () => (context.result = Reflect.apply(fn, thisArg, args)));
  }

  tracePromise(fn, context = {}, thisArg, ...args) {
    if (!this.hasSubscribers) return Reflect.apply(fn, thisArg, args);
    const { asyncStart, asyncEnd, error: failed } = this;
    const publishEnd = () => {
      asyncStart.publish(context);
      asyncEnd.publish(context);
    };
    return this.#trace(context, () => Promise.resolve(Reflect.apply(fn, thisArg, args)).then((result) => {
      context.result = result;
      publishEnd();
      return result;
    }, (error) => {
      context.error = error;
      failed.publish(context);
      publishEnd();
      return Promise.reject(error);
    }));
  }

  traceCallback(fn, position = -1, context = {}, thisArg, ...args) {
    if (!this.hasSubscribers) return Reflect.apply(fn, thisArg, args);
    const { asyncStart, asyncEnd, error: failed } = this;
    const callback = args.at(position);
    validateFunction(callback, 'callback');
    args.splice(position, 1, function wrapped(error, result) {
      if (error) {
        context.error = error;
        failed.publish(context);
      } else {
        context.result = result;
      }
      asyncStart.runStores(context, () => {
        try {
          return Reflect.apply(callback, this, arguments);
        } finally {
          asyncEnd.publish(context);
        }
      });
    });
    return this.#trace(context, () => Reflect.apply(fn, thisArg, args));
  }

  // #trace publishes the start and the end of the synchronous part.
  #trace(context, run) {
    return this.start.runStores(context, () => {
      try {
        return run();
      } catch (error) {
        context.error = error;
        this.error.publish(context);
        throw error;
      } finally {
        this.end.publish(context);
      }
    });
  }
}

function tracingChannel(nameOrChannels) {
  return new TracingChannel(nameOrChannels);
}

module.exports = { channel, hasSubscribers, subscribe, tracingChannel, unsubscribe, Channel };

'use strict';

// mock of node:test: functions, methods, accessors and properties that remember how they were used.

const {
  codes: { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_METHOD_NOT_IMPLEMENTED },
} = require('internal/errors');
const { validateBoolean, validateFunction, validateInteger, validateObject } = require('internal/validators');

// Behavior is the behaviour of a mock: in general, or for a certain call.
class Behavior {
  #once = new Map();
  constructor(value) { this.value = value; }
  setOnce(value, use) { this.#once.set(use, value); }
  take(use) {
    if (!this.#once.has(use)) return this.value;
    const value = this.#once.get(use);
    this.#once.delete(use);
    return value;
  }
}

class MockFunctionContext {
  #calls = []; #behavior; #original; #restore; #times;

  constructor(implementation, original, restore, times) {
    this.#behavior = new Behavior(implementation);
    this.#original = original;
    this.#restore = restore;
    this.#times = times;
  }

  get calls() { return [...this.#calls]; }
  callCount() { return this.#calls.length; }

  mockImplementation(implementation) {
    validateFunction(implementation, 'implementation');
    this.#behavior.value = implementation;
  }

  mockImplementationOnce(implementation, onCall) {
    validateFunction(implementation, 'implementation');
    const next = this.#calls.length;
    const call = onCall ?? next;
    validateInteger(call, 'onCall', next);
    this.#behavior.setOnce(implementation, call);
  }

  resetCalls() { this.#calls = []; }

  restore() {
    this.#behavior.value = this.#original;
    if (this.#restore !== undefined) {
      const { object, name, descriptor } = this.#restore;
      Object.defineProperty(object, name, descriptor);
    }
  }

  static next(context) {
    const call = context.#calls.length;
    const implementation = context.#behavior.take(call);
    if (call + 1 === context.#times) context.restore();
    return implementation;
  }

  static tell(context, call) { context.#calls.push(call); }
}

const { next, tell } = MockFunctionContext;
delete MockFunctionContext.next;
delete MockFunctionContext.tell;

// makeMock returns the mock of a function. A function without a name of its own is made anew each time.
function makeMock(original, context) {
  const record = (args, target, self, run) => {
    let result;
    let error;
    try {
      result = run();
      return result;
    } catch (thrown) {
      error = thrown;
      throw thrown;
    } finally {
      tell(context, { arguments: args, error, result, stack: new Error(), target,
        this: target === undefined ? self : result });
    }
  };
  return new Proxy(original, {
    __proto__: null,
    apply(_, self, args) {
      const fn = next(context);
      return record(args, undefined, self, () => Reflect.apply(fn, self, args));
    },
    construct(target, args, newTarget) {
      const fn = next(context);
      return record(args, target, undefined, () => Reflect.construct(fn, args, newTarget));
    },
    get(target, name, receiver) {
      return name === 'mock' ? context : Reflect.get(target, name, receiver);
    },
  });
}

function checkTimes(times) {
  if (times === Infinity) return;
  validateInteger(times, 'options.times', 1);
}

// descriptorOf returns the descriptor of a property, own or inherited.
function descriptorOf(object, name) {
  for (let own = object; own !== null && own !== undefined; own = Object.getPrototypeOf(own)) {
    const descriptor = Object.getOwnPropertyDescriptor(own, name);
    if (descriptor !== undefined) return descriptor;
  }
  return undefined;
}

function checkName(value, name) {
  if (typeof value !== 'string' && typeof value !== 'symbol') {
    throw new ERR_INVALID_ARG_TYPE(name, ['string', 'symbol'], value);
  }
}

class MockPropertyContext {
  #object; #name; #descriptor; #accesses = []; #behavior;

  constructor(object, name, hasValue, value) {
    this.#object = object;
    this.#name = name;
    this.#descriptor = descriptorOf(object, name);
    if (this.#descriptor === undefined) {
      throw new ERR_INVALID_ARG_VALUE('propertyName', name, 'is not a property of the object');
    }
    this.#behavior = new Behavior(hasValue ? value : object[name]);
    const self = this;
    Object.defineProperty(object, name, {
      configurable: true, enumerable: this.#descriptor.enumerable,
      get() { return self.#access('get'); },
      set(to) { self.mockImplementation(to); },
    });
  }

  #access(type, value) {
    if (type === 'get') value = this.#behavior.take(this.#accesses.length);
    this.#accesses.push({ type, value, stack: new Error() });
    return value;
  }

  get accesses() { return [...this.#accesses]; }
  accessCount() { return this.#accesses.length; }

  mockImplementation(value) {
    if (this.#descriptor.writable === false) {
      throw new ERR_INVALID_ARG_VALUE('propertyName', this.#name, 'cannot be set');
    }
    this.#behavior.value = value;
    this.#access('set', value);
  }

  mockImplementationOnce(value, onAccess) {
    const current = this.#accesses.length;
    const access = onAccess ?? current;
    validateInteger(access, 'onAccess', current);
    this.#behavior.setOnce(value, access);
  }

  resetAccesses() { this.#accesses = []; }
  restore() { Object.defineProperty(this.#object, this.#name, this.#descriptor); }
}

class MockTracker {
  #mocks = []; #timers;

  get timers() {
    if (this.#timers === undefined) {
      const { MockTimers } = require('internal/test_runner/mock_timers');
      this.#timers = new MockTimers();
    }
    return this.#timers;
  }

  fn(original = function () {}, implementation = original, options = {}) {
    if (original !== null && typeof original === 'object') {
      options = original;
      original = function () {};
      implementation = original;
    } else if (implementation !== null && typeof implementation === 'object') {
      options = implementation;
      implementation = original;
    }
    validateFunction(original, 'original');
    validateFunction(implementation, 'implementation');
    validateObject(options, 'options');
    const { times = Infinity } = options;
    checkTimes(times);
    const context = new MockFunctionContext(implementation, original, undefined, times);
    this.#mocks.push(context);
    return makeMock(original, context);
  }

  method(object, name, implementation, options = {}) {
    checkName(name, 'methodName');
    if (typeof object !== 'function') validateObject(object, 'object');
    if (implementation !== null && typeof implementation === 'object') {
      options = implementation;
      implementation = undefined;
    }
    validateObject(options, 'options');
    const { getter = false, setter = false, times = Infinity } = options;
    validateBoolean(getter, 'options.getter');
    validateBoolean(setter, 'options.setter');
    checkTimes(times);
    if (getter && setter) {
      throw new ERR_INVALID_ARG_VALUE('options.setter', setter, "cannot be used with 'options.getter'");
    }
    const descriptor = descriptorOf(object, name);
    const part = getter ? 'get' : setter ? 'set' : 'value';
    const original = descriptor?.[part];
    if (typeof original !== 'function') throw new ERR_INVALID_ARG_VALUE('methodName', original, 'must be a method');
    implementation ??= original;
    validateFunction(implementation, 'implementation');
    const context = new MockFunctionContext(implementation, original, { object, name, descriptor }, times);
    const mock = makeMock(original, context);
    const replaced = { configurable: descriptor.configurable, enumerable: descriptor.enumerable };
    if (part === 'value') Object.assign(replaced, { writable: descriptor.writable, value: mock });
    else Object.assign(replaced, { get: descriptor.get, set: descriptor.set, [part]: mock });
    redefine(object, name, replaced);
    this.#mocks.push(context);
    return mock;
  }

  getter(object, name, implementation, options) {
    return this.#accessor('getter', 'setter', object, name, implementation, options);
  }

  setter(object, name, implementation, options) {
    return this.#accessor('setter', 'getter', object, name, implementation, options);
  }

  #accessor(kind, other, object, name, implementation, options = {}) {
    if (implementation !== null && typeof implementation === 'object') {
      options = implementation;
      implementation = undefined;
    }
    validateObject(options, 'options');
    if (options[kind] === false) throw new ERR_INVALID_ARG_VALUE(`options.${kind}`, false, 'cannot be false');
    if (options[other]) {
      throw new ERR_INVALID_ARG_VALUE('options.setter', options.setter ?? true, "cannot be used with 'options.getter'");
    }
    return this.method(object, name, implementation, { ...options, [kind]: true });
  }

  property(object, name, ...value) {
    validateObject(object, 'object');
    checkName(name, 'propertyName');
    const context = new MockPropertyContext(object, name, value.length > 0, value[0]);
    this.#mocks.push(context);
    return new Proxy(object, {
      __proto__: null,
      get: (target, key, receiver) => (key === 'mock' ? context : Reflect.get(target, key, receiver)),
    });
  }

  module() { throw new ERR_METHOD_NOT_IMPLEMENTED('mock.module()'); }

  reset() {
    this.restoreAll();
    this.#timers?.reset();
    this.#mocks = [];
  }

  restoreAll() {
    for (const mock of this.#mocks.toReversed()) mock.restore();
  }
}

function redefine(object, name, descriptor) {
  const own = Object.getOwnPropertyDescriptor(object, name);
  if (own !== undefined && !own.configurable) throw new TypeError(`Cannot redefine property: ${String(name)}`);
  Object.defineProperty(object, name, descriptor);
}

module.exports = { MockTracker };

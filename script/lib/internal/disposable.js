'use strict';

// DisposableStack, AsyncDisposableStack and SuppressedError, which the engine does not have.

class SuppressedError extends Error {
  constructor(error, suppressed, message) {
    super(message);
    for (const [name, value] of [['error', error], ['suppressed', suppressed]]) {
      Object.defineProperty(this, name, { value, writable: true, enumerable: false, configurable: true });
    }
  }
}
for (const [name, value] of [['name', 'SuppressedError'], ['message', '']]) {
  Object.defineProperty(SuppressedError.prototype, name,
    { value, writable: true, enumerable: false, configurable: true });
}
Object.defineProperty(SuppressedError, 'length', { value: 3, configurable: true });

function checkFunction(value) {
  if (typeof value !== 'function') throw new TypeError(`${describe(value)} is not a function`);
}

function describe(value) {
  return typeof value === 'symbol' ? value.toString() : typeof value === 'object' &&
    value !== null ? '#<Object>' : String(value);
}

// methodOf returns the method that disposes of a value.
function methodOf(value, symbols) {
  if (Object(value) !== value) throw new TypeError(`${describe(value)} is not an object`);
  for (const symbol of symbols) {
    const method = value[symbol];
    if (method === undefined || method === null) continue;
    checkFunction(method);
    return method;
  }
  throw new TypeError(`Property [${symbols[0].description}] is not a function.`);
}

// Failures are the errors of disposals; each suppresses those before it.
class Failures {
  #any = false;
  #error;
  add(error) {
    this.#error = this.#any ? new SuppressedError(error, this.#error, 'An error was suppressed during disposal') :
      error;
    this.#any = true;
  }
  rethrow() {
    if (this.#any) throw this.#error;
  }
}

// Steps are the disposals of a stack, the last first.
class Steps {
  #list = []; // functions; undefined once they were taken

  get areTaken() { return this.#list === undefined; }

  check() {
    if (this.areTaken) throw new ReferenceError('Cannot add values to a disposed stack!');
  }

  add(step) { this.#list.push(step); }

  // addCall adds a call of a function that a script has given.
  addCall(fn, step) {
    this.check();
    checkFunction(fn);
    this.add(step);
  }

  take() {
    const list = this.#list;
    this.#list = undefined;
    return list;
  }

  // moved returns new Steps with these steps, and takes them from this.
  moved() {
    this.check();
    const steps = new Steps();
    steps.#list = this.take();
    return steps;
  }
}

class DisposableStack {
  #steps = new Steps();

  get disposed() { return this.#steps.areTaken; }

  use(value) {
    this.#steps.check();
    if (value === null || value === undefined) return value;
    const method = methodOf(value, [Symbol.dispose]);
    this.#steps.add(() => { Reflect.apply(method, value, []); });
    return value;
  }

  adopt(value, onDispose) {
    this.#steps.addCall(onDispose, () => { onDispose(value); });
    return value;
  }

  defer(onDispose) {
    this.#steps.addCall(onDispose, () => { onDispose(); });
  }

  move() {
    const moved = new DisposableStack();
    moved.#steps = this.#steps.moved();
    return moved;
  }

  dispose() {
    if (this.disposed) return;
    const steps = this.#steps.take();
    const failures = new Failures();
    while (steps.length > 0) {
      try {
        steps.pop()();
      } catch (error) {
        failures.add(error);
      }
    }
    failures.rethrow();
  }
}

class AsyncDisposableStack {
  #steps = new Steps();

  get disposed() { return this.#steps.areTaken; }

  use(value) {
    this.#steps.check();
    if (value === null || value === undefined) {
      this.#steps.add(() => {}); // It is awaited all the same.
      return value;
    }
    const method = methodOf(value, [Symbol.asyncDispose, Symbol.dispose]);
    const isAsync = method === value[Symbol.asyncDispose];
    this.#steps.add(() => {
      const result = Reflect.apply(method, value, []);
      return isAsync ? result : undefined;
    });
    return value;
  }

  adopt(value, onDispose) {
    this.#steps.addCall(onDispose, () => onDispose(value));
    return value;
  }

  defer(onDispose) {
    this.#steps.addCall(onDispose, () => onDispose());
  }

  move() {
    const moved = new AsyncDisposableStack();
    moved.#steps = this.#steps.moved();
    return moved;
  }

  async disposeAsync() {
    if (this.disposed) return;
    const steps = this.#steps.take();
    const failures = new Failures();
    while (steps.length > 0) {
      try {
        await steps.pop()();
      } catch (error) {
        failures.add(error);
      }
    }
    failures.rethrow();
  }
}

for (const [{ prototype, name }, symbol, method] of [
  [DisposableStack, Symbol.dispose, 'dispose'], [AsyncDisposableStack, Symbol.asyncDispose, 'disposeAsync'],
]) {
  Object.defineProperty(prototype, symbol, { value: prototype[method], writable: true, enumerable: false,
    configurable: true });
  Object.defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true });
}

module.exports = { AsyncDisposableStack, DisposableStack, SuppressedError };

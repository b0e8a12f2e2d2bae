'use strict';

// AbortController and AbortSignal.

const { codes: { ERR_ILLEGAL_CONSTRUCTOR, ERR_INVALID_ARG_TYPE, ERR_INVALID_THIS } } = require('internal/errors');
const {
  Event, EventTarget, defineEventHandler, kEvents, kMaxEventTargetListeners, kNewListener, kRemoveListener, kTrustEvent,
} = require('internal/event_target');
const { Native: WeakRef } = require('internal/weak_ref');
const { validateUint32 } = require('internal/validators');

const kDependantSignals = Symbol('kDependantSignals');
const kMake = Symbol('kMake');
const customInspect = Symbol.for('nodejs.util.inspect.custom');

function exception(message, name) {
  const { DOMException } = require('internal/dom_exception');
  return new DOMException(message, name);
}

// heard keeps signals that have listeners and sources, because nothing else may refer to them.
const heard = new Set();

let collected; // a FinalizationRegistry that releases what a signal refers to

function whenCollected(signal, undo) {
  collected ??= new FinalizationRegistry((fn) => fn());
  collected.register(signal, undo);
}

class AbortSignal extends EventTarget {
  #aborted = false;
  #reason;
  // signals that a signal made by any depends on: WeakRefs, because a source that is unreachable otherwise cannot be
  // aborted
  #sources;
  #kept; // sources with a timeout
  #timed = false;

  constructor(key) {
    if (key !== kMake) throw new ERR_ILLEGAL_CONSTRUCTOR();
    super();
  }

  static #of(signal) {
    if (typeof signal !== 'object' || signal === null || !(#aborted in signal)) {
      throw new ERR_INVALID_THIS('AbortSignal');
    }
    return signal;
  }

  get aborted() { return AbortSignal.#of(this).#aborted; }
  get reason() { return AbortSignal.#of(this).#reason; }
  throwIfAborted() {
    if (AbortSignal.#of(this).#aborted) throw this.#reason;
  }

  static abort(reason = exception('This operation was aborted', 'AbortError')) {
    const signal = new AbortSignal(kMake);
    signal.#aborted = true;
    signal.#reason = reason;
    return signal;
  }

  static timeout(delay) {
    validateUint32(delay, 'delay', false);
    const signal = new AbortSignal(kMake);
    const { clearTimeout, setTimeout } = require('internal/timers');
    const ref = new WeakRef(signal);
    const timer = setTimeout(() => {
      const late = ref.deref();
      if (late !== undefined) abortAll(late, exception('The operation was aborted due to timeout', 'TimeoutError'));
    }, delay);
    timer.unref();
    whenCollected(signal, () => clearTimeout(timer));
    signal.#timed = true;
    return signal;
  }

  static any(signals) {
    if (typeof signals !== 'object' || signals === null || typeof signals[Symbol.iterator] !== 'function') {
      throw new ERR_INVALID_ARG_TYPE('signals', 'Iterable', signals);
    }
    const all = [...signals];
    all.forEach((one, i) => {
      if (typeof one !== 'object' || one === null || !(#aborted in one)) {
        throw new ERR_INVALID_ARG_TYPE(`signals[${i}]`, 'AbortSignal', one);
      }
    });
    const result = new AbortSignal(kMake);
    for (const one of all) {
      if (one.#aborted) {
        result.#aborted = true;
        result.#reason = one.#reason;
        return result;
      }
    }
    result.#sources = new Set();
    for (const one of all) {
      if (one.#sources === undefined) {
        result.#follow(one);
        continue;
      }
      // A signal depends on the sources of its sources: dependents are aborted in the order in which they were made.
      for (const ref of one.#sources) {
        const source = ref.deref();
        if (source !== undefined) result.#follow(source);
      }
    }
    return result;
  }

  #follow(source) {
    for (const known of this.#sources) {
      if (known.deref() === source) return;
    }
    const from = new WeakRef(source);
    const ref = new WeakRef(this);
    this.#sources.add(from);
    source[kDependantSignals] ??= new Set();
    source[kDependantSignals].add(ref);
    if (source.#timed) (this.#kept ??= []).push(source);
    else whenCollected(source, () => ref.deref()?.#lose(from));
    whenCollected(this, () => from.deref()?.[kDependantSignals].delete(ref));
  }

  // lose is called when a source was collected. Without sources the signal cannot be aborted.
  #lose(source) {
    this.#sources.delete(source);
    if (this.#sources.size === 0) heard.delete(this);
  }

  // abortAll aborts a signal: it and all its dependents are aborted before the first listener is called.
  static abortAll(signal, reason) {
    if (signal.#aborted) return;
    const all = [signal];
    signal.#aborted = true;
    signal.#reason = reason;
    for (const ref of signal[kDependantSignals] ?? []) {
      const one = ref.deref();
      if (one === undefined || one.#aborted) continue;
      one.#aborted = true;
      one.#reason = reason;
      all.push(one);
    }
    signal[kDependantSignals]?.clear();
    for (const one of all) {
      heard.delete(one);
      if (one[kEvents].size > 0) one.dispatchEvent(new Event('abort', { [kTrustEvent]: true }));
    }
  }

  [kNewListener](list, type, entry) {
    super[kNewListener](list, type, entry);
    const waits = this.#timed || this.#sources?.size > 0;
    if (waits && type === 'abort' && !this.#aborted && !entry.weak) heard.add(this);
  }

  [kRemoveListener](list, type, entry) {
    super[kRemoveListener](list, type, entry);
    if (type === 'abort' && list.size === 0) heard.delete(this);
  }

  [customInspect](depth, options, inspect) {
    return shown(this, { aborted: this.aborted }, depth, options, inspect);
  }
}

const { abortAll } = AbortSignal;
delete AbortSignal.abortAll;

defineEventHandler(AbortSignal.prototype, 'abort');
Object.defineProperty(AbortSignal.prototype, kMaxEventTargetListeners, { value: 0, writable: true });

class AbortController {
  #signal = new AbortSignal(kMake);

  static #of(controller) {
    if (typeof controller !== 'object' || controller === null || !(#signal in controller)) {
      throw new ERR_INVALID_THIS('AbortController');
    }
    return controller;
  }

  get signal() { return AbortController.#of(this).#signal; }

  abort(reason = exception('This operation was aborted', 'AbortError')) {
    abortAll(AbortController.#of(this).#signal, reason);
  }

  [customInspect](depth, options, inspect) {
    return shown(this, { signal: this.signal }, depth, options, inspect);
  }
}

function shown(object, properties, depth, options, inspect) {
  const { name } = object.constructor;
  if (depth < 0) return `[${name}]`;
  return `${name} ${inspect(properties, { ...options, depth: options.depth == null ? null : options.depth - 1 })}`;
}

for (const [Class, names] of [[AbortSignal, ['aborted', 'reason', 'throwIfAborted']],
  [AbortController, ['signal', 'abort']]]) {
  for (const name of names) Object.defineProperty(Class.prototype, name, { enumerable: true });
  Object.defineProperty(Class.prototype, Symbol.toStringTag, { value: Class.name, configurable: true });
}
for (const name of ['abort', 'timeout', 'any']) Object.defineProperty(AbortSignal, name, { enumerable: true });

module.exports = { AbortController, AbortSignal };

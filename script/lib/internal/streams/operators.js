'use strict';

// The operators of Readable. Those that return streams are asynchronous generators, of which a Readable is made.

const { AbortError, codes: { ERR_INVALID_ARG_TYPE, ERR_MISSING_ARGS, ERR_OUT_OF_RANGE } } = require('internal/errors');
const { kResistStopPropagation, kWeakHandler } = require('internal/event_target');
const { finished } = require('internal/streams/end-of-stream');
const { Readable } = require('internal/streams/readable_pipe');
const { validateAbortSignal, validateInteger, validateObject } = require('internal/validators');

const kEmpty = Symbol('kEmpty'); // a value that is left out
const kEnd = Symbol('kEnd');

function checkFunction(fn, name = 'fn') {
  if (typeof fn !== 'function') throw new ERR_INVALID_ARG_TYPE(name, ['Function', 'AsyncFunction'], fn);
}

function checkOptions(options) {
  if (options != null) validateObject(options, 'options');
  if (options?.signal != null) validateAbortSignal(options.signal, 'options.signal');
}

function checkAborted(options) {
  if (options?.signal?.aborted) throw new AbortError();
}

function map(fn, options) {
  checkFunction(fn);
  checkOptions(options);
  let concurrency = 1;
  if (options?.concurrency != null) concurrency = Math.floor(options.concurrency);
  let highWaterMark = concurrency - 1;
  if (options?.highWaterMark != null) highWaterMark = Math.floor(options.highWaterMark);
  validateInteger(concurrency, 'options.concurrency', 1);
  validateInteger(highWaterMark, 'options.highWaterMark', 0);
  return mapped(this, fn, options?.signal, concurrency, highWaterMark + concurrency);
}

// mapped calls fn for at most concurrency values at once, and holds at most most results that were not taken.
async function* mapped(stream, fn, outer, concurrency, most) {
  const signal = AbortSignal.any(outer ? [outer] : []);
  const argument = { signal };
  const queue = [];
  let next;
  let resume;
  let done = false;
  let running = 0;

  const wakeUp = () => {
    if (!resume || done || running >= concurrency || queue.length >= most) return;
    const fn = resume;
    resume = null;
    fn();
  };
  const onDone = () => {
    running--;
    wakeUp();
  };
  const onFailed = () => {
    done = true;
    onDone();
  };
  const tell = () => {
    if (!next) return;
    const fn = next;
    next = null;
    fn();
  };

  async function pump() {
    try {
      for await (let value of stream) {
        if (done) return;
        if (signal.aborted) throw new AbortError();
        try {
          value = fn(value, argument);
          if (value === kEmpty) continue;
          value = Promise.resolve(value);
        } catch (error) {
          value = Promise.reject(error);
        }
        running++;
        value.then(onDone, onFailed);
        queue.push(value);
        tell();
        if (!done && (queue.length >= most || running >= concurrency)) {
          await new Promise((resolve) => { resume = resolve; });
        }
      }
      queue.push(kEnd);
    } catch (error) {
      const failed = Promise.reject(error);
      failed.then(onDone, onFailed);
      queue.push(failed);
    } finally {
      done = true;
      tell();
    }
  }

  pump();
  try {
    for (;;) {
      while (queue.length > 0) {
        const value = await queue[0];
        if (value === kEnd) return;
        if (signal.aborted) throw new AbortError();
        if (value !== kEmpty) yield value;
        queue.shift();
        wakeUp();
      }
      await new Promise((resolve) => { next = resolve; });
    }
  } finally {
    done = true;
    if (resume) {
      resume();
      resume = null;
    }
  }
}

function filter(fn, options) {
  checkFunction(fn);
  return map.call(this, async (value, argument) => ((await fn(value, argument)) ? value : kEmpty), options);
}

function flatMap(fn, options) {
  const values = map.call(this, fn, options);
  return (async function* () {
    for await (const value of values) yield* value;
  })();
}

// countOf converts the argument of drop and take to an integer.
function countOf(number) {
  number = Number(number);
  if (Number.isNaN(number)) return 0;
  if (number < 0) throw new ERR_OUT_OF_RANGE('number', '>= 0', number);
  return number;
}

function drop(number, options) {
  checkOptions(options);
  number = countOf(number);
  return (async function* () {
    checkAborted(options);
    for await (const value of this) {
      checkAborted(options);
      if (number-- <= 0) yield value;
    }
  }).call(this);
}

function take(number, options) {
  checkOptions(options);
  number = countOf(number);
  return (async function* () {
    checkAborted(options);
    for await (const value of this) {
      checkAborted(options);
      if (number-- > 0) yield value;
      if (number <= 0) return; // The stream is not read further than necessary.
    }
  }).call(this);
}

async function some(fn, options) {
  for await (const _ of filter.call(this, fn, options)) return true;
  return false;
}

async function every(fn, options) {
  checkFunction(fn);
  return !(await some.call(this, async (...args) => !(await fn(...args)), options));
}

async function find(fn, options) {
  for await (const value of filter.call(this, fn, options)) return value;
  return undefined;
}

async function forEach(fn, options) {
  checkFunction(fn);
  const call = async (value, argument) => {
    await fn(value, argument);
    return kEmpty;
  };
  for await (const _ of map.call(this, call, options));
}

async function reduce(reducer, initialValue, options) {
  checkFunction(reducer, 'reducer');
  checkOptions(options);
  let has = arguments.length > 1;
  if (options?.signal?.aborted) {
    const error = new AbortError(undefined, { cause: options.signal.reason });
    this.once('error', () => {});
    await finished(this.destroy(error));
    throw error;
  }
  const controller = new AbortController();
  const { signal } = controller;
  options?.signal?.addEventListener('abort', () => controller.abort(),
    { once: true, [kWeakHandler]: this, [kResistStopPropagation]: true });
  let any = false;
  try {
    for await (const value of this) {
      any = true;
      checkAborted(options);
      if (!has) {
        initialValue = value;
        has = true;
      } else {
        initialValue = await reducer(initialValue, value, { signal });
      }
    }
    if (!any && !has) {
      const error = new ERR_MISSING_ARGS('reduce');
      error.message = 'Reduce of an empty stream requires an initial value';
      throw error;
    }
  } finally {
    controller.abort();
  }
  return initialValue;
}

async function toArray(options) {
  checkOptions(options);
  const all = [];
  for await (const value of this) {
    if (options?.signal?.aborted) throw new AbortError(undefined, { cause: options.signal.reason });
    all.push(value);
  }
  return all;
}

// streaming makes a Readable of what an operator yields.
function streaming(operator) {
  return function (...args) { return Readable.from(operator.apply(this, args)); };
}

module.exports = {
  drop: streaming(drop), filter: streaming(filter), flatMap: streaming(flatMap), map: streaming(map),
  take: streaming(take), every, find,
  forEach, reduce, some, toArray,
};

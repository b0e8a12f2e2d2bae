'use strict';

// A Readable of what an iterable yields.

const { Buffer } = require('buffer');
const { codes: { ERR_INVALID_ARG_TYPE, ERR_STREAM_NULL_VALUES } } = require('internal/errors');

function from(Readable, iterable, options) {
  if (typeof iterable === 'string' || iterable instanceof Buffer) {
    return new Readable({
      objectMode: true,
      ...options,
      read() {
        this.push(iterable);
        this.push(null);
      },
    });
  }
  let iterator;
  let isAsync = false;
  if (typeof iterable?.[Symbol.asyncIterator] === 'function') {
    isAsync = true;
    iterator = iterable[Symbol.asyncIterator]();
  } else if (typeof iterable?.[Symbol.iterator] === 'function') {
    iterator = iterable[Symbol.iterator]();
  } else {
    throw new ERR_INVALID_ARG_TYPE('iterable', ['Iterable'], iterable);
  }

  const readable = new Readable({ objectMode: true, highWaterMark: 1, ...options });
  let reading = false; // two calls of next could overtake each other
  readable._read = function () {
    if (reading) return;
    reading = true;
    if (isAsync) nextAsync();
    else nextSync();
  };
  const destroy = readable._destroy;
  readable._destroy = function (error, callback) {
    close(error).then(
      () => process.nextTick(then, error),
      (failed) => process.nextTick(then, failed || error),
    );
    function then(failed) { destroy.call(readable, failed, callback); }
  };

  async function close(error) {
    if (error != null && typeof iterator.throw === 'function') {
      const { value, done } = await iterator.throw(error);
      await value;
      if (done) return;
    }
    if (typeof iterator.return === 'function') {
      const { value } = await iterator.return();
      await value;
    }
  }

  // push reports whether the next value is wanted at once.
  function push(value) {
    if (value === null) {
      reading = false;
      throw new ERR_STREAM_NULL_VALUES();
    }
    if (readable.push(value)) return true;
    reading = false;
    return false;
  }

  function nextSync() {
    try {
      for (;;) {
        const { value, done } = iterator.next();
        if (done) {
          readable.push(null);
          return;
        }
        if (typeof value?.then === 'function') {
          isAsync = true; // An iterable of promises is treated as asynchronous.
          nextAsync(value);
          return;
        }
        if (!push(value)) return;
      }
    } catch (error) {
      readable.destroy(error);
    }
  }

  async function nextAsync(first) {
    try {
      for (;;) {
        let value = first;
        if (first === undefined) {
          const result = await iterator.next();
          if (result.done) {
            readable.push(null);
            return;
          }
          ({ value } = result);
        }
        first = undefined;
        if (typeof value?.then === 'function') value = await value;
        if (!push(value)) return;
      }
    } catch (error) {
      readable.destroy(error);
    }
  }
  return readable;
}

module.exports = from;

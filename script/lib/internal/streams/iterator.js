'use strict';

// The asynchronous iterator of a Readable. It is no generator, because the engine does not wait for
// the return of one at a break: here the stream is destroyed before return() returns.

const { aggregateTwoErrors } = require('internal/errors');
const { destroyer } = require('internal/streams/destroy');
const { eos } = require('internal/streams/end-of-stream');

const AsyncIteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype);

function nothing() {}

class ReadableIterator {
  #options;
  #state = 'new'; // 'reading' from the first next on, 'done'
  #error; // null: the stream has ended well
  #wake = nothing;
  #cleanup;
  #last; // the promise of the call before, while that waits
  #onReadable = () => {
    const wake = this.#wake;
    this.#wake = nothing;
    wake();
  };
  #wait = (resolve) => { this.#wake = resolve; };

  constructor(stream, options) {
    this.stream = stream;
    this.#options = options;
  }

  next() { return this.#queue(() => this.#next()); }

  return(value) {
    return this.#queue(async () => {
      if (this.#state === 'reading') this.#finish();
      this.#state = 'done';
      return { value, done: true };
    });
  }

  throw(error) {
    return this.#queue(async () => {
      if (this.#state === 'reading') this.#fail(error);
      this.#state = 'done';
      throw error;
    });
  }

  // queue makes a call wait for those before it.
  #queue(call) {
    const result = this.#last === undefined ? call() : this.#last.then(call, call);
    this.#last = result;
    const done = () => {
      if (this.#last === result) this.#last = undefined;
    };
    result.then(done, done);
    return result;
  }

  async #next() {
    if (this.#state === 'new') this.#start();
    const { stream } = this;
    while (this.#state === 'reading') {
      const chunk = stream.destroyed ? null : stream.read();
      if (chunk !== null) {
        return { value: typeof chunk?.then === 'function' ? await this.#settled(chunk) : chunk, done: false };
      }
      if (this.#error) {
        const error = this.#error;
        this.#fail(error);
        throw error;
      }
      if (this.#error === null) this.#finish();
      else await new Promise(this.#wait);
    }
    return { value: undefined, done: true };
  }

  #start() {
    this.#state = 'reading';
    this.stream.on('readable', this.#onReadable);
    this.#cleanup = eos(this.stream, { writable: false }, (error) => {
      this.#error = error ? aggregateTwoErrors(this.#error, error) : null;
      this.#onReadable();
    });
  }

  async #settled(promise) {
    try {
      return await promise;
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  #fail(error) {
    this.#error = aggregateTwoErrors(this.#error, error);
    this.#finish();
  }

  #finish() {
    this.#state = 'done';
    const { stream } = this;
    const error = this.#error;
    if ((error || this.#options?.destroyOnReturn !== false) &&
      (error === undefined || stream._readableState.autoDestroy)) {
      destroyer(stream, null);
    } else {
      stream.off('readable', this.#onReadable);
      this.#cleanup();
    }
  }
}

Object.setPrototypeOf(ReadableIterator.prototype, AsyncIteratorPrototype);

module.exports = { ReadableIterator };

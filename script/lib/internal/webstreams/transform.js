'use strict';

// TransformStream of the web, strategies, and the transforms of text.

const {
  codes: { ERR_ILLEGAL_CONSTRUCTOR, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_INVALID_THIS, ERR_MISSING_ARGS },
} = require('internal/errors');
const { ReadableStream, failReadable } = require('internal/webstreams/readable');
const {
  deferred, describe, invalidState, kMake, kState, markOf, method, show, sizeOf,
} = require('internal/webstreams/util');
const { WritableStream, failWritable, stateOfWritable } = require('internal/webstreams/writable');

class TransformStream {
  #readable; #writable;

  constructor(transformer = {}, writableStrategy = {}, readableStrategy = {}) {
    if (transformer === null || typeof transformer !== 'object') {
      throw new ERR_INVALID_ARG_TYPE('transformer', 'Object', transformer);
    }
    if (transformer.readableType !== undefined) {
      throw new ERR_INVALID_ARG_VALUE('transformer.readableType', transformer.readableType);
    }
    if (transformer.writableType !== undefined) {
      throw new ERR_INVALID_ARG_VALUE('transformer.writableType', transformer.writableType);
    }
    const started = Promise.withResolvers();
    const t = { wanted: deferred(), flush: method(transformer, 'flush'), cancel: method(transformer, 'cancel'),
      failed: false };
    const controller = new TransformStreamDefaultController(kMake, t);
    t.transform = transformer.transform === undefined ? async (chunk) => controller.enqueue(chunk) :
      method(transformer, 'transform');
    t.fail = (error) => {
      if (t.failed) return;
      t.failed = true;
      failReadable(t.readable, error);
      failWritable(t.writable, error);
      t.wanted.resolve(); // A write that waits fails instead.
    };
    t.writable = this.#writable = new WritableStream({
      start: () => started.promise,
      async write(chunk) {
        await t.wanted.promise;
        if (stateOfWritable(t.writable).state === 'erroring') throw stateOfWritable(t.writable).storedError;
        try {
          await t.transform(chunk, controller);
        } catch (error) {
          t.fail(error);
          throw error;
        }
      },
      async close() {
        try {
          await t.flush(controller);
        } catch (error) {
          t.fail(error);
          throw error;
        }
        if (t.readable[kState].state === 'errored') throw t.readable[kState].storedError;
        if (!t.source.closed) t.close();
      },
      async abort(reason) {
        await t.cancel(reason);
        failReadable(t.readable, reason);
      },
    }, { highWaterMark: markOf(writableStrategy, 1), size: sizeOf(writableStrategy) });
    t.source = { closed: false };
    t.readable = this.#readable = new ReadableStream({
      start(readable) {
        t.controller = readable;
        return started.promise;
      },
      pull() { t.wanted.resolve(); },
      async cancel(reason) {
        await t.cancel(reason);
        failWritable(t.writable, reason);
        t.wanted.resolve();
      },
    }, { highWaterMark: markOf(readableStrategy, 0), size: sizeOf(readableStrategy) });
    t.close = () => {
      t.source.closed = true;
      t.controller.close();
    };
    started.resolve(transformer.start?.(controller));
  }

  get readable() { return this.#readable; }
  get writable() { return this.#writable; }
}

class TransformStreamDefaultController {
  #t;

  constructor(key, t) {
    if (key !== kMake) throw new ERR_ILLEGAL_CONSTRUCTOR();
    this.#t = t;
  }

  get desiredSize() { return this.#t.controller.desiredSize; }

  enqueue(chunk = undefined) {
    const t = this.#t;
    if (t.source.closed) throw invalidState('Controller is already closed');
    t.controller.enqueue(chunk);
    const isRead = t.readable[kState].reader?.requests.length > 0;
    if (!isRead && !(t.controller.desiredSize > 0)) t.wanted = deferred(); // The next write waits for a read.
  }

  error(reason = undefined) { this.#t.fail(reason); }

  terminate() {
    const t = this.#t;
    if (!t.source.closed) t.close();
    failWritable(t.writable, invalidState('TransformStream has been terminated'));
  }
}

class ByteLengthQueuingStrategy {
  #mark;
  constructor(init) { this.#mark = markIn(init, arguments.length); }
  get highWaterMark() { return this.#mark; }
  get size() { return byteLength; }
}

class CountQueuingStrategy {
  #mark;
  constructor(init) { this.#mark = markIn(init, arguments.length); }
  get highWaterMark() { return this.#mark; }
  get size() { return count; }
}

const byteLength = Object.defineProperty((chunk) => chunk.byteLength, 'name', { value: 'size' });
const count = Object.defineProperty(() => 1, 'name', { value: 'size' });

function markIn(init, given) {
  if (given === 0 || typeof init !== 'object' || init === null) throw new ERR_INVALID_ARG_TYPE('init', 'Object', init);
  if (init.highWaterMark === undefined) throw new ERR_MISSING_ARGS('options.highWaterMark');
  return +init.highWaterMark;
}

class TextEncoderStream {
  #encoder = new TextEncoder();
  #half = '';
  #transform = new TransformStream({
    transform: (chunk, controller) => {
      let text = this.#half + chunk;
      const last = text.charCodeAt(text.length - 1);
      this.#half = last >= 0xd800 && last < 0xdc00 ? text.slice(-1) : ''; // The other half of the pair may follow.
      if (this.#half) text = text.slice(0, -1);
      if (text) controller.enqueue(this.#encoder.encode(text));
    },
    flush: (controller) => {
      if (this.#half) controller.enqueue(this.#encoder.encode(this.#half));
    },
  });
  get encoding() { return this.#encoder.encoding; }
  get readable() { return this.#transform.readable; }
  get writable() { return this.#transform.writable; }
}

class TextDecoderStream {
  #decoder; #transform;
  constructor(encoding = 'utf-8', options = {}) {
    this.#decoder = new TextDecoder(encoding, options);
    const put = (controller, text) => {
      if (text) controller.enqueue(text);
    };
    this.#transform = new TransformStream({
      transform: (chunk, controller) => put(controller, this.#decoder.decode(chunk, { stream: true })),
      flush: (controller) => put(controller, this.#decoder.decode()),
    });
  }
  get encoding() { return this.#decoder.encoding; }
  get fatal() { return this.#decoder.fatal; }
  get ignoreBOM() { return this.#decoder.ignoreBOM; }
  get readable() { return this.#transform.readable; }
  get writable() { return this.#transform.writable; }
}

// describeAs sets the properties that inspect shows for a class with private state, so its objects can be
// distinguished.
function describeAs(Class, names) {
  describe(Class, (self) => {
    if (!(self instanceof Class)) throw new ERR_INVALID_THIS(Class.name);
    return Object.fromEntries(names.map((name) => [name, self[name]]));
  });
}

describeAs(TransformStream, ['readable', 'writable']);
describeAs(ByteLengthQueuingStrategy, ['highWaterMark']);
describeAs(CountQueuingStrategy, ['highWaterMark']);
describeAs(TextEncoderStream, ['encoding', 'readable', 'writable']);
describeAs(TextDecoderStream, ['encoding', 'fatal', 'ignoreBOM', 'readable', 'writable']);
show(TransformStream, ['readable', 'writable']);
show(TransformStreamDefaultController, ['desiredSize', 'enqueue', 'error', 'terminate']);
show(ByteLengthQueuingStrategy, ['highWaterMark', 'size']);
show(CountQueuingStrategy, ['highWaterMark', 'size']);
show(TextEncoderStream, ['encoding', 'readable', 'writable']);
show(TextDecoderStream, ['encoding', 'fatal', 'ignoreBOM', 'readable', 'writable']);

module.exports = {
  ByteLengthQueuingStrategy, CountQueuingStrategy, TextDecoderStream, TextEncoderStream, TransformStream,
  TransformStreamDefaultController,
};

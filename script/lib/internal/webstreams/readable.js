'use strict';

// ReadableStream of the web, its readers and its controllers. A stream of bytes copies into the
// view of a BYOB reader: its controller has no byobRequest.

const { codes } = require('internal/errors');
const { kIsClosedPromise, kIsDisturbed, kIsErrored, kIsReadable } = require('internal/streams/utils');
const {
  Queue, deferred, describe, invalidState, kMake, kState, markOf, method, nothing, rejected, show, sizeOf,
} = require('internal/webstreams/util');

const {
  ERR_ARG_NOT_ITERABLE, ERR_ILLEGAL_CONSTRUCTOR, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_INVALID_THIS,
} = codes;

function stateOf(object, Class) {
  const state = object?.[kState];
  if (state === undefined || state.Class !== Class) throw new ERR_INVALID_THIS(Class.name);
  return state;
}

class ReadableStream {
  constructor(source = {}, strategy = {}) {
    if (source === null || (typeof source !== 'object' && typeof source !== 'function')) {
      throw new ERR_INVALID_ARG_TYPE('source', 'Object', source);
    }
    if (strategy === null || typeof strategy !== 'object') {
      throw new ERR_INVALID_ARG_TYPE('strategy', 'Object', strategy);
    }
    const type = source.type === undefined ? undefined : `${source.type}`;
    if (type !== undefined && type !== 'bytes') throw new ERR_INVALID_ARG_VALUE('source.type', type);
    if (type === 'bytes' && strategy.size !== undefined) {
      throw new ERR_INVALID_ARG_VALUE('strategy.size', strategy.size);
    }
    const stream = {
      Class: ReadableStream, self: this, state: 'readable', storedError: undefined, reader: undefined,
      disturbed: false, controller: undefined,
    };
    Object.defineProperty(this, kState, { value: stream });
    Object.defineProperty(this, kIsClosedPromise, { value: deferred() });
    const Controller = type === 'bytes' ? ReadableByteStreamController : ReadableStreamDefaultController;
    const controller = new Controller(kMake, stream);
    start(controller, stream, source, markOf(strategy, type === 'bytes' ? 0 : 1), sizeOf(strategy));
  }

  static from(iterable) {
    const isAsync = typeof iterable?.[Symbol.asyncIterator] === 'function';
    if (!isAsync && typeof iterable?.[Symbol.iterator] !== 'function') throw new ERR_ARG_NOT_ITERABLE(iterable);
    const iterator = isAsync ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
    return new ReadableStream({
      async pull(controller) {
        const { value, done } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(await value);
      },
      async cancel(reason) { await iterator.return?.(reason); },
    }, { highWaterMark: 0 });
  }

  get locked() { return stateOf(this, ReadableStream).reader !== undefined; }
  get [kIsDisturbed]() { return this[kState].disturbed; }
  get [kIsErrored]() { return this[kState].state === 'errored'; }
  get [kIsReadable]() { return this[kState].state === 'readable'; }

  cancel(reason = undefined) {
    const stream = this?.[kState];
    if (stream?.Class !== ReadableStream) return rejected(new ERR_INVALID_THIS('ReadableStream'));
    if (stream.reader !== undefined) return rejected(invalidState('ReadableStream is locked'));
    return cancel(stream, reason);
  }

  getReader(options = {}) {
    const stream = stateOf(this, ReadableStream);
    const mode = options?.mode;
    if (mode === undefined) return new ReadableStreamDefaultReader(this);
    if (`${mode}` !== 'byob') throw new ERR_INVALID_ARG_VALUE('options.mode', mode);
    if (!stream.controller.isBytes) throw new ERR_INVALID_ARG_VALUE('stream', this, 'must be a byte stream');
    return new ReadableStreamBYOBReader(this);
  }

  pipeThrough(transform, options = {}) {
    const stream = stateOf(this, ReadableStream);
    if (transform?.readable?.[kState]?.Class !== ReadableStream) {
      throw new ERR_INVALID_ARG_TYPE('transform.readable', 'ReadableStream', transform?.readable);
    }
    if (stream.reader !== undefined) throw invalidState('The ReadableStream is locked');
    if (transform.writable?.locked) throw invalidState('The WritableStream is locked');
    require('internal/webstreams/pipe').pipeTo(this, transform.writable, options).then(undefined, nothing);
    return transform.readable;
  }

  pipeTo(destination, options = {}) {
    if (this?.[kState]?.Class !== ReadableStream) return rejected(new ERR_INVALID_THIS('ReadableStream'));
    return require('internal/webstreams/pipe').pipeTo(this, destination, options);
  }

  tee() {
    stateOf(this, ReadableStream);
    return require('internal/webstreams/pipe').tee(this);
  }

  values(options = {}) {
    stateOf(this, ReadableStream);
    return new StreamIterator(new ReadableStreamDefaultReader(this), !!options?.preventCancel);
  }
}

Object.defineProperty(ReadableStream.prototype, Symbol.asyncIterator, {
  value: ReadableStream.prototype.values, writable: true, configurable: true, enumerable: false,
});

const AsyncIteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype);

class StreamIterator {
  #reader; #preventCancel; #last = Promise.resolve();
  #isDone = false;

  constructor(reader, preventCancel) {
    this.#reader = reader;
    this.#preventCancel = preventCancel;
  }

  next() { return this.#queue(() => this.#next()); }
  return(value) { return this.#queue(() => this.#return(value)); }

  #queue(fn) {
    const result = this.#last.then(fn, fn);
    this.#last = result.then(nothing, nothing);
    return result;
  }

  async #next() {
    if (this.#isDone) return { value: undefined, done: true };
    try {
      const result = await this.#reader.read();
      if (result.done) this.#end();
      return result;
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  async #return(value) {
    if (!this.#isDone) {
      const cancelled = this.#preventCancel ? undefined : this.#reader.cancel(value);
      this.#end();
      await cancelled;
    }
    return { value, done: true };
  }

  #end() {
    this.#isDone = true;
    this.#reader.releaseLock();
  }
}

Object.setPrototypeOf(StreamIterator.prototype, AsyncIteratorPrototype);

// Readers. Each has a list of requests: { chunk, close, error }.

class Reader {
  constructor(object, Class) {
    const stream = object?.[kState];
    if (stream?.Class !== ReadableStream) throw new ERR_INVALID_ARG_TYPE('stream', 'ReadableStream', object);
    if (stream.reader !== undefined) throw invalidState('ReadableStream is locked');
    const reader = { Class, stream, requests: [], closed: deferred() };
    Object.defineProperty(this, kState, { value: reader });
    stream.reader = reader;
    if (stream.state === 'closed') reader.closed.resolve();
    else if (stream.state === 'errored') reader.closed.reject(stream.storedError);
  }

  get closed() { return this[kState].closed.promise; }

  cancel(reason = undefined) {
    const { stream } = this[kState];
    return stream === undefined ? rejected(invalidState('The reader is not attached to a stream')) :
      cancel(stream, reason);
  }

  releaseLock() {
    const reader = this[kState];
    const { stream } = reader;
    if (stream === undefined) return;
    const error = invalidState('Reader was released');
    if (stream.state === 'readable') reader.closed.reject(error);
    else (reader.closed = deferred()).reject(error);
    stream.reader = undefined;
    reader.stream = undefined;
    for (const request of reader.requests.splice(0)) request.error(error);
  }
}

class ReadableStreamDefaultReader extends Reader {
  constructor(stream) { super(stream, ReadableStreamDefaultReader); }

  read() {
    const reader = this?.[kState];
    if (reader?.Class !== ReadableStreamDefaultReader) {
      return rejected(new ERR_INVALID_THIS('ReadableStreamDefaultReader'));
    }
    if (reader.stream === undefined) return rejected(invalidState('The reader is not attached to a stream'));
    return new Promise((resolve, reject) => {
      readInto(reader.stream, {
        chunk: (value) => resolve({ value, done: false }),
        close: () => resolve({ value: undefined, done: true }),
        error: reject,
      });
    });
  }
}

class ReadableStreamBYOBReader extends Reader {
  constructor(stream) { super(stream, ReadableStreamBYOBReader); }

  read(view, options = {}) {
    const reader = this?.[kState];
    if (reader?.Class !== ReadableStreamBYOBReader) return rejected(new ERR_INVALID_THIS('ReadableStreamBYOBReader'));
    if (!ArrayBuffer.isView(view)) {
      return rejected(new ERR_INVALID_ARG_TYPE('view', ['Buffer', 'TypedArray', 'DataView'], view));
    }
    if (view.byteLength === 0) return rejected(invalidState('View or Viewed ArrayBuffer is zero-length or detached'));
    if (reader.stream === undefined) return rejected(invalidState('The reader is not attached to a stream'));
    return new Promise((resolve, reject) => {
      const { constructor: View, BYTES_PER_ELEMENT: width = 1 } = view;
      const result = (length) => new View(view.buffer, view.byteOffset, Math.floor(length / width));
      readInto(reader.stream, {
        view: new Uint8Array(view.buffer, view.byteOffset, view.byteLength),
        least: Math.max(1, options.min ?? 1) * width,
        filled: 0,
        chunk(length) { resolve({ value: result(length), done: false }); },
        close() { resolve({ value: result(this.filled), done: true }); },
        error: reject,
      });
    });
  }
}

function readInto(stream, request) {
  stream.disturbed = true;
  if (stream.state === 'closed') request.close();
  else if (stream.state === 'errored') request.error(stream.storedError);
  else pull(stream.controller, request);
}

// Controllers.

class Controller {
  constructor(key, stream, Class) {
    if (key !== kMake) throw new ERR_ILLEGAL_CONSTRUCTOR();
    const controller = {
      Class, self: this, stream, queue: new Queue(), started: false, closing: false, pulling: false, pullAgain: false,
      isBytes: false,
      pull: undefined, cancel: undefined, size: undefined, highWaterMark: 0,
    };
    Object.defineProperty(this, kState, { value: controller });
    stream.controller = controller;
  }

  get desiredSize() { return desiredSize(this[kState]); }

  close() {
    const controller = this[kState];
    if (!isOpen(controller)) throw invalidState('Controller is already closed');
    closeController(controller);
  }

  enqueue(chunk = undefined) {
    const controller = this[kState];
    if (controller.isBytes) {
      if (!ArrayBuffer.isView(chunk)) {
        throw new ERR_INVALID_ARG_TYPE('chunk', ['Buffer', 'TypedArray', 'DataView'], chunk);
      }
      if (chunk.byteLength === 0) throw invalidState('chunk ArrayBuffer is zero-length or detached');
      chunk = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    }
    if (!isOpen(controller)) throw invalidState('Controller is already closed');
    enqueue(controller, chunk);
  }

  error(error = undefined) { fail(this[kState], error); }
}

class ReadableStreamDefaultController extends Controller {
  constructor(key, stream) { super(key, stream, ReadableStreamDefaultController); }
}

class ReadableByteStreamController extends Controller {
  constructor(key, stream) {
    super(key, stream, ReadableByteStreamController);
    this[kState].isBytes = true;
  }

  get byobRequest() { return null; }
}

// ReadableStreamBYOBRequest exists only as a name: no controller makes one.
class ReadableStreamBYOBRequest {
  constructor() { throw new ERR_ILLEGAL_CONSTRUCTOR(); }
}

function start(object, stream, source, highWaterMark, size) {
  const controller = stream.controller;
  controller.pull = method(source, 'pull');
  controller.cancel = method(source, 'cancel');
  controller.size = controller.isBytes ? (chunk) => chunk.byteLength : size;
  controller.highWaterMark = highWaterMark;
  const result = source.start?.(object);
  Promise.resolve(result).then(() => {
    controller.started = true;
    pullIfNeeded(controller);
  }, (error) => fail(controller, error));
}

const isOpen = (controller) => !controller.closing && controller.stream.state === 'readable';

function desiredSize(controller) {
  if (controller.stream.state === 'errored') return null;
  return controller.stream.state === 'closed' ? 0 : controller.highWaterMark - controller.queue.total;
}

function pullIfNeeded(controller) {
  if (!isOpen(controller) || !controller.started) return;
  if (!(controller.stream.reader?.requests.length > 0) && !(desiredSize(controller) > 0)) return;
  if (controller.pulling) {
    controller.pullAgain = true;
    return;
  }
  controller.pulling = true;
  controller.pull(controller.self).then(() => {
    controller.pulling = false;
    if (!controller.pullAgain) return;
    controller.pullAgain = false;
    pullIfNeeded(controller);
  }, (error) => fail(controller, error));
}

// pull answers a request from the queue, or makes it wait.
function pull(controller, request) {
  const { queue, stream } = controller;
  if (queue.length === 0) {
    stream.reader.requests.push(request);
    pullIfNeeded(controller);
    return;
  }
  if (request.view !== undefined) {
    fill(controller, request);
    if (request.filled < request.least && !controller.closing) {
      stream.reader.requests.push(request);
    } else {
      request.chunk(request.filled);
    }
  } else {
    request.chunk(queue.shift());
  }
  if (controller.closing && queue.length === 0) closeStream(stream);
  else pullIfNeeded(controller);
}

// fill copies queued bytes into the view of a request.
function fill(controller, request) {
  const { queue } = controller;
  while (queue.length > 0 && request.filled < request.view.length) {
    const chunk = queue.shift();
    const room = request.view.length - request.filled;
    request.view.set(chunk.subarray(0, room), request.filled);
    request.filled += Math.min(room, chunk.length);
    if (chunk.length > room) queue.putBack(chunk.subarray(room), chunk.length - room);
  }
}

function enqueue(controller, chunk) {
  const requests = controller.stream.reader?.requests;
  if (requests?.length > 0 && requests[0].view === undefined) {
    requests.shift().chunk(chunk);
  } else {
    try {
      controller.queue.push(chunk, controller.size(chunk));
    } catch (error) {
      fail(controller, error);
      throw error;
    }
    while (requests?.length > 0 && controller.queue.length > 0) {
      fill(controller, requests[0]);
      if (requests[0].filled < requests[0].least) break;
      const request = requests.shift();
      request.chunk(request.filled);
    }
  }
  pullIfNeeded(controller);
}

function closeController(controller) {
  controller.closing = true;
  if (controller.queue.length === 0) closeStream(controller.stream);
}

function closeStream(stream) {
  stream.state = 'closed';
  stream.self[kIsClosedPromise].resolve();
  const { reader } = stream;
  if (reader === undefined) return;
  reader.closed.resolve();
  for (const request of reader.requests.splice(0)) request.close();
}

function fail(controller, error) {
  const { stream } = controller;
  if (stream.state !== 'readable') return;
  controller.queue.clear();
  stream.state = 'errored';
  stream.storedError = error;
  stream.self[kIsClosedPromise].reject(error);
  const { reader } = stream;
  if (reader === undefined) return;
  reader.closed.reject(error);
  for (const request of reader.requests.splice(0)) request.error(error);
}

function cancel(stream, reason) {
  stream.disturbed = true;
  if (stream.state === 'closed') return Promise.resolve();
  if (stream.state === 'errored') return rejected(stream.storedError);
  closeStream(stream);
  stream.controller.queue.clear();
  return stream.controller.cancel(reason).then(nothing);
}

describe(ReadableStream, (self) => {
  const { controller, reader, state } = stateOf(self, ReadableStream);
  return { locked: reader !== undefined, state, supportsBYOB: controller.isBytes };
});
for (const Class of [ReadableStreamDefaultReader, ReadableStreamBYOBReader]) {
  describe(Class, (self) => {
    const { closed, requests, stream } = stateOf(self, Class);
    return { stream: stream?.self, readRequests: requests.length, close: closed.promise };
  });
}
show(ReadableStream, ['locked', 'cancel', 'getReader', 'pipeThrough', 'pipeTo', 'tee', 'values']);
show(ReadableStreamDefaultReader, ['read']);
show(ReadableStreamBYOBReader, ['read']);
show(ReadableStreamBYOBRequest, []);
show(ReadableStreamDefaultController, []);
show(ReadableByteStreamController, ['byobRequest']);
for (const name of ['closed', 'cancel', 'releaseLock']) {
  Object.defineProperty(Reader.prototype, name, { enumerable: true });
}
for (const name of ['desiredSize', 'close', 'enqueue', 'error']) {
  Object.defineProperty(Controller.prototype, name, { enumerable: true });
}

module.exports = {
  ReadableByteStreamController, ReadableStream, ReadableStreamBYOBReader, ReadableStreamBYOBRequest,
  ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
  failReadable: (stream, error) => fail(stream[kState].controller, error),
};

'use strict';

// WritableStream of the web, its writer and its controller.

const {
  codes: { ERR_ILLEGAL_CONSTRUCTOR, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_INVALID_THIS },
} = require('internal/errors');
const { kIsClosedPromise, kIsErrored, kIsWritable } = require('internal/streams/utils');
const {
  Queue, deferred, describe, invalidState, kMake, kState, markOf, method, nothing, rejected, show, sizeOf,
} = require('internal/webstreams/util');

const kClose = Symbol('kClose'); // in the queue: after all that was written

function stateOf(object, Class) {
  const state = object?.[kState];
  if (state === undefined || state.Class !== Class) throw new ERR_INVALID_THIS(Class.name);
  return state;
}

class WritableStream {
  constructor(sink = {}, strategy = {}) {
    if (sink === null || (typeof sink !== 'object' && typeof sink !== 'function')) {
      throw new ERR_INVALID_ARG_TYPE('sink', 'Object', sink);
    }
    if (strategy === null || typeof strategy !== 'object') {
      throw new ERR_INVALID_ARG_TYPE('strategy', 'Object', strategy);
    }
    if (sink.type !== undefined) throw new ERR_INVALID_ARG_VALUE('type', sink.type);
    const stream = {
      Class: WritableStream, self: this, state: 'writable', storedError: undefined, writer: undefined,
      controller: undefined, backpressure: false,
      requests: [], // of writes that wait
      inFlight: undefined, // the write under way
      closeRequest: undefined, isClosing: false, // isClosing: the sink's close is under way
      abort: undefined, // { promise, reason, wasErroring } of an abort that waits
    };
    Object.defineProperty(this, kState, { value: stream });
    Object.defineProperty(this, kIsClosedPromise, { value: deferred() });
    new WritableStreamDefaultController(kMake, stream);
    start(stream.controller, sink, markOf(strategy, 1), sizeOf(strategy));
  }

  get locked() { return stateOf(this, WritableStream).writer !== undefined; }
  get [kIsErrored]() { return this[kState].state === 'errored'; }
  get [kIsWritable]() { return this[kState].state === 'writable'; }

  abort(reason = undefined) {
    const stream = this?.[kState];
    if (stream?.Class !== WritableStream) return rejected(new ERR_INVALID_THIS('WritableStream'));
    return stream.writer !== undefined ? rejected(invalidState('WritableStream is locked')) : abort(stream, reason);
  }

  close() {
    const stream = this?.[kState];
    if (stream?.Class !== WritableStream) return rejected(new ERR_INVALID_THIS('WritableStream'));
    if (stream.writer !== undefined) return rejected(invalidState('WritableStream is locked'));
    if (isCloseQueued(stream)) return rejected(invalidState('Failure closing WritableStream'));
    return close(stream);
  }

  getWriter() {
    stateOf(this, WritableStream);
    return new WritableStreamDefaultWriter(this);
  }
}

class WritableStreamDefaultWriter {
  constructor(object) {
    const stream = object?.[kState];
    if (stream?.Class !== WritableStream) throw new ERR_INVALID_ARG_TYPE('stream', 'WritableStream', object);
    if (stream.writer !== undefined) throw invalidState('WritableStream is locked');
    const writer = { Class: WritableStreamDefaultWriter, stream, closed: deferred(), ready: deferred() };
    Object.defineProperty(this, kState, { value: writer });
    stream.writer = writer;
    switch (stream.state) {
      case 'writable':
        if (isCloseQueued(stream) || !stream.backpressure) writer.ready.resolve();
        break;
      case 'erroring':
        writer.ready.reject(stream.storedError);
        break;
      case 'closed':
        writer.ready.resolve();
        writer.closed.resolve();
        break;
      default:
        writer.ready.reject(stream.storedError);
        writer.closed.reject(stream.storedError);
    }
  }

  get closed() { return stateOf(this, WritableStreamDefaultWriter).closed.promise; }
  get ready() { return stateOf(this, WritableStreamDefaultWriter).ready.promise; }
  get desiredSize() {
    const { stream } = stateOf(this, WritableStreamDefaultWriter);
    if (stream === undefined) throw invalidState('Writer is not bound to a WritableStream');
    if (stream.state === 'errored' || stream.state === 'erroring') return null;
    return stream.state === 'closed' ? 0 : desiredSize(stream.controller);
  }

  abort(reason = undefined) {
    const { stream } = stateOf(this, WritableStreamDefaultWriter);
    return stream === undefined ? rejected(invalidState('Writer is not bound to a WritableStream')) :
      abort(stream, reason);
  }

  close() {
    const { stream } = stateOf(this, WritableStreamDefaultWriter);
    if (stream === undefined) return rejected(invalidState('Writer is not bound to a WritableStream'));
    return isCloseQueued(stream) ? rejected(invalidState('Failure to close WritableStream')) : close(stream);
  }

  releaseLock() {
    const writer = stateOf(this, WritableStreamDefaultWriter);
    const { stream } = writer;
    if (stream === undefined) return;
    const error = invalidState('Writer has been released');
    rejectNew(writer, 'ready', error);
    rejectNew(writer, 'closed', error);
    stream.writer = writer.stream = undefined;
  }

  write(chunk = undefined) {
    const { stream } = stateOf(this, WritableStreamDefaultWriter);
    return stream === undefined ? rejected(invalidState('Writer is not bound to a WritableStream')) :
      write(stream, chunk);
  }
}

// rejectNew rejects a promise of a writer; if it is settled already, a new one takes its place.
function rejectNew(writer, name, error) {
  const before = writer[name];
  before.reject(error);
  writer[name] = deferred();
  writer[name].reject(error);
}

class WritableStreamDefaultController {
  constructor(key, stream) {
    if (key !== kMake) throw new ERR_ILLEGAL_CONSTRUCTOR();
    const controller = {
      Class: WritableStreamDefaultController, self: this, stream, queue: new Queue(), started: false,
      aborter: new AbortController(),
      write: undefined, close: undefined, abort: undefined, size: undefined, highWaterMark: 0,
    };
    Object.defineProperty(this, kState, { value: controller });
    stream.controller = controller;
  }

  get signal() { return stateOf(this, WritableStreamDefaultController).aborter.signal; }

  error(error = undefined) {
    const { stream } = stateOf(this, WritableStreamDefaultController);
    if (stream.state === 'writable') startErroring(stream, error);
  }
}

function start(controller, sink, highWaterMark, size) {
  const { stream } = controller;
  Object.assign(controller, {
    write: method(sink, 'write'), close: method(sink, 'close'), abort: method(sink, 'abort'), size, highWaterMark,
  });
  updateBackpressure(stream);
  const result = sink.start?.(controller.self);
  Promise.resolve(result).then(() => {
    controller.started = true;
    advance(controller);
  }, (error) => {
    controller.started = true;
    dealWithRejection(stream, error);
  });
}

const desiredSize = (controller) => controller.highWaterMark - controller.queue.total;
const isCloseQueued = (stream) => stream.closeRequest !== undefined;

function updateBackpressure(stream) {
  const backpressure = desiredSize(stream.controller) <= 0;
  if (stream.writer !== undefined && backpressure !== stream.backpressure && !isCloseQueued(stream)) {
    if (backpressure) stream.writer.ready = deferred();
    else stream.writer.ready.resolve();
  }
  stream.backpressure = backpressure;
}

function write(stream, chunk) {
  const { controller } = stream;
  let size;
  try {
    size = controller.size(chunk);
  } catch (error) {
    if (stream.state === 'writable') startErroring(stream, error);
  }
  if (stream.state === 'errored') return rejected(stream.storedError);
  if (isCloseQueued(stream) || stream.state === 'closed') return rejected(invalidState('Writable stream closed'));
  if (stream.state === 'erroring') return rejected(stream.storedError);
  const request = deferred();
  stream.requests.push(request);
  try {
    controller.queue.push(chunk, size);
    updateBackpressure(stream);
    advance(controller);
  } catch (error) {
    startErroring(stream, error);
  }
  return request.promise;
}

function close(stream) {
  if (stream.state === 'closed' || stream.state === 'errored') {
    return rejected(invalidState('WritableStream is closed'));
  }
  stream.closeRequest = deferred();
  if (stream.writer !== undefined && stream.backpressure && stream.state === 'writable') stream.writer.ready.resolve();
  stream.controller.queue.push(kClose, 0);
  advance(stream.controller);
  return stream.closeRequest.promise;
}

// advance passes the next chunk to the sink, if no operation is under way.
function advance(controller) {
  const { queue, stream } = controller;
  if (!controller.started || stream.inFlight !== undefined || stream.isClosing) return;
  if (stream.state === 'erroring') {
    finishErroring(stream);
    return;
  }
  if (stream.state !== 'writable' || queue.length === 0) return;
  if (queue.peek() === kClose) processClose(controller);
  else processWrite(controller);
}

function processWrite(controller) {
  const { queue, stream } = controller;
  stream.inFlight = stream.requests.shift();
  controller.write(queue.peek(), controller.self).then(() => {
    stream.inFlight.resolve();
    stream.inFlight = undefined;
    queue.shift();
    if (stream.state === 'writable') updateBackpressure(stream);
    advance(controller);
  }, (error) => {
    stream.inFlight.reject(error);
    stream.inFlight = undefined;
    dealWithRejection(stream, error);
  });
}

function processClose(controller) {
  const { queue, stream } = controller;
  queue.shift();
  stream.isClosing = true;
  controller.close().then(() => {
    stream.isClosing = false;
    stream.closeRequest.resolve();
    if (stream.state === 'erroring') {
      stream.storedError = undefined;
      stream.abort?.promise.resolve();
      stream.abort = undefined;
    }
    stream.state = 'closed';
    stream.self[kIsClosedPromise].resolve();
    stream.writer?.closed.resolve();
  }, (error) => {
    stream.isClosing = false;
    stream.closeRequest.reject(error);
    stream.abort?.promise.reject(error);
    stream.abort = undefined;
    dealWithRejection(stream, error);
  });
}

function dealWithRejection(stream, error) {
  if (stream.state === 'writable') startErroring(stream, error);
  else if (stream.state === 'erroring') finishErroring(stream);
}

// startErroring refuses further writes; the stream is errored once the operations under way have ended.
function startErroring(stream, error) {
  stream.state = 'erroring';
  stream.storedError = error;
  if (stream.writer !== undefined) rejectNew(stream.writer, 'ready', error);
  if (stream.inFlight === undefined && !stream.isClosing && stream.controller.started) finishErroring(stream);
}

function finishErroring(stream) {
  stream.state = 'errored';
  stream.controller.queue.clear();
  const { storedError: error } = stream;
  for (const request of stream.requests.splice(0)) request.reject(error);
  const waiting = stream.abort;
  if (waiting === undefined) {
    rejectClose(stream);
    return;
  }
  stream.abort = undefined;
  if (waiting.wasErroring) {
    waiting.promise.reject(error);
    rejectClose(stream);
    return;
  }
  stream.controller.abort(waiting.reason).then(() => {
    waiting.promise.resolve();
    rejectClose(stream);
  }, (failed) => {
    waiting.promise.reject(failed);
    rejectClose(stream);
  });
}

function rejectClose(stream) {
  stream.closeRequest?.reject(stream.storedError);
  stream.self[kIsClosedPromise].reject(stream.storedError);
  stream.writer?.closed.reject(stream.storedError);
}

function abort(stream, reason) {
  if (stream.state === 'closed' || stream.state === 'errored') return Promise.resolve();
  stream.controller.aborter.abort(reason);
  if (stream.state === 'closed' || stream.state === 'errored') return Promise.resolve();
  if (stream.abort !== undefined) return stream.abort.promise.promise;
  const wasErroring = stream.state === 'erroring';
  const promise = deferred();
  stream.abort = { promise, reason: wasErroring ? undefined : reason, wasErroring };
  if (!wasErroring) startErroring(stream, reason);
  return promise.promise.then(nothing);
}

describe(WritableStream, (self) => {
  const { state, writer } = stateOf(self, WritableStream);
  return { locked: writer !== undefined, state };
});
describe(WritableStreamDefaultWriter, (self) => {
  const { closed, ready, stream } = stateOf(self, WritableStreamDefaultWriter);
  return {
    stream: stream?.self, close: closed.promise, ready: ready.promise,
    desiredSize: stream === undefined ? undefined : self.desiredSize,
  };
});
show(WritableStream, ['locked', 'abort', 'close', 'getWriter']);
show(WritableStreamDefaultWriter, ['closed', 'ready', 'desiredSize', 'abort', 'close', 'releaseLock', 'write']);
show(WritableStreamDefaultController, ['signal', 'error']);

module.exports = {
  WritableStream, WritableStreamDefaultController, WritableStreamDefaultWriter,
  failWritable(stream, error) {
    if (stream[kState].state === 'writable') startErroring(stream[kState], error);
  },
  isCloseQueued: (stream) => isCloseQueued(stream[kState]),
  stateOfWritable: (stream) => stream[kState],
};

'use strict';

// Streams of Node made from those of the web, and the other way round.

const { Buffer } = require('buffer');
const {
  AbortError, codes: { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_STREAM_PREMATURE_CLOSE },
} = require('internal/errors');
const { destroyer } = require('internal/streams/destroy');
const { Duplex } = require('internal/streams/duplex');
const { eos } = require('internal/streams/end-of-stream');
const { Readable } = require('internal/streams/readable');
const {
  isDestroyed, isReadable, isReadableStream, isWritable, isWritableEnded, isWritableStream,
} = require('internal/streams/utils');
const { Writable } = require('internal/streams/writable');
const { validateObject } = require('internal/validators');
const { ReadableStream, failReadable } = require('internal/webstreams/readable');
const { deferred, nothing } = require('internal/webstreams/util');
const { WritableStream, failWritable } = require('internal/webstreams/writable');

// calling returns a function that calls back and drops the callback's exception.
function calling(callback) {
  return (error) => {
    try {
      callback(error);
    } catch (thrown) {
      process.nextTick(() => { throw thrown; });
    }
  };
}

// source returns the methods of a Readable that reads from a stream of the web.
function source(reader, stream) {
  let isClosed = false;
  reader.closed.then(() => { isClosed = true; }, (error) => {
    isClosed = true;
    destroyer(stream(), error);
  });
  return {
    read() {
      reader.read().then(({ value, done }) => stream().push(done ? null : value),
        (error) => destroyer(stream(), error));
    },
    close: (error) => (isClosed ? Promise.resolve() : reader.cancel(error)),
  };
}

// sink returns the methods of a Writable that writes to a stream of the web.
function sink(writer, stream) {
  let isClosed = false;
  writer.closed.then(() => {
    isClosed = true;
    if (!isWritableEnded(stream())) destroyer(stream(), new ERR_STREAM_PREMATURE_CLOSE());
  }, (error) => {
    isClosed = true;
    destroyer(stream(), error);
  });
  return {
    write(chunk, encoding, callback) {
      const done = calling(callback);
      if (typeof chunk === 'string' && !stream().writableObjectMode && stream()._writableState.decodeStrings) {
        chunk = Buffer.from(chunk, encoding);
      }
      writer.ready.then(() => writer.write(chunk).then(() => done(), done), done);
    },
    final(callback) {
      const done = calling(callback);
      if (isClosed) done();
      else writer.close().then(() => done(), done);
    },
    close(error) {
      if (isClosed) return Promise.resolve();
      return error == null ? writer.close() : writer.abort(error);
    },
  };
}

function newStreamReadableFromReadableStream(stream, options = {}) {
  if (!isReadableStream(stream)) throw new ERR_INVALID_ARG_TYPE('readableStream', 'ReadableStream', stream);
  validateObject(options, 'options');
  const { highWaterMark, encoding, objectMode = false, signal } = options;
  const { read, close } = source(stream.getReader(), () => readable);
  const readable = new Readable({
    objectMode, highWaterMark, encoding, signal, read,
    destroy(error, callback) {
      const done = calling(() => callback(error));
      close(error).then(done, done);
    },
  });
  return readable;
}

function newStreamWritableFromWritableStream(stream, options = {}) {
  if (!isWritableStream(stream)) throw new ERR_INVALID_ARG_TYPE('writableStream', 'WritableStream', stream);
  validateObject(options, 'options');
  const { highWaterMark, decodeStrings = true, objectMode = false, signal } = options;
  const { write, final, close } = sink(stream.getWriter(), () => writable);
  const writable = new Writable({
    highWaterMark, objectMode, decodeStrings, signal, write, final,
    destroy(error, callback) {
      const done = calling(() => callback(error));
      close(error).then(done, done);
    },
  });
  return writable;
}

function newStreamDuplexFromReadableWritablePair(pair = {}, options = {}) {
  validateObject(pair, 'pair');
  if (!isReadableStream(pair.readable)) {
    throw new ERR_INVALID_ARG_TYPE('pair.readable', 'ReadableStream', pair.readable);
  }
  if (!isWritableStream(pair.writable)) {
    throw new ERR_INVALID_ARG_TYPE('pair.writable', 'WritableStream', pair.writable);
  }
  validateObject(options, 'options');
  const { allowHalfOpen = false, objectMode = false, encoding, decodeStrings = true, highWaterMark, signal } = options;
  const from = source(pair.readable.getReader(), () => duplex);
  const to = sink(pair.writable.getWriter(), () => duplex);
  const duplex = new Duplex({
    allowHalfOpen, highWaterMark, objectMode, encoding, decodeStrings, signal, read: from.read, write: to.write,
    final: to.final,
    destroy(error, callback) {
      const done = calling(() => callback(error));
      Promise.all([to.close(error), from.close(error)]).then(done, done);
    },
  });
  return duplex;
}

// strategyOf counts objects, and the bytes or the units of other chunks.
function strategyOf(isObjectMode, highWaterMark) {
  return isObjectMode ? { highWaterMark } : { highWaterMark, size: (chunk) => chunk?.byteLength ?? chunk?.length ?? 1 };
}

// asAbort returns the error of a web stream whose other side has ended too early.
function asAbort(error) {
  return error.code === 'ERR_STREAM_PREMATURE_CLOSE' ? new AbortError(undefined, { cause: error }) : error;
}

function newReadableStreamFromStreamReadable(stream, options = {}) {
  if (typeof stream?._readableState !== 'object') {
    throw new ERR_INVALID_ARG_TYPE('streamReadable', 'stream.Readable', stream);
  }
  validateObject(options, 'options');
  const { type } = options;
  if (type !== undefined && type !== 'bytes') throw new ERR_INVALID_ARG_VALUE('options.type', type);
  if (isDestroyed(stream) || !isReadable(stream)) {
    const ended = new ReadableStream({ type });
    ended.cancel();
    return ended;
  }
  const isObjectMode = stream.readableObjectMode;
  const highWaterMark = stream.readableHighWaterMark;
  const strategy = options.strategy ?? (type === 'bytes' ? { highWaterMark } : strategyOf(isObjectMode, highWaterMark));
  let controller;
  let isCancelled = false;
  stream.pause();
  const cleanup = eos(stream, (error) => {
    cleanup();
    stream.on('error', nothing); // Later results are dropped.
    if (error) controller.error(asAbort(error));
    else if (!isCancelled) controller.close();
  });
  stream.on('data', (chunk) => {
    if (typeof chunk === 'string' && type === 'bytes') chunk = Buffer.from(chunk);
    if (chunk instanceof Buffer && !isObjectMode) {
      chunk = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    }
    controller.enqueue(chunk);
    if (controller.desiredSize <= 0) stream.pause();
  });
  return new ReadableStream({
    type,
    start(made) { controller = made; },
    pull() { stream.resume(); },
    cancel(reason) {
      isCancelled = true;
      destroyer(stream, reason);
    },
  }, strategy);
}

function newWritableStreamFromStreamWritable(stream) {
  if (typeof stream?._writableState !== 'object' && typeof stream?.write !== 'function') {
    throw new ERR_INVALID_ARG_TYPE('streamWritable', 'stream.Writable', stream);
  }
  if (isDestroyed(stream) || !isWritable(stream)) {
    const ended = new WritableStream();
    ended.close();
    return ended;
  }
  let controller;
  let drained; // the promise that a write waits for
  let closed;
  const cleanup = eos(stream, (error) => {
    cleanup();
    stream.on('error', nothing);
    if (error) {
      error = asAbort(error);
      drained?.reject(error);
      closed?.reject(error);
      controller.error(error);
    } else if (closed !== undefined) {
      closed.resolve();
    } else {
      controller.error(new AbortError());
    }
  });
  stream.on('drain', () => drained?.resolve());
  return new WritableStream({
    start(made) { controller = made; },
    write(chunk) {
      if (!stream.writableObjectMode && chunk instanceof ArrayBuffer) chunk = new Uint8Array(chunk);
      if (!stream.writableNeedDrain && stream.write(chunk)) return undefined;
      drained = deferred();
      return drained.promise.finally(() => { drained = undefined; });
    },
    abort(reason) { destroyer(stream, reason); },
    close() {
      if (isWritableEnded(stream)) return undefined;
      closed = deferred();
      stream.end();
      return closed.promise;
    },
  }, strategyOf(stream.writableObjectMode, stream.writableHighWaterMark ?? 1));
}

function newReadableWritablePairFromDuplex(duplex, options = {}) {
  if (typeof duplex?._writableState !== 'object' || typeof duplex._readableState !== 'object') {
    throw new ERR_INVALID_ARG_TYPE('duplex', 'stream.Duplex', duplex);
  }
  validateObject(options, 'options');
  const type = options.type ?? options.readableType;
  return {
    writable: newWritableStreamFromStreamWritable(duplex),
    readable: newReadableStreamFromStreamReadable(duplex, { type }),
  };
}

// fail makes a stream of the web fail.
function fail(stream, error) {
  if (stream instanceof ReadableStream) failReadable(stream, error);
  else if (stream instanceof WritableStream) failWritable(stream, error);
}

module.exports = {
  fail, newReadableStreamFromStreamReadable, newReadableWritablePairFromDuplex, newStreamDuplexFromReadableWritablePair,
  newStreamReadableFromReadableStream, newStreamWritableFromWritableStream, newWritableStreamFromStreamWritable,
};

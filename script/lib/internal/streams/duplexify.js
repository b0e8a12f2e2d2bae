'use strict';

// Duplex.from: a duplex of nearly anything.

const { AbortError, codes: { ERR_INVALID_ARG_TYPE, ERR_INVALID_RETURN_VALUE } } = require('internal/errors');
const { endWith, readFrom, wake, writeTo } = require('internal/streams/compose');
const { destroyer } = require('internal/streams/destroy');
const { Duplex } = require('internal/streams/duplex');
const { eos } = require('internal/streams/end-of-stream');
const from = require('internal/streams/from');
const { Readable } = require('internal/streams/readable_pipe');
const {
  isDuplexNodeStream, isIterable, isNodeStream, isReadable, isReadableNodeStream, isReadableStream, isWritable,
  isWritableNodeStream,
  isWritableStream,
} = require('internal/streams/utils');

class Duplexify extends Duplex {}

const isBlob = (value) => typeof value?.arrayBuffer === 'function' && typeof value.stream === 'function' &&
  typeof value.size === 'number';

function duplexify(body, name) {
  if (isDuplexNodeStream(body)) return body;
  if (isReadableNodeStream(body)) return join({ readable: body });
  if (isWritableNodeStream(body)) return join({ writable: body });
  if (isNodeStream(body)) return join({ writable: false, readable: false });
  if (isReadableStream(body)) return join({ readable: Readable.fromWeb(body) });
  if (isWritableStream(body)) return join({ writable: require('internal/streams/writable').Writable.fromWeb(body) });
  if (typeof body === 'function') return ofFunction(body, name);
  if (isBlob(body)) return duplexify(body.arrayBuffer(), name);
  if (isIterable(body)) return from(Duplexify, body, { objectMode: true, writable: false });
  if (isReadableStream(body?.readable) && isWritableStream(body?.writable)) return Duplexify.fromWeb(body);
  if (typeof body?.writable === 'object' || typeof body?.readable === 'object') {
    const readable = body?.readable ? (isReadableNodeStream(body.readable) ? body.readable :
      duplexify(body.readable, name)) : undefined;
    const writable = body?.writable ? (isWritableNodeStream(body.writable) ? body.writable :
      duplexify(body.writable, name)) : undefined;
    return join({ readable, writable });
  }
  if (typeof body?.then === 'function') return ofPromise(body);
  throw new ERR_INVALID_ARG_TYPE(name, [
    'Blob', 'ReadableStream', 'WritableStream', 'Stream', 'Iterable', 'AsyncIterable', 'Function',
    '{ readable, writable } pair', 'Promise',
  ], body);
}

function ofPromise(promise) {
  let duplex;
  promise.then((value) => {
    if (value != null) duplex.push(value);
    duplex.push(null);
  }, (error) => destroyer(duplex, error));
  return duplex = new Duplexify({ objectMode: true, writable: false, read() {} });
}

// ofFunction returns the duplex of a function that takes an iterable of the written data, and returns an iterable or a
// promise.
function ofFunction(fn, name) {
  const { value, write, final, destroy } = callGenerator(fn);
  if (isDuplexNodeStream(value)) return value;
  if (isIterable(value)) return from(Duplexify, value, { objectMode: true, write, final, destroy });
  if (typeof value?.then === 'function') {
    let duplex;
    const promise = value.then((result) => {
      if (result != null) throw new ERR_INVALID_RETURN_VALUE('nully', 'body', result);
    }, (error) => destroyer(duplex, error));
    return duplex = new Duplexify({
      objectMode: true,
      readable: false,
      write,
      final(callback) {
        final(async () => {
          try {
            await promise;
            process.nextTick(callback, null);
          } catch (error) {
            process.nextTick(callback, error);
          }
        });
      },
      destroy,
    });
  }
  throw new ERR_INVALID_RETURN_VALUE('Iterable, AsyncIterable or AsyncFunction', name, value);
}

function callGenerator(fn) {
  let { promise, resolve } = Promise.withResolvers();
  const controller = new AbortController();
  const { signal } = controller;
  async function* written() {
    for (;;) {
      const waiting = promise;
      promise = null;
      const { chunk, done, callback } = await waiting;
      process.nextTick(callback);
      if (done) return;
      if (signal.aborted) throw new AbortError(undefined, { cause: signal.reason });
      ({ promise, resolve } = Promise.withResolvers());
      yield chunk;
    }
  }
  const give = (given) => {
    const fulfil = resolve;
    resolve = null;
    fulfil(given);
  };
  return {
    value: fn(written(), { signal }),
    write(chunk, encoding, callback) { give({ chunk, done: false, callback }); },
    final(callback) { give({ done: true, callback }); },
    destroy(error, callback) {
      controller.abort();
      callback(error);
    },
  };
}

// join makes a duplex of two streams.
function join(pair) {
  const r = pair.readable && typeof pair.readable.read !== 'function' ? Readable.wrap(pair.readable) : pair.readable;
  const w = pair.writable;
  const readable = !!isReadable(r);
  const writable = !!isWritable(w);
  const waiting = {};
  const duplex = new Duplexify({
    readableObjectMode: !!r?.readableObjectMode, writableObjectMode: !!w?.writableObjectMode, readable, writable,
  });
  const ended = endWith(duplex, waiting, (error) => {
    destroyer(w, error);
    destroyer(r, error);
  });
  const follow = (stream) => eos(stream, (error) => {
    if (error) destroyer(r, error);
    ended(error);
  });
  if (writable) {
    follow(w);
    writeTo(duplex, w, waiting);
    w.on('finish', () => wake(waiting, 'finish'));
  }
  if (readable) {
    follow(r);
    readFrom(duplex, r, waiting);
  }
  return duplex;
}

module.exports = duplexify;

'use strict';

// pipeline connects streams, iterables and functions, ends all of them when one fails, and calls back once.

const { AbortError, aggregateTwoErrors, codes } = require('internal/errors');
const { destroyer } = require('internal/streams/destroy');
const { Duplex } = require('internal/streams/duplex');
const { eos } = require('internal/streams/end-of-stream');
const { PassThrough } = require('internal/streams/transform');
const {
  isIterable, isNodeStream, isReadable, isReadableFinished, isReadableNodeStream, isReadableStream, isTransformStream,
  isWebStream,
} = require('internal/streams/utils');
const { validateAbortSignal, validateFunction } = require('internal/validators');

const {
  ERR_INVALID_ARG_TYPE, ERR_INVALID_RETURN_VALUE, ERR_MISSING_ARGS, ERR_STREAM_DESTROYED, ERR_STREAM_PREMATURE_CLOSE,
  ERR_STREAM_UNABLE_TO_PIPE,
} = codes;

function pipeline(...streams) {
  validateFunction(streams.at(-1), 'streams[stream.length - 1]');
  const callback = streams.pop();
  let called = false;
  return connect(streams, (...args) => {
    if (called) return;
    called = true;
    callback(...args);
  });
}

// Pipeline is the state of one call of pipeline.
class Pipeline {
  constructor(callback, outer) {
    this.callback = callback;
    this.controller = new AbortController();
    this.signal = this.controller.signal;
    this.outer = outer;
    this.error = undefined;
    this.value = undefined; // of the promise that the last function returned
    this.left = 0; // ends that are still to come
    this.destroys = [];
    this.cleanups = []; // of the last stream, which the caller may go on reading
    this.finish = this.finish.bind(this);
    this.failOnly = this.failOnly.bind(this);
    this.abort = this.abort.bind(this);
  }

  abort() { this.settle(new AbortError(undefined, { cause: this.outer?.reason }), false); }
  finish(error) { this.settle(error, --this.left === 0); }
  failOnly(error) { this.settle(error, false); }

  settle(error, isFinal) {
    if (error && (!this.error || this.error.code === 'ERR_STREAM_PREMATURE_CLOSE')) this.error = error;
    if (!this.error && !isFinal) return;
    while (this.destroys.length > 0) this.destroys.shift()(this.error);
    this.listener?.[Symbol.dispose]();
    this.controller.abort();
    if (!isFinal) return;
    if (!this.error) this.cleanups.forEach((fn) => fn());
    process.nextTick(this.callback, this.error, this.value);
  }
}

function connect(streams, callback, options) {
  if (streams.length === 1 && Array.isArray(streams[0])) [streams] = streams;
  if (streams.length < 2) throw new ERR_MISSING_ARGS('streams');
  const outer = options?.signal;
  validateAbortSignal(outer, 'options.signal');
  const p = new Pipeline(callback, outer);
  if (outer) p.listener = require('events').addAbortListener(outer, p.abort);

  let from;
  streams.forEach((stream, i) => {
    const isLast = i === streams.length - 1;
    const end = !isLast || options?.end !== false;
    if (isNodeStream(stream)) watch(p, stream, i, isLast, end);
    if (i === 0) from = source(p, stream);
    else if (typeof stream === 'function') from = callTransform(p, stream, from, i, isLast, end);
    else if (isNodeStream(stream)) from = feed(p, from, stream, isLast, end);
    else if (isWebStream(stream)) from = feedWeb(p, from, stream, isLast, end);
    else from = Duplex.from(stream);
  });
  if (p.signal.aborted || outer?.aborted) process.nextTick(p.abort);
  return from;
}

// watch destroys a stream when another fails, and records its own errors, including those after the end of piping.
function watch(p, stream, i, isLast, end) {
  if (end) {
    const { destroy, cleanup } = ending(stream, !isLast, i > 0);
    p.destroys.push(destroy);
    if (isReadable(stream) && isLast) p.cleanups.push(cleanup);
  }
  const onError = (error) => {
    if (error && error.name !== 'AbortError' && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') p.failOnly(error);
  };
  stream.on('error', onError);
  if (isReadable(stream) && isLast) p.cleanups.push(() => stream.removeListener('error', onError));
}

function ending(stream, reading, writing) {
  let finished = false;
  stream.on('close', () => { finished = true; });
  const cleanup = eos(stream, { readable: reading, writable: writing }, (error) => { finished = !error; });
  return {
    destroy(error) {
      if (finished) return;
      finished = true;
      destroyer(stream, error || new ERR_STREAM_DESTROYED('pipe'));
    },
    cleanup,
  };
}

function source(p, stream) {
  if (typeof stream === 'function') {
    const made = stream({ signal: p.signal });
    if (!isIterable(made)) throw new ERR_INVALID_RETURN_VALUE('Iterable, AsyncIterable or Stream', 'source', made);
    return made;
  }
  if (isIterable(stream) || isReadableNodeStream(stream) || isTransformStream(stream)) return stream;
  return Duplex.from(stream);
}

const readableOf = (stream) => (isTransformStream(stream) ? stream.readable : stream);

// iterableOf returns the argument of a function in a pipeline.
function iterableOf(value) {
  if (isIterable(value)) return value;
  if (isReadableNodeStream(value)) return value[Symbol.asyncIterator] ? value : readAll(value);
  throw new ERR_INVALID_ARG_TYPE('val', ['Readable', 'Iterable', 'AsyncIterable'], value);
}

async function* readAll(stream) {
  const { Readable } = require('internal/streams/readable_pipe');
  yield* Readable.prototype[Symbol.asyncIterator].call(stream);
}

function callTransform(p, fn, from, i, isLast, end) {
  const made = fn(iterableOf(readableOf(from)), { signal: p.signal });
  if (!isLast) {
    if (!isIterable(made, true)) throw new ERR_INVALID_RETURN_VALUE('AsyncIterable', `transform[${i - 1}]`, made);
    return made;
  }
  // The result of the last function is the stream that the caller may read, or the promise's value.
  const out = new PassThrough({ objectMode: true });
  const then = made?.then;
  if (typeof then === 'function') {
    p.left++;
    then.call(made, (value) => {
      p.value = value;
      if (value != null) out.write(value);
      if (end) out.end();
      process.nextTick(p.finish);
    }, (error) => {
      out.destroy(error);
      process.nextTick(p.finish, error);
    });
  } else if (isIterable(made, true)) {
    p.left++;
    pump(made, out, p.finish, end);
  } else if (isReadableStream(made) || isTransformStream(made)) {
    p.left++;
    pump(readableOf(made), out, p.finish, end);
  } else {
    throw new ERR_INVALID_RETURN_VALUE('AsyncIterable or Promise', 'destination', made);
  }
  const { destroy, cleanup } = ending(out, false, true);
  p.destroys.push(destroy);
  p.cleanups.push(cleanup);
  return out;
}

function feed(p, from, stream, isLast, end) {
  if (isReadableNodeStream(from)) {
    if (stream.closed || stream.destroyed) throw new ERR_STREAM_UNABLE_TO_PIPE();
    p.left += 2;
    const cleanup = pipe(p, from, stream, end);
    if (isReadable(stream) && isLast) p.cleanups.push(cleanup);
  } else if (isTransformStream(from) || isReadableStream(from)) {
    p.left++;
    pump(readableOf(from), stream, p.finish, end);
  } else if (isIterable(from)) {
    p.left++;
    pump(from, stream, p.finish, end);
  } else {
    throw new ERR_INVALID_ARG_TYPE('val', ['Readable', 'Iterable', 'AsyncIterable', 'ReadableStream',
      'TransformStream'], from);
  }
  return stream;
}

function feedWeb(p, from, stream, isLast, end) {
  p.left++;
  const writable = isTransformStream(stream) ? stream.writable : stream;
  pumpToWeb(iterableOf(readableOf(from)), writable, p.finish, end || isTransformStream(stream));
  return stream;
}

function pipe(p, from, to, end) {
  let ended = false;
  to.on('close', () => {
    if (!ended) p.failOnly(new ERR_STREAM_PREMATURE_CLOSE());
  });
  from.pipe(to, { end: false }); // Ended below: data after the end of the source would be an error otherwise.
  if (end) {
    const endIt = () => {
      ended = true;
      to.end();
    };
    if (isReadableFinished(from)) process.nextTick(endIt); // 'end' was emitted.
    else from.once('end', endIt);
  } else {
    p.finish();
  }
  eos(from, { readable: true, writable: false }, (error) => {
    const r = from._readableState;
    if (error?.code === 'ERR_STREAM_PREMATURE_CLOSE' && r?.ended && !r.errored && !r.errorEmitted) {
      // Closed after all of its source was read: 'end' is still to come.
      from.once('end', p.finish).once('error', p.finish);
    } else {
      p.finish(error);
    }
  });
  return eos(to, { readable: false, writable: true }, p.finish);
}

async function pump(iterable, writable, finish, end) {
  let error;
  let wake = null;
  const resume = (failed) => {
    if (failed) error = failed;
    if (wake === null) return;
    const fn = wake;
    wake = null;
    fn();
  };
  const wait = () => new Promise((resolve, reject) => {
    if (error) reject(error);
    else wake = () => (error ? reject(error) : resolve());
  });
  writable.on('drain', resume);
  const cleanup = eos(writable, { readable: false }, resume);
  try {
    if (writable.writableNeedDrain) await wait();
    for await (const chunk of iterable) {
      if (!writable.write(chunk)) await wait();
    }
    if (end) {
      writable.end();
      await wait();
    }
    finish();
  } catch (failed) {
    finish(error !== failed ? aggregateTwoErrors(error, failed) : failed);
  } finally {
    cleanup();
    writable.off('drain', resume);
  }
}

async function pumpToWeb(iterable, writable, finish, end) {
  const writer = writable.getWriter();
  try {
    for await (const chunk of iterable) {
      await writer.ready;
      writer.write(chunk).catch(() => {});
    }
    await writer.ready;
    if (end) await writer.close();
    finish();
  } catch (error) {
    try {
      await writer.abort(error);
      finish(error);
    } catch (failed) {
      finish(failed);
    }
  }
}

module.exports = { connect, pipeline };

'use strict';

// eos calls back once a stream has ended, failed, or was closed too early: stream.finished.

const { AbortError, codes: { ERR_INVALID_ARG_TYPE, ERR_STREAM_PREMATURE_CLOSE } } = require('internal/errors');
const {
  isClosed, isNodeStream, isReadable, isReadableErrored, isReadableFinished, isReadableNodeStream, isReadableStream,
  isWritable, isWritableErrored, isWritableFinished, isWritableNodeStream, isWritableStream, kIsClosedPromise,
  willEmitClose: canEmitClose,
} = require('internal/streams/utils');
const { validateAbortSignal, validateBoolean, validateFunction, validateObject } = require('internal/validators');

const isRequest = (stream) => stream.setHeader && typeof stream.abort === 'function';

function nothing() {}

function onlyOnce(callback) {
  let called = false;
  return function (...args) {
    if (called) return;
    called = true;
    Reflect.apply(callback, this, args);
  };
}

function eos(stream, options, callback) {
  if (arguments.length === 2) {
    callback = options;
    options = {};
  } else if (options == null) {
    options = {};
  } else {
    validateObject(options, 'options');
  }
  validateFunction(callback, 'callback');
  validateAbortSignal(options.signal, 'options.signal');
  callback = onlyOnce(callback);
  if (isReadableStream(stream) || isWritableStream(stream)) return eosWeb(stream, options, callback);
  if (!isNodeStream(stream)) {
    throw new ERR_INVALID_ARG_TYPE('stream', ['ReadableStream', 'WritableStream', 'Stream'], stream);
  }

  const readable = options.readable ?? isReadableNodeStream(stream);
  const writable = options.writable ?? isWritableNodeStream(stream);
  const w = stream._writableState;
  const r = stream._readableState;

  // If the stream emits 'close', that is waited for: only then has it released its resources.
  let willEmitClose = canEmitClose(stream) && isReadableNodeStream(stream) === readable &&
    isWritableNodeStream(stream) === writable;
  let writableFinished = isWritableFinished(stream, false);
  let readableFinished = isReadableFinished(stream, false);

  const onLegacyFinish = () => {
    if (!stream.writable) onFinish();
  };
  const onFinish = () => {
    writableFinished = true;
    if (stream.destroyed) willEmitClose = false; // It was emitted.
    if (willEmitClose && (!stream.writable || readable)) return;
    if (!readable || readableFinished) callback.call(stream);
  };
  const onEnd = () => {
    readableFinished = true;
    if (stream.destroyed) willEmitClose = false;
    if (willEmitClose && (!stream.readable || writable)) return;
    if (!writable || writableFinished) callback.call(stream);
  };
  const onError = (error) => callback.call(stream, error);
  const errored = () => {
    const error = isWritableErrored(stream) || isReadableErrored(stream);
    return error && typeof error !== 'boolean' ? error : undefined;
  };
  const onClose = () => {
    const error = errored();
    if (error !== undefined) {
      callback.call(stream, error);
    } else if (readable && !readableFinished && isReadableNodeStream(stream, true) &&
      !isReadableFinished(stream, false)) {
      callback.call(stream, new ERR_STREAM_PREMATURE_CLOSE());
    } else if (writable && !writableFinished && !isWritableFinished(stream, false)) {
      callback.call(stream, new ERR_STREAM_PREMATURE_CLOSE());
    } else {
      callback.call(stream);
    }
  };
  const onClosed = () => {
    const error = errored();
    if (error !== undefined) callback.call(stream, error);
    else callback.call(stream);
  };
  const onRequest = () => stream.req.on('finish', onFinish);

  if (isRequest(stream)) {
    stream.on('complete', onFinish);
    if (!willEmitClose) stream.on('abort', onClose);
    if (stream.req) onRequest();
    else stream.on('request', onRequest);
  } else if (writable && !w) { // A foreign stream.
    stream.on('end', onLegacyFinish);
    stream.on('close', onLegacyFinish);
  }
  if (!willEmitClose && typeof stream.aborted === 'boolean') stream.on('aborted', onClose);
  stream.on('end', onEnd);
  stream.on('finish', onFinish);
  if (options.error !== false) stream.on('error', onError);
  stream.on('close', onClose);

  if (isClosed(stream)) {
    process.nextTick(onClose);
  } else if (w?.errorEmitted || r?.errorEmitted) {
    if (!willEmitClose) process.nextTick(onClosed);
  } else if (!readable && (!willEmitClose || isReadable(stream)) &&
    (writableFinished || isWritable(stream) === false) && !w?.pendingcb) {
    process.nextTick(onClosed);
  } else if (!writable && (!willEmitClose || isWritable(stream)) &&
    (readableFinished || isReadable(stream) === false)) {
    process.nextTick(onClosed);
  } else if (r && stream.req && stream.aborted) {
    process.nextTick(onClosed);
  }

  const cleanup = () => {
    callback = nothing;
    stream.removeListener('aborted', onClose);
    stream.removeListener('complete', onFinish);
    stream.removeListener('abort', onClose);
    stream.removeListener('request', onRequest);
    if (stream.req) stream.req.removeListener('finish', onFinish);
    stream.removeListener('end', onLegacyFinish);
    stream.removeListener('close', onLegacyFinish);
    stream.removeListener('finish', onFinish);
    stream.removeListener('end', onEnd);
    stream.removeListener('error', onError);
    stream.removeListener('close', onClose);
  };
  if (options.signal && !isClosed(stream)) {
    callback = abortable(stream, options.signal, callback, cleanup);
  }
  return cleanup;
}

// abortable returns a function that calls callback, as an abort of the signal does.
function abortable(stream, signal, callback, cleanup) {
  const onAbort = () => {
    cleanup();
    callback.call(stream, new AbortError(undefined, { cause: signal.reason }));
  };
  if (signal.aborted) {
    process.nextTick(onAbort);
    return callback;
  }
  const listener = require('events').addAbortListener(signal, onAbort);
  return onlyOnce((...args) => {
    listener[Symbol.dispose]();
    Reflect.apply(callback, stream, args);
  });
}

function eosWeb(stream, options, callback) {
  let isAborted = false;
  let stop = nothing;
  if (options.signal) {
    const abort = () => {
      isAborted = true;
      callback.call(stream, new AbortError(undefined, { cause: options.signal.reason }));
    };
    if (options.signal.aborted) {
      process.nextTick(abort);
    } else {
      const listener = require('events').addAbortListener(options.signal, abort);
      stop = () => listener[Symbol.dispose]();
    }
  }
  const settled = (...args) => {
    stop();
    if (!isAborted) process.nextTick(() => callback.apply(stream, args));
  };
  stream[kIsClosedPromise].promise.then(settled, settled);
  return nothing;
}

function finished(stream, options) {
  let autoCleanup = false;
  if (options === null) options = {};
  if (options?.cleanup) {
    validateBoolean(options.cleanup, 'cleanup');
    autoCleanup = options.cleanup;
  }
  return new Promise((resolve, reject) => {
    const cleanup = eos(stream, options, (error) => {
      if (autoCleanup) cleanup();
      if (error) reject(error);
      else resolve();
    });
  });
}

module.exports = { eos, finished };

'use strict';

// How a stream begins and ends: _construct, _destroy, 'error' and 'close'. Both sides of a duplex share it.

const { AbortError, aggregateTwoErrors, codes: { ERR_MULTIPLE_CALLBACK } } = require('internal/errors');
const { isDestroyed, isFinished, isServerRequest, kIsDestroyed } = require('internal/streams/utils');

const kConstruct = Symbol('kConstruct');
const kDestroy = Symbol('kDestroy');

function setErrored(error, w, r) {
  if (!error) return;
  void error.stack; // A getter for the stack makes it now, while the place of the error is known.
  if (w && !w.errored) w.errored = error;
  if (r && !r.errored) r.errored = error;
}

// destroy is the method of streams: it ends one, with or without an error.
function destroy(error, callback) {
  const r = this._readableState;
  const w = this._writableState;
  const state = w || r;
  if (w?.destroyed || r?.destroyed) {
    if (typeof callback === 'function') callback();
    return this;
  }
  setErrored(error, w, r);
  if (w) w.destroyed = true;
  if (r) r.destroyed = true;
  if (!state.constructed) {
    this.once(kDestroy, (failed) => callDestroy(this, aggregateTwoErrors(failed, error), callback));
  } else {
    callDestroy(this, error, callback);
  }
  return this;
}

function callDestroy(stream, error, callback) {
  let called = false;
  function onDestroy(failed) {
    if (called) return;
    called = true;
    const r = stream._readableState;
    const w = stream._writableState;
    setErrored(failed, w, r);
    if (w) w.closed = true;
    if (r) r.closed = true;
    if (typeof callback === 'function') callback(failed);
    if (failed) process.nextTick(emitErrorAndClose, stream, failed);
    else process.nextTick(emitClose, stream);
  }
  try {
    stream._destroy(error || null, onDestroy);
  } catch (failed) {
    onDestroy(failed);
  }
}

function emitErrorAndClose(stream, error) {
  emitError(stream, error);
  emitClose(stream);
}

function emitClose(stream) {
  const r = stream._readableState;
  const w = stream._writableState;
  if (w) w.closeEmitted = true;
  if (r) r.closeEmitted = true;
  if (w?.emitClose || r?.emitClose) stream.emit('close');
}

function emitError(stream, error) {
  const r = stream._readableState;
  const w = stream._writableState;
  if (w?.errorEmitted || r?.errorEmitted) return;
  if (w) w.errorEmitted = true;
  if (r) r.errorEmitted = true;
  stream.emit('error', error);
}

// undestroy resets a stream to the state before destroy, because sockets are reused.
function undestroy() {
  const r = this._readableState;
  const w = this._writableState;
  if (r) {
    Object.assign(r, {
      constructed: true, closed: false, closeEmitted: false, destroyed: false, errored: null, errorEmitted: false,
      reading: false,
    });
    r.ended = r.endEmitted = r.readable === false;
  }
  if (w) {
    Object.assign(w, {
      constructed: true, destroyed: false, closed: false, closeEmitted: false, errored: null, errorEmitted: false,
      finalCalled: false,
      prefinished: false,
    });
    w.ended = w.ending = w.finished = w.writable === false;
  }
}

// errorOrDestroy reports an error: it destroys the stream, or with autoDestroy false only emits the event.
function errorOrDestroy(stream, error, sync) {
  const r = stream._readableState;
  const w = stream._writableState;
  if (w?.destroyed || r?.destroyed) return this;
  if (r?.autoDestroy || w?.autoDestroy) {
    stream.destroy(error);
  } else if (error) {
    setErrored(error, w, r);
    if (sync) process.nextTick(emitError, stream, error);
    else emitError(stream, error);
  }
  return this;
}

// construct calls _construct of a stream that has it, and then callback.
function construct(stream, callback) {
  if (typeof stream._construct !== 'function') return;
  const r = stream._readableState;
  const w = stream._writableState;
  if (r) r.constructed = false;
  if (w) w.constructed = false;
  stream.once(kConstruct, callback);
  if (stream.listenerCount(kConstruct) > 1) return; // A duplex: it is done once for both sides.
  process.nextTick(callConstruct, stream);
}

function callConstruct(stream) {
  let called = false;
  function onConstruct(error) {
    if (called) {
      errorOrDestroy(stream, error ?? new ERR_MULTIPLE_CALLBACK());
      return;
    }
    called = true;
    const r = stream._readableState;
    const w = stream._writableState;
    const state = w || r;
    if (r) r.constructed = true;
    if (w) w.constructed = true;
    if (state.destroyed) stream.emit(kDestroy, error);
    else if (error) errorOrDestroy(stream, error, true);
    else stream.emit(kConstruct);
  }
  try {
    stream._construct((error) => process.nextTick(onConstruct, error));
  } catch (error) {
    process.nextTick(onConstruct, error);
  }
}

const isRequest = (stream) => stream?.setHeader && typeof stream.abort === 'function';

function emitCloseLegacy(stream) { stream.emit('close'); }

function emitErrorLegacy(stream, error) {
  stream.emit('error', error);
  process.nextTick(emitCloseLegacy, stream);
}

// destroyer ends any kind of stream.
function destroyer(stream, error) {
  if (!stream || isDestroyed(stream)) return;
  if (!error && !isFinished(stream)) error = new AbortError();
  if (isServerRequest(stream)) {
    stream.socket = null;
    stream.destroy(error);
  } else if (isRequest(stream)) {
    stream.abort();
  } else if (isRequest(stream.req)) {
    stream.req.abort();
  } else if (typeof stream.destroy === 'function') {
    stream.destroy(error);
  } else if (typeof stream.close === 'function') {
    stream.close();
  } else if (error) {
    process.nextTick(emitErrorLegacy, stream, error);
  } else {
    process.nextTick(emitCloseLegacy, stream);
  }
  if (!stream.destroyed) stream[kIsDestroyed] = true;
}

// dispose destroys a stream that was declared with await using, and waits for its end.
function dispose(stream, isDone) {
  let error;
  if (!stream.destroyed) {
    error = isDone ? null : new AbortError();
    stream.destroy(error);
  }
  return new Promise((resolve, reject) => {
    require('internal/streams/end-of-stream').eos(stream,
      (failed) => (failed && failed !== error ? reject(failed) : resolve(null)));
  });
}

module.exports = { construct, destroy, destroyer, dispose, errorOrDestroy, undestroy };

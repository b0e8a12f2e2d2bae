'use strict';

// Readable. Its state is in _readableState, whose names are Node's, because scripts look at them.

const { Buffer } = require('buffer');
const EventEmitter = require('events');
const { codes } = require('internal/errors');
const { construct, destroy, errorOrDestroy, undestroy } = require('internal/streams/destroy');
const { Stream } = require('internal/streams/legacy');
const { howMuch, markFor, take } = require('internal/streams/chunks');
const { getHighWaterMark } = require('internal/streams/state');

const {
  ERR_INVALID_ARG_TYPE, ERR_METHOD_NOT_IMPLEMENTED, ERR_STREAM_PUSH_AFTER_EOF, ERR_STREAM_UNSHIFT_AFTER_END_EVENT,
  ERR_UNKNOWN_ENCODING,
} = codes;

const { on: addListener, removeListener: dropListener, removeAllListeners: dropAll } = Stream.prototype;

// Properties that most streams never change are on the prototype, because making streams is a large part of a short
// process.
function ReadableState(options, stream, isDuplex) {
  this.highWaterMark = 0;
  this.buffer = []; // pushed and not yet read, from bufferIndex on
  this.bufferIndex = 0;
  this.length = 0; // bytes, or objects
  this.pipes = [];
  this.flowing = null; // null: not set
  this.ended = false;
  this.endEmitted = false;
  this.reading = false; // _read was called, and has not pushed
  this.sync = true; // _read is on the stack
  this.needReadable = false;
  this.emittedReadable = false;
  this.resumeScheduled = false;
  this.readingMore = false;
  this.dataEmitted = false;
  this.destroyed = false;
  this.closed = false;
  this.closeEmitted = false;
  if (options == null) {
    this.highWaterMark = getHighWaterMark(this);
    return;
  }
  if (options.objectMode || (isDuplex && options.readableObjectMode)) this.objectMode = true;
  this.highWaterMark = getHighWaterMark(this, options, 'readableHighWaterMark', isDuplex);
  if (options.emitClose === false) this.emitClose = false;
  if (options.autoDestroy === false) this.autoDestroy = false;
  const { defaultEncoding, encoding } = options;
  if (defaultEncoding != null && defaultEncoding !== 'utf8') {
    if (defaultEncoding !== 'buffer' && !Buffer.isEncoding(defaultEncoding)) {
      throw new ERR_UNKNOWN_ENCODING(defaultEncoding);
    }
    this.defaultEncoding = defaultEncoding;
  }
  if (encoding) setDecoder(this, encoding);
}

Object.assign(ReadableState.prototype, {
  objectMode: false, constructed: true, readableListening: false, errored: null, errorEmitted: false, emitClose: true,
  autoDestroy: true,
  paused: null, // by pause, not because data is not wanted
  awaitDrainWriters: null, // pipe targets whose 'drain' it waits for: one, or a Set of several
  multiAwaitDrain: false, defaultEncoding: 'utf8', decoder: null, encoding: null,
});

Object.defineProperty(ReadableState.prototype, 'pipesCount', { get() {
  return this.pipes.length;
}, configurable: true });

function setDecoder(state, encoding) {
  const { StringDecoder } = require('string_decoder');
  state.decoder = new StringDecoder(encoding);
  state.encoding = state.decoder.encoding;
}

function Readable(options) {
  if (!(this instanceof Readable)) return new Readable(options);
  this._events ??= { close: undefined, error: undefined, data: undefined, end: undefined, readable: undefined };
  this._readableState = new ReadableState(options, this, false);
  if (options) {
    if (typeof options.read === 'function') this._read = options.read;
    if (typeof options.destroy === 'function') this._destroy = options.destroy;
    if (typeof options.construct === 'function') this._construct = options.construct;
    if (options.signal) require('internal/streams/add-abort-signal').addAbortSignal(options.signal, this);
  }
  Stream.call(this, options);
  if (typeof this._construct === 'function') construct(this, () => onConstructed(this, this._readableState));
}

// onConstructed starts the read that had to wait for _construct.
function onConstructed(stream, state) {
  if (state.needReadable) maybeReadMore(stream, state);
}

Object.setPrototypeOf(Readable.prototype, Stream.prototype);
Object.setPrototypeOf(Readable, Stream);

Readable.ReadableState = ReadableState;
Readable.prototype.destroy = destroy;
Readable.prototype._undestroy = undestroy;
Readable.prototype._destroy = function _destroy(error, callback) { callback(error); };
Readable.prototype[EventEmitter.captureRejectionSymbol] = function (error) { this.destroy(error); };

// Input of a stream.

Readable.prototype.push = function push(chunk, encoding) {
  const state = this._readableState;
  if (chunk === null) {
    state.reading = false;
    onEnd(this, state);
    return false;
  }
  return state.objectMode ? addValue(this, state, chunk, encoding, false) : pushBytes(this, state, chunk, encoding);
};

Readable.prototype.unshift = function unshift(chunk, encoding) {
  const state = this._readableState;
  if (chunk === null) {
    state.reading = false;
    onEnd(this, state);
    return false;
  }
  if (!state.objectMode) {
    chunk = toChunk(this, state, chunk, encoding);
    if (chunk === undefined) return false;
    if (chunk.length === 0) return wantsMore(state);
  }
  return addValue(this, state, chunk, encoding, true);
};

// toChunk converts bytes or text to a chunk of the buffer: undefined for other values, which are an error.
function toChunk(stream, state, chunk, encoding) {
  if (typeof chunk === 'string') {
    encoding ||= state.defaultEncoding;
    if (state.encoding === encoding) return chunk;
    const bytes = Buffer.from(chunk, encoding);
    return state.encoding ? bytes.toString(state.encoding) : bytes;
  }
  if (chunk instanceof Buffer) return chunk;
  if (ArrayBuffer.isView(chunk)) return asBuffer(chunk);
  if (chunk === undefined) return '';
  errorOrDestroy(stream, new ERR_INVALID_ARG_TYPE('chunk', ['string', 'Buffer', 'TypedArray', 'DataView'], chunk));
  return undefined;
}

// asBuffer returns a Buffer of the same memory.
function asBuffer(view) {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

function pushBytes(stream, state, chunk, encoding) {
  const isText = typeof chunk === 'string';
  if (!(chunk instanceof Buffer)) {
    chunk = toChunk(stream, state, chunk, encoding);
    if (chunk === undefined) return false;
  }
  if (chunk.length === 0) {
    state.reading = false;
    maybeReadMore(stream, state);
    return wantsMore(state);
  }
  if (state.ended) {
    errorOrDestroy(stream, new ERR_STREAM_PUSH_AFTER_EOF());
    return false;
  }
  if (state.destroyed || state.errored) return false;
  state.reading = false;
  if (state.decoder !== null && !isText) {
    chunk = state.decoder.write(chunk);
    if (chunk.length === 0) {
      maybeReadMore(stream, state);
      return wantsMore(state);
    }
  }
  add(stream, state, chunk, false);
  return wantsMore(state);
}

// addValue adds an object, or puts something back.
function addValue(stream, state, chunk, encoding, inFront) {
  if (inFront) {
    if (state.endEmitted) {
      errorOrDestroy(stream, new ERR_STREAM_UNSHIFT_AFTER_END_EVENT());
      return false;
    }
    if (state.destroyed || state.errored) return false;
  } else {
    if (state.ended) {
      errorOrDestroy(stream, new ERR_STREAM_PUSH_AFTER_EOF());
      return false;
    }
    if (state.destroyed || state.errored) return false;
    state.reading = false;
    if (state.decoder !== null && !encoding) chunk = state.decoder.write(chunk);
  }
  add(stream, state, chunk, inFront);
  return wantsMore(state);
}

function wantsMore(state) {
  return !state.ended && (state.length < state.highWaterMark || state.length === 0);
}

function add(stream, state, chunk, inFront) {
  if (state.flowing && state.length === 0 && !state.sync && stream._events.data !== undefined) {
    nobodyWaits(state);
    state.dataEmitted = true;
    stream.emit('data', chunk);
  } else {
    state.length += state.objectMode ? 1 : chunk.length;
    if (!inFront) state.buffer.push(chunk);
    else if (state.bufferIndex > 0) state.buffer[--state.bufferIndex] = chunk;
    else state.buffer.unshift(chunk);
    if (state.needReadable) emitReadable(stream);
  }
  maybeReadMore(stream, state);
}

// nobodyWaits forgets the waiting pipe targets: data flows all the same.
function nobodyWaits(state) {
  if (state.multiAwaitDrain) state.awaitDrainWriters.clear();
  else if (state.awaitDrainWriters !== null) state.awaitDrainWriters = null;
}

function onEnd(stream, state) {
  if (state.ended) return;
  if (state.decoder !== null) {
    const rest = state.decoder.end();
    if (rest?.length) {
      state.buffer.push(rest);
      state.length += state.objectMode ? 1 : rest.length;
    }
  }
  state.ended = true;
  if (state.sync) {
    emitReadable(stream); // _read is on the stack: wait until it has returned.
  } else {
    state.needReadable = false;
    state.emittedReadable = true;
    emitReadableNow(stream);
  }
}

function emitReadable(stream) {
  const state = stream._readableState;
  state.needReadable = false;
  if (state.emittedReadable) return;
  state.emittedReadable = true;
  process.nextTick(emitReadableNow, stream);
}

function emitReadableNow(stream) {
  const state = stream._readableState;
  if (!state.destroyed && !state.errored && (state.length > 0 || state.ended)) {
    stream.emit('readable');
    state.emittedReadable = false;
  }
  // Another 'readable' is needed if it does not flow, and holds no more than the high-water mark.
  state.needReadable = !state.flowing && !state.ended && state.length <= state.highWaterMark;
  flow(stream);
}

// maybeReadMore reads ahead, up to the high-water mark, once the current stack is done.
function maybeReadMore(stream, state) {
  if (state.readingMore || !state.constructed) return;
  state.readingMore = true;
  process.nextTick(readMore, stream, state);
}

function readMore(stream, state) {
  while (!state.reading && !state.ended && (state.length < state.highWaterMark ||
    (state.flowing && state.length === 0))) {
    const had = state.length;
    stream.read(0);
    if (had === state.length) break;
  }
  state.readingMore = false;
}

// Output of a stream.

Readable.prototype.read = function read(n) {
  if (n === undefined) n = NaN;
  else if (!Number.isInteger(n)) n = Number.parseInt(n, 10);
  const state = this._readableState;
  const asked = n;
  if (n > state.highWaterMark) state.highWaterMark = markFor(n);
  if (n !== 0) state.emittedReadable = false;

  // read(0) only starts reading. If the buffer has enough, it emits 'readable' instead.
  if (n === 0 && state.needReadable &&
      ((state.highWaterMark !== 0 ? state.length >= state.highWaterMark : state.length > 0) || state.ended)) {
    if (state.length === 0 && state.ended) endReadable(this);
    else emitReadable(this);
    return null;
  }
  n = howMuch(n, state);
  if (n === 0 && state.ended) {
    if (state.length === 0) endReadable(this);
    return null;
  }
  let wanted = state.needReadable || state.length === 0 || state.length - n < state.highWaterMark;
  if (state.ended || state.reading || state.destroyed || state.errored || !state.constructed) wanted = false;
  if (wanted) {
    state.reading = true;
    state.sync = true;
    if (state.length === 0) state.needReadable = true;
    try {
      this._read(state.highWaterMark);
    } catch (error) {
      errorOrDestroy(this, error);
    }
    state.sync = false;
    if (!state.reading) n = howMuch(asked, state); // It pushed at once.
  }
  const chunk = n > 0 ? take(n, state) : null;
  if (chunk === null) {
    state.needReadable = state.length <= state.highWaterMark;
    n = 0;
  } else {
    state.length -= n;
    nobodyWaits(state);
  }
  if (state.length === 0) {
    if (!state.ended) state.needReadable = true;
    if (asked !== n && state.ended) endReadable(this);
  }
  if (chunk !== null && !state.errorEmitted && !state.closeEmitted) {
    state.dataEmitted = true;
    this.emit('data', chunk);
  }
  return chunk;
};

function endReadable(stream) {
  const state = stream._readableState;
  if (state.endEmitted) return;
  state.ended = true;
  process.nextTick(emitEnd, state, stream);
}

function emitEnd(state, stream) {
  if (state.errored || state.closeEmitted || state.endEmitted || state.length > 0) return;
  state.endEmitted = true;
  stream.emit('end');
  if (stream.writable && stream.allowHalfOpen === false) {
    process.nextTick(endWritable, stream);
  } else if (state.autoDestroy) {
    const w = stream._writableState;
    if (!w || (w.autoDestroy && (w.finished || w.writable === false))) stream.destroy();
  }
}

function endWritable(stream) {
  if (stream.writable && !stream.writableEnded && !stream.destroyed) stream.end();
}

Readable.prototype._read = function _read(n) { throw new ERR_METHOD_NOT_IMPLEMENTED('_read()'); };

Readable.prototype.isPaused = function isPaused() {
  const state = this._readableState;
  return state.paused === true || state.flowing === false;
};

Readable.prototype.setEncoding = function setEncoding(encoding) {
  const state = this._readableState;
  setDecoder(state, encoding);
  let text = '';
  for (let i = state.bufferIndex; i < state.buffer.length; i++) text += state.decoder.write(state.buffer[i]);
  state.buffer.length = 0;
  state.bufferIndex = 0;
  if (text !== '') state.buffer.push(text);
  state.length = text.length;
  return this;
};

// Whether it flows.

Readable.prototype.on = function on(event, listener) {
  const result = addListener.call(this, event, listener);
  const state = this._readableState;
  if (event === 'data') {
    state.readableListening = this.listenerCount('readable') > 0; // read() is called for that, then: it does not flow.
    if (state.flowing !== false) this.resume();
  } else if (event === 'readable' && !state.endEmitted && !state.readableListening) {
    state.readableListening = state.needReadable = true;
    state.flowing = false;
    state.emittedReadable = false;
    if (state.length > 0) emitReadable(this);
    else if (!state.reading) process.nextTick(readNothing, this);
  }
  return result;
};
Readable.prototype.addListener = Readable.prototype.on;

function readNothing(stream) { stream.read(0); }

Readable.prototype.removeListener = function removeListener(event, listener) {
  const result = dropListener.call(this, event, listener);
  if (event === 'readable') process.nextTick(updateListening, this); // Another may be added at once.
  return result;
};
Readable.prototype.off = Readable.prototype.removeListener;

Readable.prototype.removeAllListeners = function removeAllListeners(event) {
  const result = dropAll.apply(this, arguments);
  if (event === 'readable' || event === undefined) process.nextTick(updateListening, this);
  return result;
};

function updateListening(stream) {
  const state = stream._readableState;
  state.readableListening = stream.listenerCount('readable') > 0;
  if (state.resumeScheduled && state.paused === false) state.flowing = true; // By resume(), which is scheduled.
  else if (stream.listenerCount('data') > 0) stream.resume();
  else if (!state.readableListening) state.flowing = null;
}

Readable.prototype.resume = function resume() {
  const state = this._readableState;
  if (!state.flowing) {
    state.flowing = !state.readableListening;
    if (!state.resumeScheduled) {
      state.resumeScheduled = true;
      process.nextTick(resumeNow, this, state);
    }
  }
  state.paused = false;
  return this;
};

function resumeNow(stream, state) {
  if (!state.reading) stream.read(0);
  state.resumeScheduled = false;
  stream.emit('resume');
  flow(stream);
  if (state.flowing && !state.reading) stream.read(0);
}

Readable.prototype.pause = function pause() {
  const state = this._readableState;
  if (state.flowing !== false) {
    state.flowing = false;
    this.emit('pause');
  }
  state.paused = true;
  return this;
};

function flow(stream) {
  const state = stream._readableState;
  while (state.flowing && stream.read() !== null);
}

Readable._fromList = take;

module.exports = { Readable, ReadableState, asBuffer, onConstructed };

'use strict';

// Piping, wrapping and iterating over a Readable, and its properties.

const { destroyer, dispose, errorOrDestroy } = require('internal/streams/destroy');
const { prependListener } = require('internal/streams/legacy');
const { Readable } = require('internal/streams/readable');
const { validateObject } = require('internal/validators');

Readable.prototype.pipe = function pipe(dest, options) {
  const source = this;
  const state = this._readableState;
  if (state.pipes.length === 1 && !state.multiAwaitDrain) {
    state.multiAwaitDrain = true;
    state.awaitDrainWriters = new Set(state.awaitDrainWriters ? [state.awaitDrainWriters] : []);
  }
  state.pipes.push(dest);
  const doEnd = options?.end !== false && !isStandard(dest);
  const endFn = doEnd ? onEnd : unpipe;
  if (state.endEmitted) process.nextTick(endFn);
  else source.once('end', endFn);

  let onDrain;
  let cleaned = false;
  function onUnpipe(from, info) {
    if (from === source && info?.hasUnpiped === false) {
      info.hasUnpiped = true;
      cleanup();
    }
  }
  function onEnd() { dest.end(); }
  function unpipe() { source.unpipe(dest); }
  function cleanup() {
    dest.removeListener('close', onClose);
    dest.removeListener('finish', onFinish);
    if (onDrain) dest.removeListener('drain', onDrain);
    dest.removeListener('error', onError);
    dest.removeListener('unpipe', onUnpipe);
    source.removeListener('end', onEnd);
    source.removeListener('end', unpipe);
    source.removeListener('data', onData);
    cleaned = true;
    // There will be no 'drain': if the source waits for it, that ends now.
    if (onDrain && state.awaitDrainWriters && (!dest._writableState || dest._writableState.needDrain)) onDrain();
  }
  function pause() {
    if (!cleaned) {
      if (state.pipes.length === 1 && state.pipes[0] === dest) {
        state.awaitDrainWriters = dest;
        state.multiAwaitDrain = false;
      } else if (state.pipes.length > 1 && state.pipes.includes(dest)) {
        state.awaitDrainWriters.add(dest);
      }
      source.pause();
    }
    if (!onDrain) { // Only when it is needed: most pipes never fill.
      onDrain = () => drained(source, dest);
      dest.on('drain', onDrain);
    }
  }
  function onData(chunk) {
    try {
      if (dest.write(chunk) === false) pause();
    } catch (error) {
      dest.destroy(error);
    }
  }
  function onError(error) {
    unpipe();
    dest.removeListener('error', onError);
    if (dest.listenerCount('error') > 0) return;
    const s = dest._writableState || dest._readableState;
    if (s && !s.errorEmitted) errorOrDestroy(dest, error);
    else dest.emit('error', error);
  }
  function onClose() {
    dest.removeListener('finish', onFinish);
    unpipe();
  }
  function onFinish() {
    dest.removeListener('close', onClose);
    unpipe();
  }
  dest.on('unpipe', onUnpipe);
  source.on('data', onData);
  prependListener(dest, 'error', onError);
  dest.once('close', onClose);
  dest.once('finish', onFinish);
  dest.emit('pipe', source);
  if (dest.writableNeedDrain === true) pause();
  else if (!state.flowing) source.resume();
  return dest;
};

// isStandard reports whether it is process.stdout or process.stderr, which are not ended. It does not make them.
function isStandard(dest) {
  return dest?._isStdio === true && (dest === process.stdout || dest === process.stderr);
}

function drained(source, dest) {
  const state = source._readableState;
  if (state.awaitDrainWriters === dest) state.awaitDrainWriters = null;
  else if (state.multiAwaitDrain) state.awaitDrainWriters.delete(dest);
  if ((!state.awaitDrainWriters || state.awaitDrainWriters.size === 0) && source.listenerCount('data') > 0) {
    source.resume();
  }
}

Readable.prototype.unpipe = function unpipe(dest) {
  const state = this._readableState;
  if (state.pipes.length === 0) return this;
  if (!dest) {
    const all = state.pipes;
    state.pipes = [];
    this.pause();
    for (const one of all) one.emit('unpipe', this, { hasUnpiped: false });
    return this;
  }
  const i = state.pipes.indexOf(dest);
  if (i < 0) return this;
  state.pipes.splice(i, 1);
  if (state.pipes.length === 0) this.pause();
  dest.emit('unpipe', this, { hasUnpiped: false });
  return this;
};

// wrap makes a stream of one that has 'data' and pause, as the first streams of Node.
Readable.prototype.wrap = function wrap(stream) {
  let paused = false;
  stream.on('data', (chunk) => {
    if (!this.push(chunk) && stream.pause) {
      paused = true;
      stream.pause();
    }
  });
  stream.on('end', () => this.push(null));
  stream.on('error', (error) => errorOrDestroy(this, error));
  stream.on('close', () => this.destroy());
  stream.on('destroy', () => this.destroy());
  this._read = () => {
    if (paused && stream.resume) {
      paused = false;
      stream.resume();
    }
  };
  for (const name of Object.keys(stream)) {
    if (this[name] === undefined && typeof stream[name] === 'function') this[name] = stream[name].bind(stream);
  }
  return this;
};

Readable.wrap = function wrap(source, options) {
  return new Readable({
    objectMode: source.readableObjectMode ?? source.objectMode ?? true,
    ...options,
    destroy(error, callback) {
      destroyer(source, error);
      callback(error);
    },
  }).wrap(source);
};

Readable.from = function from(iterable, options) {
  return require('internal/streams/from')(Readable, iterable, options);
};
Readable.fromWeb = function fromWeb(stream, options) {
  return require('internal/webstreams/adapters').newStreamReadableFromReadableStream(stream, options);
};
Readable.toWeb = function toWeb(stream, options) {
  return require('internal/webstreams/adapters').newReadableStreamFromStreamReadable(stream, options);
};

Readable.prototype[Symbol.asyncIterator] = function () {
  return iterate(this);
};

Readable.prototype.iterator = function iterator(options) {
  if (options !== undefined) validateObject(options, 'options');
  return iterate(this, options);
};

function iterate(stream, options) {
  if (typeof stream.read !== 'function') stream = Readable.wrap(stream, { objectMode: true });
  const { ReadableIterator } = require('internal/streams/iterator');
  return new ReadableIterator(stream, options);
}

Readable.prototype[Symbol.asyncDispose] = function () { return dispose(this, this.readableEnded); };

// The properties. A stream whose constructor has not run yet has no state.

function property(name, get, set, enumerable = false) {
  Object.defineProperty(Readable.prototype, name, { get, set, enumerable, configurable: true });
}

property('readable', function () {
  const r = this._readableState;
  return !!r && r.readable !== false && !r.destroyed && !r.errorEmitted && !r.endEmitted;
}, function (value) {
  if (this._readableState) this._readableState.readable = !!value; // Duplex may have no reading side.
});
property('readableDidRead', function () { return this._readableState.dataEmitted; });
property('readableAborted', function () {
  const r = this._readableState;
  return !!(r.readable !== false && (r.destroyed || r.errored) && !r.endEmitted);
});
property('readableHighWaterMark', function () { return this._readableState.highWaterMark; });
property('readableBuffer', function () { return this._readableState?.buffer; });
property('readableFlowing', function () { return this._readableState.flowing; }, function (value) {
  if (this._readableState) this._readableState.flowing = value;
});
property('readableLength', function () { return this._readableState.length; });
property('readableObjectMode', function () { return this._readableState ? this._readableState.objectMode : false; });
property('readableEncoding', function () { return this._readableState ? this._readableState.encoding : null; });
property('errored', function () { return this._readableState ? this._readableState.errored : null; });
property('closed', function () { return this._readableState ? this._readableState.closed : false; });
property('destroyed', function () {
  return this._readableState ? this._readableState.destroyed : false;
}, function (value) {
  if (this._readableState) this._readableState.destroyed = value;
});
property('readableEnded', function () { return this._readableState ? this._readableState.endEmitted : false; });

module.exports = { Readable };

'use strict';

// Transform and PassThrough: duplexes whose output is made from their input.

const { codes: { ERR_METHOD_NOT_IMPLEMENTED } } = require('internal/errors');
const { Duplex } = require('internal/streams/duplex');
const { getHighWaterMark } = require('internal/streams/state');

const kCallback = Symbol('kCallback');
const kDone = Symbol('kDone');

function Transform(options) {
  if (!(this instanceof Transform)) return new Transform(options);
  // A high-water mark of 0 is distinguished from the default: the writing side then buffers instead.
  const mark = options ? getHighWaterMark({ objectMode: false }, options, 'readableHighWaterMark', true) : null;
  if (mark === 0) {
    options = { ...options, highWaterMark: null, readableHighWaterMark: mark,
      writableHighWaterMark: options.writableHighWaterMark || 0 };
  }
  Duplex.call(this, options);
  // _read is called before there is data: a push then does not answer it.
  this._readableState.sync = false;
  this[kCallback] = null;
  if (options) {
    if (typeof options.transform === 'function') this._transform = options.transform;
    if (typeof options.flush === 'function') this._flush = options.flush;
  }
  this.on('prefinish', onPrefinish);
}
Object.setPrototypeOf(Transform.prototype, Duplex.prototype);
Object.setPrototypeOf(Transform, Duplex);

function final(callback) {
  if (typeof this._flush !== 'function' || this.destroyed) {
    this.push(null);
    callback?.();
    return;
  }
  this._flush((error, data) => {
    if (error) {
      if (callback) callback(error);
      else this.destroy(error);
      return;
    }
    if (data != null) this.push(data);
    this.push(null);
    callback?.();
  });
}

// onPrefinish flushes a stream whose _final was overridden.
function onPrefinish() {
  if (this._final !== final) final.call(this);
}

Transform.prototype._final = final;

Transform.prototype._transform = function _transform() { throw new ERR_METHOD_NOT_IMPLEMENTED('_transform()'); };

Transform.prototype._write = function _write(chunk, encoding, callback) {
  const r = this._readableState;
  const w = this._writableState;
  // One function serves all writes, except for those of classes that call this with a callback of their own.
  const done = callback === w.onwrite ? this[kDone] ??= makeDone(this, r, w, callback) : makeDone(this, r, w, callback);
  done.had = r.length;
  this._transform(chunk, encoding, done);
};

function makeDone(stream, r, w, callback) {
  return function done(error, value) {
    if (error) {
      callback(error);
      return;
    }
    if (value != null) stream.push(value);
    if (w.ended || done.had === r.length || r.length < r.highWaterMark) callback();
    else stream[kCallback] = callback;
  };
}

Transform.prototype._read = function _read() {
  if (this[kCallback] === null || this[kCallback] === undefined) return;
  const callback = this[kCallback];
  this[kCallback] = null;
  callback();
};

function PassThrough(options) {
  if (!(this instanceof PassThrough)) return new PassThrough(options);
  Transform.call(this, options);
}
Object.setPrototypeOf(PassThrough.prototype, Transform.prototype);
Object.setPrototypeOf(PassThrough, Transform);

PassThrough.prototype._transform = function _transform(chunk, encoding, callback) { callback(null, chunk); };

module.exports = { PassThrough, Transform };

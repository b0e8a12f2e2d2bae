'use strict';

const { codes: { ERR_ILLEGAL_CONSTRUCTOR, ERR_INVALID_ARG_VALUE } } = require('internal/errors');
const { destroyer } = require('internal/streams/destroy');
const { Duplex } = require('internal/streams/duplex');
const { Stream } = require('internal/streams/legacy');
const { Readable } = require('internal/streams/readable_pipe');
const { asBuffer } = require('internal/streams/readable');
const { getDefaultHighWaterMark, setDefaultHighWaterMark } = require('internal/streams/state');
const { PassThrough, Transform } = require('internal/streams/transform');
const { isDestroyed, isDisturbed, isErrored, isNodeStream, isReadable, isWritable } = require('internal/streams/utils');
const { Writable } = require('internal/streams/writable');
const { validateAbortSignal, validateObject } = require('internal/validators');

// Rarely used parts are loaded on first use.

function pipeline(...streams) {
  return require('internal/streams/pipeline').pipeline(...streams);
}

function finished(...args) {
  return require('internal/streams/end-of-stream').eos(...args);
}

function addAbortSignal(signal, stream) {
  return require('internal/streams/add-abort-signal').addAbortSignal(signal, stream);
}

function compose(...streams) {
  return require('internal/streams/compose').compose(...streams);
}

function duplexPair(options) {
  return require('internal/streams/duplexpair').duplexPair(options);
}

// The operators are loaded on first use. Each has the length that Node's has.
const operators = { drop: 1, filter: 2, flatMap: 2, map: 2, take: 1, every: 1, forEach: 2, reduce: 3, toArray: 1,
  some: 1, find: 2 };

for (const [name, length] of Object.entries(operators)) {
  const operator = function (...args) {
    if (new.target) throw new ERR_ILLEGAL_CONSTRUCTOR();
    return Reflect.apply(require('internal/streams/operators')[name], this, args);
  };
  Object.defineProperty(operator, 'name', { value: name });
  Object.defineProperty(operator, 'length', { value: length });
  Object.defineProperty(Readable.prototype, name, { value: operator, enumerable: false, configurable: true,
    writable: true });
}

Readable.prototype.compose = function (stream, options) {
  if (options != null) validateObject(options, 'options');
  if (options?.signal != null) validateAbortSignal(options.signal, 'options.signal');
  if (isNodeStream(stream) && !isWritable(stream)) {
    throw new ERR_INVALID_ARG_VALUE('stream', stream, 'must be writable');
  }
  const composed = compose(this, stream);
  if (options?.signal) require('internal/streams/add-abort-signal').addAbortSignalNoValidate(options.signal, composed);
  return composed;
};
Object.defineProperty(Readable.prototype.compose, 'name', { value: 'compose' });

module.exports = Object.assign(Stream, {
  isDestroyed, isDisturbed, isErrored, isReadable, isWritable, Readable, Writable, Duplex, Transform, PassThrough,
  duplexPair, pipeline, addAbortSignal, finished, destroy: destroyer, compose, setDefaultHighWaterMark,
  getDefaultHighWaterMark,
});

const customPromisify = Symbol.for('nodejs.util.promisify.custom');

for (const [target, name] of [[pipeline, 'pipeline'], [finished, 'finished']]) {
  Object.defineProperty(target, customPromisify, { enumerable: true, get: () => require('stream/promises')[name] });
}
Object.defineProperty(Stream, 'promises', { configurable: true, enumerable: true,
  get: () => require('stream/promises') });

Object.assign(Stream, {
  Stream,
  _isArrayBufferView: ArrayBuffer.isView,
  _isUint8Array: (value) => value instanceof Uint8Array,
  _uint8ArrayToBuffer: asBuffer,
});

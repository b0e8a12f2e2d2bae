'use strict';

// The streams of zlib. Go processes the bytes: a handle takes a chunk, and then returns the output step by step.

const { Buffer, kMaxLength } = require('buffer');
const { codes, constants } = require('internal/zlib/constants');
const {
  coded, codes: { ERR_BUFFER_TOO_LARGE, ERR_FEATURE_UNAVAILABLE_ON_PLATFORM, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE },
} = require('internal/errors');
const { Transform, finished } = require('stream');
const { isAnyArrayBuffer } = require('internal/types');
const { validateFunction, validateNumber } = require('internal/validators');

const binding = internalBinding('zlib');

const {
  Z_BLOCK, Z_DEFAULT_CHUNK, Z_DEFAULT_COMPRESSION, Z_DEFAULT_MEMLEVEL, Z_DEFAULT_STRATEGY, Z_DEFAULT_WINDOWBITS,
  Z_FINISH, Z_FIXED, Z_FULL_FLUSH, Z_HUFFMAN_ONLY, Z_MAX_LEVEL, Z_MAX_MEMLEVEL, Z_MAX_WINDOWBITS, Z_MIN_CHUNK,
  Z_MIN_LEVEL, Z_MIN_MEMLEVEL, Z_MIN_WINDOWBITS, Z_NO_FLUSH, BROTLI_OPERATION_FINISH, BROTLI_OPERATION_FLUSH,
  BROTLI_OPERATION_PROCESS,
} = constants;
const {
  DEFLATE, DEFLATERAW, GUNZIP, GZIP, INFLATE, INFLATERAW, UNZIP, BROTLI_DECODE, BROTLI_ENCODE, ZSTD_COMPRESS,
  ZSTD_DECOMPRESS,
} = constants;

// Results of a step of the handle, besides output. Go has the same numbers.
const ENDED = 1;
const FAILED = 2;

const slice = 64 << 10; // bytes that are compressed in one go, before other work has its turn
const kFlush = Symbol('kFlush'); // the chunk that a flush writes: empty, with its kind

// number returns an option that is a number in a range, or its default.
function number(value, name, min, max, usual) {
  if (value === undefined || Number.isNaN(value)) return usual;
  validateNumber(value, name);
  if (!Number.isFinite(value)) throw new ERR_OUT_OF_RANGE(name, 'a finite number', value);
  if (value < min || value > max) {
    throw new ERR_OUT_OF_RANGE(name, max === Infinity ? `>= ${min}` : `>= ${min} and <= ${max}`, value);
  }
  return value;
}

function dictionaryOf(dictionary) {
  if (dictionary === undefined || ArrayBuffer.isView(dictionary)) return dictionary;
  if (isAnyArrayBuffer(dictionary)) return Buffer.from(dictionary);
  throw new ERR_INVALID_ARG_TYPE('options.dictionary', ['Buffer', 'TypedArray', 'DataView', 'ArrayBuffer'], dictionary);
}

const byteView = (data) => (data instanceof Uint8Array ? data :
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength));

const kState = Symbol('kState');

// State is the private state of a stream.
class State {
  constructor(flush, finishFlush, family) {
    this.flush = flush;
    this.finishFlush = finishFlush;
    this.family = family;
    this.given = 0; // bytes that were written, once the handle is closed
    this.rest = undefined; // goes on with a chunk whose output was not read yet
    this.isOver = false; // the end of the compressed data was read
  }
}

// ZlibBase is a function because old classes call it with objects of their own.
function ZlibBase(options, mode, family) {
  const chunkSize = number(options?.chunkSize, 'options.chunkSize', Z_MIN_CHUNK, Infinity, Z_DEFAULT_CHUNK);
  const flush = number(options?.flush, 'options.flush', 0, family.most, family.flush);
  const finishFlush = number(options?.finishFlush, 'options.finishFlush', 0, family.most, family.finish);
  const longest = number(options?.maxOutputLength, 'options.maxOutputLength', 1, kMaxLength, kMaxLength);
  const isText = options?.encoding || options?.objectMode || options?.writableObjectMode;
  Transform.call(this, { autoDestroy: true, ...options, ...isText &&
    { encoding: null, objectMode: false, writableObjectMode: false } });
  this[kState] = new State(flush, finishFlush, family);
  this._chunkSize = chunkSize;
  this._maxOutputLength = longest;
  this._info = options?.info;
  this._isDecompressor = mode === INFLATE || mode === GUNZIP || mode === INFLATERAW || mode === UNZIP ||
    mode === BROTLI_DECODE ||
    mode === ZSTD_DECOMPRESS;
}
Object.setPrototypeOf(ZlibBase.prototype, Transform.prototype);
Object.setPrototypeOf(ZlibBase, Transform);

Object.defineProperties(ZlibBase.prototype, {
  bytesWritten: { get() {
    return this._handle?.bytesRead() ?? this[kState].given;
  }, configurable: true, enumerable: true },
  _closed: { get() { return !this._handle; }, configurable: true, enumerable: true },
});

ZlibBase.prototype.reset = function reset() {
  if (!this._handle) throw new Error('zlib binding closed');
  this._handle.close();
  this._handle = this._make();
};

// flush makes all output so far available.
ZlibBase.prototype.flush = function flush(kind, callback) {
  if (typeof kind === 'function' || (kind === undefined && !callback)) {
    callback = kind;
    kind = this[kState].family.fullFlush;
  }
  if (this.writableFinished) {
    if (callback) process.nextTick(callback);
  } else if (this.writableEnded) {
    if (callback) this.once('end', callback);
  } else {
    const chunk = Buffer.alloc(0);
    chunk[kFlush] = kind;
    this.write(chunk, '', callback);
  }
};

ZlibBase.prototype.close = function close(callback) {
  if (callback) finished(this, callback);
  this.destroy();
};

ZlibBase.prototype._destroy = function _destroy(error, callback) {
  closeHandle(this);
  callback(error);
};

function closeHandle(stream) {
  const handle = stream._handle;
  if (!handle) return;
  stream[kState].given = handle.bytesRead();
  handle.close();
  stream._handle = null;
}

ZlibBase.prototype._transform = function _transform(chunk, encoding, callback) {
  const { family, finishFlush, flush } = this[kState];
  let kind = chunk[kFlush] ?? flush;
  if (chunk[kFlush] === undefined && this.writableEnded && this.writableLength === chunk.byteLength) {
    kind = family.stronger(kind, finishFlush);
  }
  write(this, byteView(chunk), kind, callback);
};

ZlibBase.prototype._flush = function _flush(callback) {
  write(this, new Uint8Array(0), this[kState].finishFlush, callback);
};

ZlibBase.prototype._read = function _read(size) {
  const { rest } = this[kState];
  if (rest === undefined) {
    Transform.prototype._read.call(this, size);
    return;
  }
  this[kState].rest = undefined;
  rest();
};

// write passes a chunk to the handle slice by slice, on later turns, and pushes the output.
function write(stream, chunk, kind, callback) {
  const state = stream[kState];
  let at = 0;
  const next = () => {
    if (!stream._handle) {
      callback();
      return;
    }
    const part = chunk.length > slice ? chunk.subarray(at, at + slice) : chunk;
    at += part.length;
    stream._handle.write(part, at < chunk.length ? Z_NO_FLUSH : state.family.flag(kind));
    drain(stream, () => {
      if (at < chunk.length && !state.isOver) setImmediate(next);
      else finish(stream, callback);
    }, callback);
  };
  setImmediate(next);
}

// drain pushes output until there is none, waiting for readers.
function drain(stream, then, callback) {
  const state = stream[kState];
  while (stream._handle) {
    const out = stream._handle.step();
    if (out === FAILED) {
      fail(stream, callback);
      return;
    }
    if (typeof out === 'number') {
      state.isOver = out === ENDED;
      then();
      return;
    }
    if (!stream.push(bufferOf(out))) {
      state.rest = () => drain(stream, then, callback);
      return;
    }
  }
  callback();
}

const bufferOf = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function finish(stream, callback) {
  // Data after the end of the compressed data is ignored.
  if (stream[kState].isOver && stream._isDecompressor && !stream.readableEnded && !stream._readableState.ended) {
    stream.push(null);
  }
  callback();
}

function fail(stream, callback) {
  const [message, errno] = stream._handle.error();
  if (isMissing(stream, errno, stream[kState].finishFlush)) {
    callback();
    return;
  }
  stream.destroy(failure(stream, message, errno));
  closeHandle(stream);
}

// isMissing reports whether an error means an incomplete stream, which the caller has allowed.
function isMissing(stream, errno, flush) {
  return errno === codes.Z_BUF_ERROR && flush !== stream[kState].family.finish;
}

function failure(stream, message, errno) {
  const error = new Error(message);
  error.errno = errno;
  error.code = stream[kState].family.code(errno);
  return error;
}

// _processChunk is a synchronous write; with a callback it is write.
ZlibBase.prototype._processChunk = function _processChunk(chunk, flushFlag, callback) {
  if (typeof callback === 'function') {
    write(this, byteView(chunk), flushFlag, callback);
    return undefined;
  }
  const buffers = [];
  let length = 0;
  this._handle.write(byteView(chunk), this[kState].family.flag(flushFlag));
  let out;
  while (typeof (out = this._handle.step()) !== 'number') {
    buffers.push(bufferOf(out));
    length += out.byteLength;
    if (length > this._maxOutputLength) {
      closeHandle(this);
      throw new ERR_BUFFER_TOO_LARGE(this._maxOutputLength);
    }
  }
  if (out === FAILED) {
    const [message, errno] = this._handle.error();
    if (!isMissing(this, errno, flushFlag)) {
      closeHandle(this);
      throw failure(this, message, errno);
    }
  }
  return buffers.length === 1 ? buffers[0] : Buffer.concat(buffers, length);
};

// convert is the common part of the functions that take all data at once.
function convert(stream, bytes) {
  try {
    const buffer = stream._processChunk(bytes, stream[kState].finishFlush);
    return stream._info ? { buffer, engine: stream } : buffer;
  } finally {
    closeHandle(stream);
  }
}

// The order of flushes of zlib, weakest first.
const order = [Z_NO_FLUSH, Z_BLOCK, 1, 2, Z_FULL_FLUSH, Z_FINISH];

// A family is the common part of formats: how they flush, and the codes of their errors. For Go, flushes are zlib's
// numbers.
const zlibFamily = {
  flush: Z_NO_FLUSH, fullFlush: Z_FULL_FLUSH, finish: Z_FINISH, most: Z_BLOCK,
  flag: (kind) => kind,
  stronger: (a, b) => (order.indexOf(a) > order.indexOf(b) ? a : b),
  code: (errno) => codes[errno],
};

const brotliFamily = {
  flush: BROTLI_OPERATION_PROCESS, fullFlush: BROTLI_OPERATION_FLUSH, finish: BROTLI_OPERATION_FINISH,
  most: constants.BROTLI_OPERATION_EMIT_METADATA,
  flag: (kind) => [Z_NO_FLUSH, Z_FULL_FLUSH, Z_FINISH][kind] ?? Z_FULL_FLUSH,
  stronger: (a, b) => Math.max(a, b),
  code: (errno) => (errno === codes.Z_BUF_ERROR ? 'Z_BUF_ERROR' : 'ERR__ERROR_FORMAT_PADDING_1'),
};

const zstdErrors = new Map(Object.keys(constants).filter((name) => name.startsWith('ZSTD_error_')).map((name) =>
  [constants[name], name]));

const zstdFamily = {
  ...brotliFamily,
  most: constants.ZSTD_e_end,
  code: (errno) => (errno === codes.Z_BUF_ERROR ? 'Z_BUF_ERROR' : zstdErrors.get(errno)),
};

function Zlib(options, mode) {
  ZlibBase.call(this, options, mode, zlibFamily);
  let windowBits = options?.windowBits;
  if ((windowBits == null || windowBits === 0) && this._isDecompressor && mode !== INFLATERAW) {
    windowBits = 0;
  } else {
    // zlib needs at least 9 window bits with gzip and with raw deflate.
    windowBits = number(windowBits, 'options.windowBits', Z_MIN_WINDOWBITS + (mode === GZIP ? 1 : 0), Z_MAX_WINDOWBITS,
      Z_DEFAULT_WINDOWBITS);
    if (mode === DEFLATERAW && windowBits === 8) windowBits = 9;
  }
  const level = number(options?.level, 'options.level', Z_MIN_LEVEL, Z_MAX_LEVEL, Z_DEFAULT_COMPRESSION);
  number(options?.memLevel, 'options.memLevel', Z_MIN_MEMLEVEL, Z_MAX_MEMLEVEL, Z_DEFAULT_MEMLEVEL);
  const strategy = number(options?.strategy, 'options.strategy', Z_DEFAULT_STRATEGY, Z_FIXED, Z_DEFAULT_STRATEGY);
  const dictionary = dictionaryOf(options?.dictionary);
  this._level = level;
  this._strategy = strategy;
  this._make = () => binding.create(mode, this._level, this._strategy === Z_HUFFMAN_ONLY, windowBits, dictionary &&
    byteView(dictionary), this._chunkSize);
  this._handle = this._make();
}
Object.setPrototypeOf(Zlib.prototype, ZlibBase.prototype);
Object.setPrototypeOf(Zlib, ZlibBase);

Zlib.prototype.params = function params(level, strategy, callback) {
  number(level, 'level', Z_MIN_LEVEL, Z_MAX_LEVEL);
  number(strategy, 'strategy', Z_DEFAULT_STRATEGY, Z_FIXED);
  if (callback !== undefined) validateFunction(callback, 'callback');
  if (this._level === level && this._strategy === strategy) {
    if (callback) process.nextTick(callback);
    return;
  }
  this.flush(constants.Z_SYNC_FLUSH, (error) => {
    if (!error && this._handle) {
      this._level = level;
      this._strategy = strategy;
      this._handle.setLevel(level, strategy === Z_HUFFMAN_ONLY);
    }
    callback?.(error);
  });
};

// The valid parameters of Brotli.
const brotliRanges = new Map([
  [constants.BROTLI_PARAM_MODE, [0, 2]], [constants.BROTLI_PARAM_QUALITY, [0, 11]],
  [constants.BROTLI_PARAM_LGWIN, [10, 24]],
  [constants.BROTLI_PARAM_LGBLOCK, [0, 24]], [constants.BROTLI_PARAM_DISABLE_LITERAL_CONTEXT_MODELING, [0, 1]],
  [constants.BROTLI_PARAM_SIZE_HINT, [0, 2 ** 32 - 1]], [constants.BROTLI_PARAM_LARGE_WINDOW, [0, 1]],
  [constants.BROTLI_PARAM_NPOSTFIX, [0, 3]], [constants.BROTLI_PARAM_NDIRECT, [0, 120]],
]);

// checkParams returns the parameters that a script has set, by their numbers.
function checkParams(params, isKnown, name) {
  const all = new Map();
  for (const key of Object.keys(params ?? {})) {
    const code = Number(key);
    if (`${code}` !== key || !isKnown(code)) {
      throw coded(RangeError, `ERR_${name.toUpperCase()}_INVALID_PARAM`, `${key} is not a valid ${name} parameter`);
    }
    const value = params[key];
    if (typeof value !== 'number' && typeof value !== 'boolean') {
      throw new ERR_INVALID_ARG_TYPE('options.params[key]', 'number', value);
    }
    all.set(code, Number(value));
  }
  return all;
}

function Brotli(options, mode) {
  const params = checkParams(options?.params, (code) => brotliRanges.has(code), 'Brotli');
  ZlibBase.call(this, options, mode, brotliFamily);
  for (const [code, value] of params) {
    const [least, most] = brotliRanges.get(code);
    if (value < least || value > most) throw coded(Error, 'ERR_ZLIB_INITIALIZATION_FAILED', 'Initialization failed');
  }
  if (options?.dictionary !== undefined) throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM('a dictionary of Brotli');
  const quality = params.get(constants.BROTLI_PARAM_QUALITY) ?? constants.BROTLI_DEFAULT_QUALITY;
  this._make = () => binding.create(mode, quality, false, 0, undefined, this._chunkSize);
  this._handle = this._make();
}
Object.setPrototypeOf(Brotli.prototype, ZlibBase.prototype);
Object.setPrototypeOf(Brotli, ZlibBase);

const zstdParams = new Set(Object.keys(constants).filter((name) => /^ZSTD_[cd]_/.test(name)).map((name) =>
  constants[name]));

function Zstd(options, mode) {
  const params = checkParams(options?.params, (code) => zstdParams.has(code), 'zstd');
  ZlibBase.call(this, options, mode, zstdFamily);
  const level = params.get(constants.ZSTD_c_compressionLevel) || constants.ZSTD_CLEVEL_DEFAULT;
  const dictionary = dictionaryOf(options?.dictionary);
  this._make = () => binding.create(mode, level, false, 0, dictionary && byteView(dictionary), this._chunkSize,
    params.get(constants.ZSTD_c_checksumFlag) === 1);
  this._handle = this._make();
}
Object.setPrototypeOf(Zstd.prototype, ZlibBase.prototype);
Object.setPrototypeOf(Zstd, ZlibBase);

// streamClass returns a class of a mode, which can be called without new.
function streamClass(name, Base, mode) {
  const Class = { [name]: function (options) {
    if (!(this instanceof Class)) return new Class(options);
    Base.call(this, options, mode);
  } }[name];
  Object.setPrototypeOf(Class.prototype, Base.prototype);
  Object.setPrototypeOf(Class, Base);
  return Class;
}

module.exports = {
  convert,
  classes: {
    Deflate: streamClass('Deflate', Zlib, DEFLATE),
    Inflate: streamClass('Inflate', Zlib, INFLATE),
    Gzip: streamClass('Gzip', Zlib, GZIP),
    Gunzip: streamClass('Gunzip', Zlib, GUNZIP),
    DeflateRaw: streamClass('DeflateRaw', Zlib, DEFLATERAW),
    InflateRaw: streamClass('InflateRaw', Zlib, INFLATERAW),
    Unzip: streamClass('Unzip', Zlib, UNZIP),
    BrotliCompress: streamClass('BrotliCompress', Brotli, BROTLI_ENCODE),
    BrotliDecompress: streamClass('BrotliDecompress', Brotli, BROTLI_DECODE),
    ZstdCompress: streamClass('ZstdCompress', Zstd, ZSTD_COMPRESS),
    ZstdDecompress: streamClass('ZstdDecompress', Zstd, ZSTD_DECOMPRESS),
  },
};

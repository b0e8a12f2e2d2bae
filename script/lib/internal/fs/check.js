'use strict';

// Checks and conversions of the arguments of fs.

const { Buffer } = require('buffer');
const { coded, codes: { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE } } = require('internal/errors');
const {
  parseFileMode, validateAbortSignal, validateFunction, validateInt32, validateInteger, validateUint32,
} = require('internal/validators');

const { constants } = require('internal/fs/constants');

const {
  F_OK, R_OK, W_OK, X_OK, O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_SYNC, O_TRUNC, O_WRONLY, COPYFILE_EXCL,
  COPYFILE_FICLONE,
  COPYFILE_FICLONE_FORCE,
} = constants;

const opening = {
  'r': O_RDONLY, 'rs': O_RDONLY | O_SYNC, 'r+': O_RDWR, 'rs+': O_RDWR | O_SYNC,
  'w': O_TRUNC | O_CREAT | O_WRONLY, 'wx': O_TRUNC | O_CREAT | O_WRONLY | O_EXCL,
  'w+': O_TRUNC | O_CREAT | O_RDWR, 'wx+': O_TRUNC | O_CREAT | O_RDWR | O_EXCL,
  'a': O_APPEND | O_CREAT | O_WRONLY, 'ax': O_APPEND | O_CREAT | O_WRONLY | O_EXCL,
  'as': O_APPEND | O_CREAT | O_WRONLY | O_SYNC, 'a+': O_APPEND | O_CREAT | O_RDWR,
  'ax+': O_APPEND | O_CREAT | O_RDWR | O_EXCL, 'as+': O_APPEND | O_CREAT | O_RDWR | O_SYNC,
};
for (const [other, name] of [['sr', 'rs'], ['sr+', 'rs+'], ['xw', 'wx'], ['xw+', 'wx+'], ['xa', 'ax'], ['sa', 'as'],
  ['xa+', 'ax+'], ['sa+', 'as+']]) {
  opening[other] = opening[name];
}

function toFlags(flags, name = 'flags') {
  if (typeof flags === 'number') {
    validateInt32(flags, name);
    return flags;
  }
  if (flags == null) return O_RDONLY;
  if (!Object.hasOwn(opening, flags)) throw new ERR_INVALID_ARG_VALUE(name, flags);
  return opening[flags];
}

// toPath returns a path as a string or a Buffer. It may be given as a URL.
function toPath(path, name = 'path') {
  if (typeof path === 'string') {
    if (path.includes('\0')) nulls(path, name);
    return path;
  }
  if (path instanceof Uint8Array) {
    if (path.includes(0)) nulls(path, name);
    return path;
  }
  const named = fromURL(path);
  if (typeof named === 'string') return toPath(named, name);
  throw new ERR_INVALID_ARG_TYPE(name, ['string', 'Buffer', 'URL'], path);
}

// fromURL returns the path of a URL, and any other value unchanged.
function fromURL(path) {
  const isURL = path !== null && typeof path === 'object' && path.href && path.protocol && path.auth === undefined &&
    path.path === undefined;
  return isURL ? require('internal/file_url').fileURLToPath(path) : path;
}

function nulls(path, name) {
  throw new ERR_INVALID_ARG_VALUE(name, path, 'must be a string, Uint8Array, or URL without null bytes');
}

function toFd(fd, name = 'fd') {
  if (Object.is(fd, -0)) return 0;
  validateInt32(fd, name, 0);
  return fd;
}

// pathOrFd returns the path or the descriptor of readFile and writeFile.
function pathOrFd(file) {
  return (file | 0) === file ? toFd(file) : toPath(file);
}

function assertEncoding(encoding) {
  if (encoding && !Buffer.isEncoding(encoding)) {
    throw new ERR_INVALID_ARG_VALUE('encoding', encoding, 'is invalid encoding');
  }
}

// toOptions returns the options, which may be given as an encoding, or left out before a callback.
function toOptions(options, fallback = {}) {
  if (options == null || typeof options === 'function') return fallback;
  if (typeof options === 'string') options = { ...fallback, encoding: options };
  else if (typeof options !== 'object') throw new ERR_INVALID_ARG_TYPE('options', ['string', 'Object'], options);
  if (options.encoding !== 'buffer') assertEncoding(options.encoding);
  if (options.signal !== undefined) validateAbortSignal(options.signal, 'options.signal');
  return options === fallback ? options : { ...fallback, ...options };
}

function toCallback(callback) {
  validateFunction(callback, 'cb');
  return callback;
}

function toMode(mode, fallback, name = 'mode') {
  return parseFileMode(mode, name, fallback);
}

function toAccessMode(mode) {
  return toFlagsUpTo(mode ?? F_OK, R_OK | W_OK | X_OK);
}

function toCopyMode(mode) {
  return toFlagsUpTo(mode ?? 0, COPYFILE_EXCL | COPYFILE_FICLONE | COPYFILE_FICLONE_FORCE);
}

// toFlagsUpTo checks a mode whose bits are flags, with the messages of Node's C++ code.
function toFlagsUpTo(mode, most) {
  if (typeof mode !== 'number') throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', 'mode must be int32 or null/undefined');
  if (!Number.isFinite(mode)) throw coded(RangeError, 'ERR_OUT_OF_RANGE', 'mode is out of range');
  mode = Math.trunc(mode);
  if (mode < 0 || mode > most) throw coded(RangeError, 'ERR_OUT_OF_RANGE', `mode is out of range: >= 0 && <= ${most}`);
  return mode;
}

// toId returns a user or group id; -1 means no change.
function toId(id, name) {
  validateInteger(id, name, -1, 2 ** 32 - 1);
  return id;
}

function toNanoseconds(time, name) {
  if (typeof time === 'string' && +time == time) return fromSeconds(+time); // eslint-disable-line eqeqeq
  if (Number.isFinite(time)) return fromSeconds(time);
  if (require('internal/types').isDate(time)) return BigInt(Math.trunc(time.getTime() * 1e3)) * 1000n;
  throw new ERR_INVALID_ARG_TYPE(name, ['Date', 'Time in seconds'], time);
}

function fromSeconds(seconds) {
  return BigInt(Math.trunc(seconds * 1e6)) * 1000n;
}

function toTimes(atime, mtime, names = ['time', 'time']) {
  return [toNanoseconds(atime, names[0]), toNanoseconds(mtime, names[1])];
}

function checkRead(offset, length, size) {
  if (offset < 0) throw new ERR_OUT_OF_RANGE('offset', '>= 0', offset);
  if (length < 0) throw new ERR_OUT_OF_RANGE('length', '>= 0', length);
  if (offset + length > size) throw new ERR_OUT_OF_RANGE('length', `<= ${size - offset}`, length);
}

function checkWrite(offset, length, size) {
  if (offset > size) throw new ERR_OUT_OF_RANGE('offset', `<= ${size}`, offset);
  if (length > size - offset) throw new ERR_OUT_OF_RANGE('length', `<= ${size - offset}`, length);
  if (length < 0) throw new ERR_OUT_OF_RANGE('length', '>= 0', length);
  validateInt32(length, 'length', 0);
}

// toPosition returns the position to read at, -1 for the file's own.
function toPosition(position, length) {
  if (position == null) return -1;
  if (typeof position === 'number') {
    validateInteger(position, 'position', -1);
    return position;
  }
  if (typeof position === 'bigint') {
    const most = 2n ** 63n - 1n - BigInt(length);
    if (!(position >= -1n && position <= most)) throw new ERR_OUT_OF_RANGE('position', `>= -1 && <= ${most}`, position);
    return position;
  }
  throw new ERR_INVALID_ARG_TYPE('position', ['integer', 'bigint'], position);
}

function checkBufferArray(buffers) {
  if (!Array.isArray(buffers)) throw new ERR_INVALID_ARG_TYPE('buffers', 'ArrayBufferView[]', buffers);
  for (const one of buffers) {
    if (!ArrayBuffer.isView(one)) throw new ERR_INVALID_ARG_TYPE('buffers', 'ArrayBufferView[]', buffers);
  }
  return buffers;
}

// textOf returns a name or a path, which Go returns as bytes, in the requested encoding.
function textOf(bytes, encoding) {
  const buffer = typeof bytes === 'string' ? Buffer.from(bytes) :
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (encoding === 'buffer') return buffer;
  return buffer.toString(encoding ?? 'utf8');
}

function bufferOf(bytes) {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

module.exports = {
  bufferOf, checkBufferArray, checkRead, checkWrite, fromURL, pathOrFd, textOf, toAccessMode, toCallback, toCopyMode,
  toFd, toFlags, toId, toMode, toOptions, toPath, toPosition, toTimes, validateUint32,
};

'use strict';

// read, write, readv and writev of fs, with a callback and without.

const { checkBufferArray, checkRead, checkWrite, toCallback, toFd, toPosition } = require('internal/fs/check');
const { codes: { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE } } = require('internal/errors');
const { validateBuffer, validateInteger, validateObject } = require('internal/validators');

const binding = internalBinding('files');

// readPlan returns the arguments for Go of read(fd, buffer, offset, length, position) or read(fd, buffer, options).
function readPlan(buffer, offset, length, position) {
  validateBuffer(buffer);
  if (offset !== null && typeof offset === 'object') {
    ({ offset = 0, length = buffer.byteLength - offset, position = null } = offset);
  }
  if (offset == null) offset = 0;
  else validateInteger(offset, 'offset', 0);
  length = length === undefined ? buffer.byteLength - offset : length | 0;
  if (length === 0) return { buffer, offset: 0, length, position: -1 };
  if (buffer.byteLength === 0) throw new ERR_INVALID_ARG_VALUE('buffer', buffer, 'is empty and cannot be written');
  checkRead(offset, length, buffer.byteLength);
  return { buffer, offset, length, position: toPosition(position, length) };
}

function read(fd, buffer, offset, length, position, callback) {
  fd = toFd(fd);
  if (arguments.length <= 4) {
    let options;
    if (arguments.length === 4) {
      // read(fd, buffer, options, callback)
      [options, callback] = [offset, length];
      validateObject(options, 'options', { nullable: true });
    } else if (arguments.length === 3 && ArrayBuffer.isView(buffer)) {
      callback = offset; // read(fd, buffer, callback)
    } else {
      // read(fd, options, callback), or read(fd, callback)
      if (arguments.length < 3) {
        callback = buffer;
        options = {};
      } else {
        options = buffer;
        callback = offset;
        validateObject(options, 'options', { nullable: true });
      }
      buffer = options?.buffer ?? require('buffer').Buffer.alloc(16384);
    }
    ({ offset = 0, length = buffer?.byteLength - offset, position = null } = options ?? {});
  }
  toCallback(callback);
  const plan = readPlan(buffer, offset, length, position);
  if (plan.length === 0) {
    process.nextTick(callback, null, 0, buffer);
    return;
  }
  binding.read(fd, buffer, plan.offset, plan.length, plan.position, (error, n) => callback(error, n ?? 0, buffer));
}

Object.defineProperty(read, require('internal/util').customPromisifyArgs, { value: ['bytesRead', 'buffer'], enumerable: false });

function readSync(fd, buffer, offsetOrOptions, length, position) {
  fd = toFd(fd);
  validateBuffer(buffer);
  if (arguments.length <= 3 && offsetOrOptions != null && typeof offsetOrOptions !== 'number') {
    validateObject(offsetOrOptions, 'options', { nullable: true });
  }
  const plan = readPlan(buffer, offsetOrOptions, length, position);
  if (plan.length === 0) return 0;
  return binding.read(fd, buffer, plan.offset, plan.length, plan.position);
}

// writePlan returns what Go writes: bytes with a place in them, or a text.
function writePlan(buffer, offset, length, position) {
  if (ArrayBuffer.isView(buffer)) {
    if (offset !== null && typeof offset === 'object') {
      ({ offset = 0, length = buffer.byteLength - offset, position = null } = offset);
    }
    if (offset == null) offset = 0;
    else validateInteger(offset, 'offset', 0);
    if (typeof length !== 'number') length = buffer.byteLength - offset;
    checkWrite(offset, length, buffer.byteLength);
    return { bytes: buffer, offset, length, position: typeof position === 'number' || typeof position === 'bigint' ? position : -1 };
  }
  if (typeof buffer !== 'string') throw new ERR_INVALID_ARG_TYPE('buffer', ['string', 'Buffer', 'TypedArray', 'DataView'], buffer);
  const encoding = length; // write(fd, string, position, encoding)
  if (encoding && typeof encoding === 'string') checkEncoding(buffer, encoding);
  const bytes = require('buffer').Buffer.from(buffer, typeof encoding === 'string' && encoding !== '' ? encoding : 'utf8');
  return { bytes, offset: 0, length: bytes.length, position: typeof offset === 'number' ? offset : -1 };
}

function checkEncoding(text, encoding) {
  if (encoding.toLowerCase() === 'hex' && text.length % 2 !== 0) {
    throw new ERR_INVALID_ARG_VALUE('encoding', encoding, `is invalid for data of length ${text.length}`);
  }
}

function write(fd, buffer, offset, length, position, callback) {
  fd = toFd(fd);
  const given = [...arguments].slice(2);
  const at = given.findLastIndex((one) => typeof one === 'function');
  if (ArrayBuffer.isView(buffer)) {
    callback = toCallback(at < 0 ? position : given[at]);
  } else {
    if (typeof buffer !== 'string') throw new ERR_INVALID_ARG_TYPE('buffer', ['string', 'Buffer', 'TypedArray', 'DataView'], buffer);
    callback = toCallback(at < 0 ? position : given[at]);
  }
  const rest = at < 0 ? given : given.slice(0, at);
  const plan = writePlan(buffer, ...rest);
  if (plan.length === 0 && ArrayBuffer.isView(buffer)) {
    process.nextTick(callback, null, 0, buffer);
    return;
  }
  binding.write(fd, plan.bytes, plan.offset, plan.length, plan.position, (error, n) => callback(error, n ?? 0, buffer));
}

Object.defineProperty(write, require('internal/util').customPromisifyArgs, { value: ['bytesWritten', 'buffer'], enumerable: false });

function writeSync(fd, buffer, offset, length, position) {
  fd = toFd(fd);
  const plan = writePlan(buffer, offset, length, position);
  if (plan.length === 0) return 0;
  return binding.write(fd, plan.bytes, plan.offset, plan.length, plan.position);
}

// vector runs one call for each of the buffers, until one is not done whole. Calls at a position go on from there.
function vectorSync(one, fd, buffers, position) {
  fd = toFd(fd);
  checkBufferArray(buffers);
  if (typeof position !== 'number') position = null;
  let total = 0;
  for (const buffer of buffers) {
    if (buffer.byteLength === 0) continue;
    const n = one(fd, buffer, 0, buffer.byteLength, position === null ? null : position + total);
    total += n;
    if (n < buffer.byteLength) break;
  }
  return total;
}

function vector(one, fd, buffers, position, callback) {
  fd = toFd(fd);
  checkBufferArray(buffers);
  callback = toCallback(callback ?? position);
  if (typeof position !== 'number') position = null;
  let total = 0;
  let next = 0;
  const step = () => {
    while (next < buffers.length && buffers[next].byteLength === 0) next++;
    if (next === buffers.length) {
      callback(null, total, buffers);
      return;
    }
    const buffer = buffers[next++];
    one(fd, buffer, 0, buffer.byteLength, position === null ? null : position + total, (error, n) => {
      if (error) {
        callback(error, total, buffers);
        return;
      }
      total += n;
      if (n < buffer.byteLength) callback(null, total, buffers);
      else step();
    });
  };
  if (buffers.every((buffer) => buffer.byteLength === 0)) process.nextTick(callback, null, 0, buffers);
  else step();
}

function readv(fd, buffers, position, callback) { vector(read, fd, buffers, position, callback); }
function writev(fd, buffers, position, callback) { vector(write, fd, buffers, position, callback); }
Object.defineProperty(readv, require('internal/util').customPromisifyArgs, { value: ['bytesRead', 'buffers'], enumerable: false });
Object.defineProperty(writev, require('internal/util').customPromisifyArgs, { value: ['bytesWritten', 'buffers'], enumerable: false });

module.exports = {
  read, readSync, readv, readvSync: (fd, buffers, position) => vectorSync(readSync, fd, buffers, position),
  write, writePlan, writeSync, writev, writevSync: (fd, buffers, position) => vectorSync(writeSync, fd, buffers, position),
};

'use strict';

// read, write, readv and writev of fs, with a callback and without.

const { checkBufferArray, checkRead, checkWrite, toCallback, toFd, toPosition } = require('internal/fs/check');
const { codes: { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE } } = require('internal/errors');
const { validateBuffer, validateInteger, validateObject } = require('internal/validators');

const binding = internalBinding('files');

// readPlan returns the arguments for Go of read(fd, buffer, offset, length, position).
function readPlan(buffer, offset, length, position) {
  if (offset == null) offset = 0;
  else validateInteger(offset, 'offset', 0);
  length |= 0;
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
        if (options !== undefined) validateObject(options, 'options', { nullable: true });
      }
      ({ buffer = require('buffer').Buffer.alloc(16384) } = options ?? {});
    }
    ({ offset = 0, length = buffer?.byteLength - offset, position = null } = options ?? {});
  }
  validateBuffer(buffer);
  toCallback(callback);
  const plan = readPlan(buffer, offset, length, position);
  if (plan.length === 0) {
    process.nextTick(callback, null, 0, buffer);
    return;
  }
  binding.read(fd, buffer, plan.offset, plan.length, plan.position, (error, n) => callback(error, n ?? 0, buffer));
}

Object.defineProperty(read, require('internal/util').customPromisifyArgs,
  { value: ['bytesRead', 'buffer'], enumerable: false });

function readSync(fd, buffer, offsetOrOptions, length, position) {
  validateBuffer(buffer);
  let offset = offsetOrOptions;
  if (arguments.length <= 3 || (offset !== null && typeof offset === 'object')) {
    if (offset !== undefined) validateObject(offset, 'options', { nullable: true });
    ({ offset = 0, length = buffer.byteLength - offset, position = null } = offset ?? {});
  }
  const plan = readPlan(buffer, offset, length, position);
  if (plan.length === 0) return 0;
  fd = toFd(fd);
  return binding.read(fd, buffer, plan.offset, plan.length, plan.position);
}

// writePlan returns the arguments for Go: bytes, the range of them to write, and the position in the file.
function writePlan(buffer, offset, length, position) {
  if (ArrayBuffer.isView(buffer)) {
    if (offset !== null && typeof offset === 'object') {
      ({ offset = 0, length = buffer.byteLength - offset, position = null } = offset);
    }
    if (offset == null) offset = 0;
    else validateInteger(offset, 'offset', 0);
    if (typeof length !== 'number') length = buffer.byteLength - offset;
    checkWrite(offset, length, buffer.byteLength);
    return {
      bytes: buffer, offset, length,
      position: typeof position === 'number' || typeof position === 'bigint' ? position : -1,
    };
  }
  if (typeof buffer !== 'string') {
    throw new ERR_INVALID_ARG_TYPE('buffer', ['string', 'Buffer', 'TypedArray', 'DataView'], buffer);
  }
  const encoding = length; // write(fd, string, position, encoding)
  if (encoding && typeof encoding === 'string') checkEncoding(buffer, encoding);
  const bytes = require('buffer').Buffer.from(buffer, typeof encoding === 'string' &&
    encoding !== '' ? encoding : 'utf8');
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
    if (typeof buffer !== 'string') {
      throw new ERR_INVALID_ARG_TYPE('buffer', ['string', 'Buffer', 'TypedArray', 'DataView'], buffer);
    }
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

Object.defineProperty(write, require('internal/util').customPromisifyArgs,
  { value: ['bytesWritten', 'buffer'], enumerable: false });

function writeSync(fd, buffer, offset, length, position) {
  const plan = writePlan(buffer, offset, length, position);
  fd = toFd(fd);
  if (plan.length === 0 && plan.bytes === buffer) return 0;
  return binding.write(fd, plan.bytes, plan.offset, plan.length, plan.position);
}

// A read into many buffers, and a write from them, is one system call: with several calls a read could block for more
// data, and bytes of other writers could come between.

const totalOf = (buffers) => buffers.reduce((sum, buffer) => sum + buffer.byteLength, 0);
const bytesOf = (view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
const placeOf = (position) => (typeof position === 'number' ? position : -1);

function scatter(bytes, buffers) {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const into = bytesOf(buffers[i]);
    into.set(bytes.subarray(at, at + into.length));
    at += into.length;
  }
}

function gather(buffers) {
  return buffers.length === 1 ? bytesOf(buffers[0]) : require('buffer').Buffer.concat(buffers.map(bytesOf));
}

// noBuffers is the error of a read without buffers.
function noBuffers() {
  return require('internal/fs/links').systemError('EINVAL', 'read');
}

function readvSync(fd, buffers, position) {
  checkBufferArray(buffers);
  fd = toFd(fd);
  if (buffers.length === 0) throw noBuffers();
  const bytes = new Uint8Array(totalOf(buffers));
  const n = binding.read(fd, bytes, 0, bytes.length, placeOf(position));
  scatter(bytes.subarray(0, n), buffers);
  return n;
}

function readv(fd, buffers, position, callback) {
  fd = toFd(fd);
  checkBufferArray(buffers);
  callback = toCallback(callback ?? position);
  if (buffers.length === 0) {
    process.nextTick(callback, noBuffers(), 0, buffers);
    return;
  }
  const bytes = new Uint8Array(totalOf(buffers));
  binding.read(fd, bytes, 0, bytes.length, placeOf(position), (error, n = 0) => {
    scatter(bytes.subarray(0, n), buffers);
    callback(error, n, buffers);
  });
}

function writevSync(fd, buffers, position) {
  checkBufferArray(buffers);
  fd = toFd(fd);
  if (buffers.length === 0) return 0;
  const bytes = gather(buffers);
  return binding.write(fd, bytes, 0, bytes.length, placeOf(position));
}

function writev(fd, buffers, position, callback) {
  fd = toFd(fd);
  checkBufferArray(buffers);
  callback = toCallback(callback ?? position);
  if (buffers.length === 0) {
    process.nextTick(callback, null, 0, buffers);
    return;
  }
  const bytes = gather(buffers);
  binding.write(fd, bytes, 0, bytes.length, placeOf(position), (error, n) => callback(error, n ?? 0, buffers));
}

Object.defineProperty(readv, require('internal/util').customPromisifyArgs,
  { value: ['bytesRead', 'buffers'], enumerable: false });
Object.defineProperty(writev, require('internal/util').customPromisifyArgs,
  { value: ['bytesWritten', 'buffers'], enumerable: false });

module.exports = { read, readSync, readv, readvSync, write, writeSync, writev, writevSync };

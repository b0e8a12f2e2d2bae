'use strict';

// Random bytes, numbers and names.

const { Buffer } = require('buffer');
const { ofBytes, viewOf } = require('internal/crypto/bytes');
const { coded, codes: { ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE } } = require('internal/errors');
const { list } = require('internal/error_messages');
const { validateBoolean, validateFunction, validateNumber, validateObject } = require('internal/validators');

const binding = internalBinding('crypto');

const mostBytes = 2 ** 31 - 1;

function validateSize(size, name, min = 0, max = mostBytes) {
  validateNumber(size, name);
  if (!(size >= min && size <= max)) throw new ERR_OUT_OF_RANGE(name, `>= ${min} && <= ${max}`, size);
  return Math.floor(size);
}

function randomBytes(size, callback) {
  size = validateSize(size, 'size');
  if (callback !== undefined) validateFunction(callback, 'callback');
  const buffer = Buffer.alloc(size);
  binding.random(buffer, 0, size);
  if (callback === undefined) return buffer;
  setImmediate(callback, null, buffer);
  return undefined;
}

function randomFillSync(buf, offset = 0, size = undefined) {
  const view = viewOf(buf);
  if (view === undefined) throw new ERR_INVALID_ARG_TYPE('buf', ['ArrayBuffer', 'ArrayBufferView'], buf);
  const unit = buf.BYTES_PER_ELEMENT ?? 1;
  const length = view.length / unit;
  offset = validateSize(offset, 'offset', 0, length);
  size = size === undefined ? length - offset : validateSize(size, 'size', 0, mostBytes);
  if (size + offset > length) throw new ERR_OUT_OF_RANGE('size + offset', `<= ${length}`, size + offset);
  binding.random(view, offset * unit, size * unit);
  return buf;
}

function randomFill(buf, offset, size, callback) {
  if (viewOf(buf) === undefined) throw new ERR_INVALID_ARG_TYPE('buf', ['ArrayBuffer', 'ArrayBufferView'], buf);
  if (typeof offset === 'function') [offset, callback] = [undefined, offset];
  else if (typeof size === 'function') [size, callback] = [undefined, size];
  validateFunction(callback, 'callback');
  randomFillSync(buf, offset, size);
  setImmediate(callback, null, buf);
}

const mostRange = 2 ** 48 - 1; // Node's

function randomInt(min, max, callback) {
  if (max === undefined || typeof max === 'function') [min, max, callback] = [0, min, max];
  if (callback !== undefined) validateFunction(callback, 'callback');
  if (!Number.isSafeInteger(min)) throw new ERR_INVALID_ARG_TYPE('min', 'a safe integer', min);
  if (!Number.isSafeInteger(max)) throw new ERR_INVALID_ARG_TYPE('max', 'a safe integer', max);
  if (max <= min) throw new ERR_OUT_OF_RANGE('max', `greater than the value of "min" (${min})`, max);
  const range = max - min;
  if (range > mostRange) throw new ERR_OUT_OF_RANGE('max - min', `<= ${mostRange}`, range);
  // Numbers above the last multiple of the range would make the lowest ones more likely.
  const end = 2 ** 48 - 2 ** 48 % range;
  const bytes = Buffer.allocUnsafe(6);
  let n;
  do {
    binding.random(bytes, 0, 6);
    n = bytes.readUIntBE(0, 6);
  } while (n >= end);
  n = n % range + min;
  if (callback === undefined) return n;
  process.nextTick(callback, undefined, n);
  return undefined;
}

function randomUUID(options) {
  if (options !== undefined) {
    validateObject(options, 'options');
    if (options.disableEntropyCache !== undefined) {
      validateBoolean(options.disableEntropyCache, 'options.disableEntropyCache');
    }
  }
  return binding.randomUUID();
}

function timingSafeEqual(buf1, buf2) {
  const a = viewOf(buf1);
  const b = viewOf(buf2);
  for (const [view, name] of [[a, 'buf1'], [b, 'buf2']]) {
    if (view === undefined) {
      throw coded(TypeError, 'ERR_INVALID_ARG_TYPE',
        `The "${name}" argument must be an instance of ${list(ofBytes, 'or')}.`);
    }
  }
  if (a.length !== b.length) throw new ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH();
  return binding.equal(a, b);
}

module.exports = { randomBytes, randomFill, randomFillSync, randomInt, randomUUID, timingSafeEqual };

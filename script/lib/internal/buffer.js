'use strict';

// The class behind Buffer, and its methods that turn bytes into text and text into bytes.

const {
  codes: { ERR_BUFFER_OUT_OF_BOUNDS, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_ENCODING },
} = require('internal/errors');
const { ASCII, BASE64, BASE64URL, HEX, LATIN1, UTF16LE, UTF8, encodingNumber } = require('internal/encodings');
const { validateInteger, validateNumber, validateString } = require('internal/validators');

const binding = internalBinding('buffer');

// FastBuffer has a constructor of its own, because the default one makes an array of its arguments.
class FastBuffer extends Uint8Array {
  constructor(source, offset, length) {
    super(source, offset, length);
  }
}

// encodingArgument returns the number of an encoding that a script has named; nothing stands for UTF-8.
function encodingArgument(encoding) {
  if (encoding === undefined) return UTF8;
  const number = encodingNumber(encoding);
  if (number === undefined) throw new ERR_UNKNOWN_ENCODING(encoding);
  return number;
}

function toString(encoding, start, end) {
  if (arguments.length === 0) return binding.decode(this, UTF8);
  const length = this.length;
  start = start > 0 ? Math.trunc(start) : 0;
  if (start >= length) return '';
  end = end === undefined || end > length ? length : Math.trunc(end) || 0;
  if (end <= start) return '';
  return binding.decode(this, encodingArgument(encoding), start, end);
}

// write is called as write(text), write(text, encoding), write(text, offset, encoding) or write(text, offset, length,
// encoding).
function write(text, offset, length, encoding) {
  validateString(text, 'argument');
  if (offset === undefined) return binding.write(this, text, 0, this.length, UTF8);
  if (length === undefined && typeof offset === 'string') {
    return binding.write(this, text, 0, this.length, encodingArgument(offset || undefined));
  }
  validateInteger(offset, 'offset', 0, this.length);
  const room = this.length - offset;
  if (length === undefined) {
    length = room;
  } else if (typeof length === 'string') {
    encoding = length;
    length = room;
  } else {
    validateInteger(length, 'length', 0, this.length);
    if (length > room) length = room;
  }
  return binding.write(this, text, offset, length, encodingArgument(encoding || undefined));
}

// slicer returns a method such as utf8Slice, which Node's own modules and some packages use.
function slicer(number) {
  return function slice(start = 0, end = this.length) {
    validateIndex(start);
    validateIndex(end);
    return binding.decode(this, number, start, end);
  };
}

function validateIndex(value) {
  if (!(+value >= 0)) throw new ERR_OUT_OF_RANGE('index', '>= 0', value);
}

function writer(number) {
  return function write(text, offset = 0, length = this.length - offset) {
    validateString(text, 'argument');
    if (offset < 0 || offset > this.length) throw new ERR_BUFFER_OUT_OF_BOUNDS('offset');
    if (length < 0 || length > this.length - offset) throw new ERR_BUFFER_OUT_OF_BOUNDS('length');
    return binding.write(this, text, offset, length, number);
  };
}

const textMethods = { toString, toLocaleString: toString, write };
for (const [name, number] of [['ascii', ASCII], ['base64', BASE64], ['base64url', BASE64URL], ['hex', HEX],
  ['latin1', LATIN1],
  ['ucs2', UTF16LE], ['utf8', UTF8]]) {
  textMethods[`${name}Slice`] = slicer(number);
  textMethods[`${name}Write`] = writer(number);
}

// byteLength returns the number of bytes of text.
function byteLength(text, encoding) {
  if (typeof text !== 'string') {
    if (ArrayBuffer.isView(text) || isAnyArrayBuffer(text)) return text.byteLength;
    throw new ERR_INVALID_ARG_TYPE('string', ['string', 'Buffer', 'ArrayBuffer'], text);
  }
  switch (encodingNumber(encoding ?? 'utf8')) {
    case UTF16LE: return text.length * 2;
    case LATIN1: case ASCII: return text.length;
    case HEX: return text.length >>> 1;
    case BASE64: case BASE64URL: return base64Length(text);
    default: return text.length === 0 ? 0 : binding.byteLength(text);
  }
}

// base64Length counts all but the padding as digits.
function base64Length(text) {
  let n = text.length;
  if (n > 0 && text[n - 1] === '=') n--;
  if (n > 1 && text[n - 1] === '=') n--;
  return Math.floor(n * 3 / 4);
}

const byteLengthOf = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'byteLength').get;
const sharedByteLengthOf = Object.getOwnPropertyDescriptor(SharedArrayBuffer.prototype, 'byteLength').get;

function isAnyArrayBuffer(value) {
  if (value === null || typeof value !== 'object') return false;
  return isA(value, byteLengthOf) || isA(value, sharedByteLengthOf);
}

function isA(value, getter) {
  try {
    getter.call(value);
    return true;
  } catch {
    return false;
  }
}

// validateOffset is for methods with a range of bytes.
function validateOffset(value, name, min = 0, max = Number.MAX_SAFE_INTEGER) {
  validateNumber(value, name);
  validateInteger(value, name, min, max);
}

// addMethods adds all methods of numbers and text to the prototype.
function addMethods(prototype) {
  const numbers = require('internal/buffer/numbers');
  for (const methods of [numbers, textMethods]) {
    for (const name of Object.keys(methods)) {
      Object.defineProperty(prototype, name, { value: methods[name], writable: true, enumerable: true,
        configurable: true });
    }
  }
}

module.exports = {
  FastBuffer, addMethods, byteLength, encodingArgument, isAnyArrayBuffer, utf8Write: textMethods.utf8Write,
  validateOffset,
};

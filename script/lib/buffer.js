'use strict';

const { codes: {
  ERR_BUFFER_OUT_OF_BOUNDS, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_INVALID_BUFFER_SIZE, ERR_MISSING_ARGS,
  ERR_OUT_OF_RANGE, ERR_UNKNOWN_ENCODING,
} } = require('internal/errors');
const {
  FastBuffer, addMethods, byteLength, encodingArgument, isAnyArrayBuffer, validateOffset,
} = require('internal/buffer');
const { UTF8, encodingNumber } = require('internal/encodings');
const {
  validateArray, validateBuffer, validateInteger, validateNumber, validateString,
} = require('internal/validators');

const binding = internalBinding('buffer');
const { write } = binding;

const kMaxLength = Number.MAX_SAFE_INTEGER;
const kStringMaxLength = binding.maxString;
const constants = Object.defineProperties({}, {
  MAX_LENGTH: { value: kMaxLength, writable: false, enumerable: true },
  MAX_STRING_LENGTH: { value: kStringMaxLength, writable: false, enumerable: true },
});

// Small buffers that need not be zeroed are parts of a pool, which is replaced when it is used up.
let pool = new ArrayBuffer(0);
let poolOffset = 0; // always a multiple of 8

function newPool() {
  pool = unpooled(Buffer.poolSize).buffer;
  poolOffset = 0;
  const refused = { value: refuseTransfer };
  Object.defineProperties(pool, { transfer: refused, transferToFixedLength: refused });
  require('internal/untransferable').untransferable.add(pool);
}

function refuseTransfer() {
  throw new TypeError('Cannot transfer an ArrayBuffer that other buffers are parts of');
}

// unpooled returns a buffer of its own, all zero.
function unpooled(size) {
  try {
    return new FastBuffer(size);
  } catch {
    throw new RangeError('Array buffer allocation failed');
  }
}

const zeroFill = process.execArgv.includes('--zero-fill-buffers');

// allocate returns a buffer with undefined content.
function allocate(size) {
  if (!(size > 0)) return new FastBuffer(0);
  if (size >= Buffer.poolSize >>> 1 || zeroFill) return unpooled(size);
  if (poolOffset + size > pool.byteLength) newPool();
  const start = poolOffset;
  poolOffset = start + size + 7 & ~7;
  return new FastBuffer(pool, start, size);
}

function Buffer(value, encodingOrOffset, length) {
  require('internal/buffer/deprecated').warn();
  if (typeof value === 'number') {
    if (typeof encodingOrOffset === 'string') throw new ERR_INVALID_ARG_TYPE('string', 'string', value);
    return Buffer.alloc(value);
  }
  return Buffer.from(value, encodingOrOffset, length);
}

Buffer.prototype = FastBuffer.prototype;
Object.defineProperty(Buffer.prototype, 'constructor', { value: Buffer, writable: true, configurable: true });
Object.defineProperty(Buffer, Symbol.species, { configurable: true, enumerable: false, get() { return FastBuffer; } });
Object.setPrototypeOf(Buffer, Uint8Array);
Buffer.poolSize = 8 * 1024;

function validateSize(size) {
  if (typeof size !== 'number' || !(size >= 0 && size <= kMaxLength)) validateNumber(size, 'size', 0, kMaxLength);
}

function notASource(value) {
  const { received } = require('internal/error_messages');
  const error = new ERR_INVALID_ARG_TYPE('first argument', 'string', value);
  error.message = 'The first argument must be of type string or an instance of Buffer, ArrayBuffer, or Array or an ' +
    `Array-like Object.${received(value)}`;
  return error;
}

Buffer.from = function from(value, encodingOrOffset, length) {
  if (typeof value === 'string') return fromString(value, encodingOrOffset);
  if (typeof value === 'object' && value !== null) {
    if (isAnyArrayBuffer(value)) return fromArrayBuffer(value, encodingOrOffset, length);
    const primitive = value.valueOf && value.valueOf();
    if (primitive != null && primitive !== value && (typeof primitive === 'string' || typeof primitive === 'object')) {
      return Buffer.from(primitive, encodingOrOffset, length);
    }
    const bytes = fromObject(value);
    if (bytes !== undefined) return bytes;
    if (typeof value[Symbol.toPrimitive] === 'function') {
      const text = value[Symbol.toPrimitive]('string');
      if (typeof text === 'string') return fromString(text, encodingOrOffset);
    }
  }
  throw notASource(value);
};

function fromString(text, encoding) {
  let number = UTF8;
  if (typeof encoding === 'string' && encoding !== '') {
    number = encodingNumber(encoding);
    if (number === undefined) throw new ERR_UNKNOWN_ENCODING(encoding);
  }
  // No encoding takes more than three bytes a code unit. What fits into the pool anyway is written there at once.
  const most = text.length * 3;
  if (most >= Buffer.poolSize >>> 1) return fromLongString(text, number);
  if (poolOffset + most > pool.byteLength) newPool();
  const start = poolOffset;
  const n = write(pool, text, start, most, number);
  if (n === 0) return new FastBuffer(0);
  poolOffset = start + n + 7 & ~7;
  return new FastBuffer(pool, start, n);
}

function fromLongString(text, number) {
  const bytes = new FastBuffer(binding.encode(text, number));
  if (bytes.length >= Buffer.poolSize >>> 1) return bytes;
  const part = allocate(bytes.length);
  part.set(bytes);
  return part;
}

function fromArrayBuffer(buffer, offset, length) {
  if (offset === undefined) offset = 0;
  else if (Number.isNaN(offset = +offset)) offset = 0;
  const most = buffer.byteLength - offset;
  if (most < 0) throw new ERR_BUFFER_OUT_OF_BOUNDS('offset');
  // Its length follows the length of a resizable buffer.
  if (length === undefined) return new FastBuffer(buffer, offset);
  length = +length;
  if (!(length > 0)) length = 0;
  else if (length > most) throw new ERR_BUFFER_OUT_OF_BOUNDS('length');
  return new FastBuffer(buffer, offset, length);
}

function fromObject(value) {
  if (value.length !== undefined || isAnyArrayBuffer(value.buffer)) {
    if (typeof value.length !== 'number') return new FastBuffer(0);
    return fromArrayLike(value);
  }
  if (value.type === 'Buffer' && Array.isArray(value.data)) return fromArrayLike(value.data);
  return undefined;
}

function fromArrayLike(list) {
  if (!(list.length > 0)) return new FastBuffer(0);
  const bytes = allocate(list.length);
  if (list instanceof Uint8Array) {
    binding.copy(list, bytes, 0, 0, bytes.length);
    return bytes;
  }
  bytes.set(list);
  return bytes;
}

Buffer.copyBytesFrom = function copyBytesFrom(view, offset, length) {
  if (!isTypedArray(view)) throw new ERR_INVALID_ARG_TYPE('view', ['TypedArray'], view);
  if (view.length === 0) return new FastBuffer(0);
  let end = view.length;
  if (offset !== undefined) {
    validateInteger(offset, 'offset', 0);
    if (offset >= view.length) return new FastBuffer(0);
  } else {
    offset = 0;
  }
  if (length !== undefined) {
    validateInteger(length, 'length', 0);
    end = offset + length;
  }
  const part = view.slice(offset, end);
  return fromArrayLike(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
};

const tagOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;

function isTypedArray(value) {
  return tagOf.call(value) !== undefined;
}

function isUint8Array(value) {
  return tagOf.call(value) === 'Uint8Array';
}

Buffer.of = function of(...bytes) {
  const made = allocate(bytes.length);
  for (let i = 0; i < bytes.length; i++) made[i] = bytes[i];
  return made;
};

Buffer.alloc = function alloc(size, fill, encoding) {
  validateSize(size);
  const bytes = unpooled(size);
  if (fill !== undefined && fill !== 0 && size > 0) fillBytes(bytes, fill, 0, size, encoding);
  return bytes;
};

Buffer.allocUnsafe = function allocUnsafe(size) {
  validateSize(size);
  return allocate(size);
};

Buffer.allocUnsafeSlow = function allocUnsafeSlow(size) {
  validateSize(size);
  return unpooled(size);
};

function SlowBuffer(size) {
  validateSize(size);
  return unpooled(size);
}
Object.setPrototypeOf(SlowBuffer.prototype, Uint8Array.prototype);
Object.setPrototypeOf(SlowBuffer, Uint8Array);

Buffer.isBuffer = function isBuffer(value) {
  return value instanceof Buffer;
};

Buffer.isEncoding = function isEncoding(encoding) {
  return typeof encoding === 'string' && encoding.length !== 0 && encodingNumber(encoding) !== undefined;
};
Buffer[Symbol.for('kIsEncodingSymbol')] = Buffer.isEncoding;

Buffer.byteLength = byteLength;

Buffer.compare = function compare(buf1, buf2) {
  if (!isUint8Array(buf1)) throw new ERR_INVALID_ARG_TYPE('buf1', ['Buffer', 'Uint8Array'], buf1);
  if (!isUint8Array(buf2)) throw new ERR_INVALID_ARG_TYPE('buf2', ['Buffer', 'Uint8Array'], buf2);
  return buf1 === buf2 ? 0 : binding.compare(buf1, buf2);
};

const byteLengthOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), 'byteLength').get;

Buffer.concat = function concat(list, length) {
  validateArray(list, 'list');
  if (list.length === 0) return new FastBuffer(0);
  let sum = 0;
  for (let i = 0; i < list.length; i++) {
    if (!isUint8Array(list[i])) throw new ERR_INVALID_ARG_TYPE(`list[${i}]`, ['Buffer', 'Uint8Array'], list[i]);
    sum += byteLengthOf.call(list[i]);
  }
  if (length === undefined) length = sum;
  else validateOffset(length, 'length', 0, kMaxLength);
  return binding.concat(list, allocate(length));
};

addMethods(Buffer.prototype);

// method adds methods to the prototype, where they are listed as in Node.
function method(fn, name = fn.name) {
  Object.defineProperty(Buffer.prototype, name, { value: fn, writable: true, enumerable: true, configurable: true });
}

Object.defineProperty(Buffer.prototype, 'parent', {
  enumerable: true, get() { return this instanceof Buffer ? this.buffer : undefined; },
});
Object.defineProperty(Buffer.prototype, 'offset', {
  enumerable: true, get() { return this instanceof Buffer ? this.byteOffset : undefined; },
});

method(function equals(otherBuffer) {
  if (!isUint8Array(otherBuffer)) throw new ERR_INVALID_ARG_TYPE('otherBuffer', ['Buffer', 'Uint8Array'], otherBuffer);
  return this === otherBuffer || binding.equals(this, otherBuffer);
});

method(function compare(target, targetStart, targetEnd, sourceStart, sourceEnd) {
  if (!isUint8Array(target)) throw new ERR_INVALID_ARG_TYPE('target', ['Buffer', 'Uint8Array'], target);
  if (arguments.length === 1) return binding.compare(this, target);
  if (targetStart === undefined) targetStart = 0;
  else validateOffset(targetStart, 'targetStart');
  if (targetEnd === undefined) targetEnd = target.length;
  else validateOffset(targetEnd, 'targetEnd', 0, target.length);
  if (sourceStart === undefined) sourceStart = 0;
  else validateOffset(sourceStart, 'sourceStart');
  if (sourceEnd === undefined) sourceEnd = this.length;
  else validateOffset(sourceEnd, 'sourceEnd', 0, this.length);
  if (sourceStart >= sourceEnd) return targetStart >= targetEnd ? 0 : -1;
  if (targetStart >= targetEnd) return 1;
  return binding.compareParts(this, sourceStart, sourceEnd, target, targetStart, targetEnd);
});

// typedView returns a Uint8Array in place of a DataView.
function typedView(view) {
  return isTypedArray(view) ? view : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

// wholeNumber is what copy makes of its numbers.
function wholeNumber(value, fallback) {
  const n = +value;
  return Math.abs(n) <= Number.MAX_SAFE_INTEGER ? Math.floor(n) : fallback;
}

method(function copy(target, targetStart, sourceStart, sourceEnd) {
  if (!isUint8Array(this)) throw new ERR_INVALID_ARG_TYPE('source', ['Buffer', 'Uint8Array'], this);
  if (!ArrayBuffer.isView(target)) throw new ERR_INVALID_ARG_TYPE('target', ['Buffer', 'Uint8Array'], target);
  target = typedView(target);
  targetStart = targetStart === undefined ? 0 : wholeNumber(targetStart, 0);
  if (targetStart < 0) throw new ERR_OUT_OF_RANGE('targetStart', '>= 0', targetStart);
  if (sourceStart === undefined) {
    sourceStart = 0;
  } else {
    sourceStart = wholeNumber(sourceStart, 0);
    if (sourceStart < 0 || sourceStart > this.byteLength) {
      throw new ERR_OUT_OF_RANGE('sourceStart', `>= 0 && <= ${this.byteLength}`, sourceStart);
    }
  }
  if (sourceEnd === undefined) {
    sourceEnd = this.byteLength;
  } else {
    sourceEnd = wholeNumber(sourceEnd, 0);
    if (sourceEnd < 0) throw new ERR_OUT_OF_RANGE('sourceEnd', '>= 0', sourceEnd);
  }
  if (targetStart >= target.byteLength || sourceStart >= sourceEnd) return 0;
  return binding.copy(this, target, targetStart, sourceStart, sourceEnd);
});

method(function fill(value, offset, end, encoding) {
  return fillBytes(this, value, offset, end, encoding);
});

function fillBytes(bytes, value, offset, end, encoding) {
  let number = UTF8;
  if (typeof value === 'string') {
    if (offset === undefined || typeof offset === 'string') {
      encoding = offset;
      offset = undefined;
      end = undefined;
    } else if (typeof end === 'string') {
      encoding = end;
      end = undefined;
    }
    if (encoding !== undefined && typeof encoding !== 'string') validateString(encoding, 'encoding');
    number = encodingArgument(encoding || undefined);
    if (value.length === 0) value = 0;
  } else if (typeof value === 'boolean') {
    value = +value;
  } else if (typeof value !== 'object' || value === null || !ArrayBuffer.isView(value)) {
    value = value >>> 0 & 255;
  } else {
    value = typedView(value);
  }
  if (offset === undefined) {
    offset = 0;
    end = bytes.length;
  } else {
    validateOffset(offset, 'offset');
    if (end === undefined) end = bytes.length;
    else validateOffset(end, 'end', 0, bytes.length);
    if (offset >= end) return bytes;
  }
  const problem = binding.fill(bytes, value, offset, end, number);
  if (problem === -1) throw new ERR_INVALID_ARG_VALUE('value', value);
  if (problem === -2) throw new ERR_BUFFER_OUT_OF_BOUNDS();
  return bytes;
}

const maxOffset = 0x7fffffff;

// search is indexOf, lastIndexOf and includes.
function search(bytes, value, byteOffset, encoding, forward) {
  validateBuffer(bytes);
  if (typeof byteOffset === 'string') {
    encoding = byteOffset;
    byteOffset = undefined;
  } else if (byteOffset > maxOffset) {
    byteOffset = maxOffset;
  } else if (byteOffset < -maxOffset - 1) {
    byteOffset = -maxOffset - 1;
  }
  byteOffset = +byteOffset;
  if (Number.isNaN(byteOffset)) byteOffset = forward ? 0 : bytes.length || bytes.byteLength;
  if (typeof value === 'number') return binding.indexOfByte(bytes, value & 255, byteOffset, UTF8, forward);
  if (typeof value !== 'string' && !isUint8Array(value)) {
    throw new ERR_INVALID_ARG_TYPE('value', ['number', 'string', 'Buffer', 'Uint8Array'], value);
  }
  if (typeof value !== 'string') {
    return binding.indexOfBytes(bytes, value, byteOffset, encodingNumber(encoding) ?? UTF8, forward);
  }
  const number = encodingArgument(encoding === null ? undefined : encoding);
  return binding.indexOfString(bytes, value, byteOffset, number, forward);
}

method(function indexOf(value, byteOffset, encoding) { return search(this, value, byteOffset, encoding, true); });
method(function lastIndexOf(value, byteOffset, encoding) { return search(this, value, byteOffset, encoding, false); });
method(function includes(value, start, encoding) { return search(this, value, start, encoding, true) !== -1; });

function place(offset, length) {
  offset = Math.trunc(offset);
  if (offset === 0 || Number.isNaN(offset)) return 0;
  return offset < 0 ? Math.max(0, offset + length) : Math.min(offset, length);
}

method(function subarray(start, end) {
  const { length } = this;
  if (start === undefined) start = 0;
  else if (!(start >= 0 && start <= length && start === (start | 0))) start = place(start, length);
  if (end === undefined) end = length;
  else if (!(end >= 0 && end <= length && end === (end | 0))) end = place(end, length);
  return new FastBuffer(this.buffer, this.byteOffset + start, end > start ? end - start : 0);
});

method(function slice(start, end) { return this.subarray(start, end); });

method(function toJSON() {
  const data = new Array(this.length > 0 ? this.length : 0);
  for (let i = 0; i < data.length; i++) data[i] = this[i];
  return { type: 'Buffer', data };
});

for (const size of [2, 4, 8]) {
  method(function () {
    if (this.length % size !== 0) throw new ERR_INVALID_BUFFER_SIZE(`${8 * size}-bits`);
    return binding.swap(this, size);
  }, `swap${8 * size}`);
}

function inspect(recurseTimes, ctx) {
  return require('internal/buffer/inspect')(this, module.exports.INSPECT_MAX_BYTES, ctx);
}
method(inspect, Symbol.for('nodejs.util.inspect.custom'));
method(inspect, 'inspect');

function isDetached(buffer) {
  return buffer.detached === true;
}

function bytesOrThrow(input) {
  const isBuffer = isAnyArrayBuffer(input);
  if (!isBuffer && !isTypedArray(input)) {
    throw new ERR_INVALID_ARG_TYPE('input', ['ArrayBuffer', 'Buffer', 'TypedArray'], input);
  }
  if (isDetached(isBuffer ? input : input.buffer)) {
    const { ERR_INVALID_STATE } = require('internal/errors').codes;
    throw new ERR_INVALID_STATE('Cannot validate on a detached buffer');
  }
  return input;
}

module.exports = {
  Buffer,
  SlowBuffer,
  transcode(source, from, to) {
    if (!isUint8Array(source)) throw new ERR_INVALID_ARG_TYPE('source', ['Buffer', 'Uint8Array'], source);
    if (source.length === 0) return Buffer.alloc(0);
    const numbers = [from, to].map((name) => encodingNumber(name || 'utf8'));
    if (numbers.some((number) => number === undefined || number > 3)) {
      const error = new Error('Unable to transcode Buffer [U_ILLEGAL_ARGUMENT_ERROR]');
      throw Object.assign(error, { code: 'U_ILLEGAL_ARGUMENT_ERROR', errno: 1 });
    }
    return new FastBuffer(binding.transcode(source, ...numbers));
  },
  isUtf8(input) { return binding.isUtf8(bytesOrThrow(input)); },
  isAscii(input) { return binding.isAscii(bytesOrThrow(input)); },
  kMaxLength,
  kStringMaxLength,
  btoa(input) {
    if (arguments.length === 0) throw new ERR_MISSING_ARGS('input');
    return binding.btoa(`${input}`) ?? invalidCharacter();
  },
  atob(input) {
    if (arguments.length === 0) throw new ERR_MISSING_ARGS('input');
    const text = `${input}`;
    return binding.atob(text) ??
      invalidCharacter(/[^\w+/=\s]|_/.test(text) ? undefined : 'The string to be decoded is not correctly encoded.');
  },
};

function invalidCharacter(message = 'Invalid character') {
  const { DOMException } = require('internal/dom_exception');
  throw new DOMException(message, 'InvalidCharacterError');
}

let maxInspected = 50;
Object.defineProperties(module.exports, {
  constants: { configurable: false, enumerable: true, value: constants },
  INSPECT_MAX_BYTES: {
    configurable: true,
    enumerable: true,
    get() { return maxInspected; },
    set(value) {
      validateNumber(value, 'INSPECT_MAX_BYTES', 0);
      maxInspected = value;
    },
  },
  Blob: later('Blob'),
  File: later('File'),
  resolveObjectURL: later('resolveObjectURL'),
});

function later(name) {
  return { configurable: true, enumerable: true, get() { return require('internal/blob')[name]; } };
}

'use strict';

// The methods of Buffer that read and write numbers. Their names say the size, the order of bytes and the kind.

const { codes: { ERR_BUFFER_OUT_OF_BOUNDS, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE } } = require('internal/errors');

// fail throws the error of an invalid offset or number of bytes.
function fail(value, last, name = 'offset') {
  if (typeof value !== 'number') throw new ERR_INVALID_ARG_TYPE(name, 'number', value);
  if (Math.floor(value) !== value) throw new ERR_OUT_OF_RANGE(name, 'an integer', value);
  if (last < 0) throw new ERR_BUFFER_OUT_OF_BOUNDS();
  throw new ERR_OUT_OF_RANGE(name, `>= ${name === 'offset' ? 0 : 1} and <= ${last}`, value);
}

// check throws unless the buffer has size bytes at the offset.
function check(buffer, offset, size) {
  const last = buffer.length - size;
  if (typeof offset !== 'number' || !(offset >= 0 && offset <= last) || Math.floor(offset) !== offset) {
    fail(offset, last);
  }
}

// checkValue throws unless a number fits.
function checkValue(value, min, max, size) {
  if (!(value > max || value < min)) return;
  const n = typeof min === 'bigint' ? 'n' : '';
  let range = `>= ${min}${n} and <= ${max}${n}`;
  if (size > 4) {
    const bits = size * 8;
    range = min < 0 ? `>= -(2${n} ** ${bits - 1}${n}) and < 2${n} ** ${bits - 1}${n}` :
      `>= 0${n} and < 2${n} ** ${bits}${n}`;
  }
  throw new ERR_OUT_OF_RANGE('value', range, value);
}

// A missing element is undefined, also at an index that is no integer.

function readUInt8(offset = 0) {
  const first = this[offset];
  if (first === undefined || typeof offset !== 'number') check(this, offset, 1);
  return first;
}

function readInt8(offset = 0) {
  const first = this[offset];
  if (first === undefined || typeof offset !== 'number') check(this, offset, 1);
  return first << 24 >> 24;
}

function readUInt16LE(offset = 0) {
  const first = this[offset];
  const last = this[offset + 1];
  if (first === undefined || last === undefined || typeof offset !== 'number') check(this, offset, 2);
  return first | last << 8;
}

function readUInt16BE(offset = 0) {
  const first = this[offset];
  const last = this[offset + 1];
  if (first === undefined || last === undefined || typeof offset !== 'number') check(this, offset, 2);
  return first << 8 | last;
}

function readInt16LE(offset = 0) {
  const first = this[offset];
  const last = this[offset + 1];
  if (first === undefined || last === undefined || typeof offset !== 'number') check(this, offset, 2);
  return (first | last << 8) << 16 >> 16;
}

function readInt16BE(offset = 0) {
  const first = this[offset];
  const last = this[offset + 1];
  if (first === undefined || last === undefined || typeof offset !== 'number') check(this, offset, 2);
  return (first << 8 | last) << 16 >> 16;
}

function readInt32LE(offset = 0) {
  const first = this[offset];
  const last = this[offset + 3];
  if (first === undefined || last === undefined || typeof offset !== 'number') check(this, offset, 4);
  return first | this[offset + 1] << 8 | this[offset + 2] << 16 | last << 24;
}

function readInt32BE(offset = 0) {
  const first = this[offset];
  const last = this[offset + 3];
  if (first === undefined || last === undefined || typeof offset !== 'number') check(this, offset, 4);
  return first << 24 | this[offset + 1] << 16 | this[offset + 2] << 8 | last;
}

function readUInt32LE(offset = 0) {
  const first = this[offset];
  const last = this[offset + 3];
  if (first === undefined || last === undefined || typeof offset !== 'number') check(this, offset, 4);
  return (first | this[offset + 1] << 8 | this[offset + 2] << 16 | last << 24) >>> 0;
}

function readUInt32BE(offset = 0) {
  const first = this[offset];
  const last = this[offset + 3];
  if (first === undefined || last === undefined || typeof offset !== 'number') check(this, offset, 4);
  return (first << 24 | this[offset + 1] << 16 | this[offset + 2] << 8 | last) >>> 0;
}

const maxSize = 6; // of readUIntLE and its kin: bytes

function checkSize(size) {
  if (typeof size !== 'number' || !(size >= 1 && size <= maxSize) || Math.floor(size) !== size) {
    fail(size, maxSize, 'byteLength');
  }
}

function checkPart(buffer, offset, size) {
  if (offset === undefined) throw new ERR_INVALID_ARG_TYPE('offset', 'number', offset);
  checkSize(size);
  check(buffer, offset, size);
}

function readUIntLE(offset, byteLength) {
  checkPart(this, offset, byteLength);
  let value = 0;
  for (let i = byteLength - 1; i >= 0; i--) value = value * 256 + this[offset + i];
  return value;
}

function readUIntBE(offset, byteLength) {
  checkPart(this, offset, byteLength);
  let value = 0;
  for (let i = 0; i < byteLength; i++) value = value * 256 + this[offset + i];
  return value;
}

function signed(value, size) {
  return value >= 2 ** (8 * size - 1) ? value - 2 ** (8 * size) : value;
}

function readIntLE(offset, byteLength) {
  return signed(readUIntLE.call(this, offset, byteLength), byteLength);
}

function readIntBE(offset, byteLength) {
  return signed(readUIntBE.call(this, offset, byteLength), byteLength);
}

function write8(buffer, value, offset, min, max) {
  value = +value;
  if (typeof offset !== 'number') fail(offset, 0);
  checkValue(value, min, max, 1);
  check(buffer, offset, 1);
  buffer[offset] = value;
  return offset + 1;
}

function writeLE(buffer, value, offset, size, min, max) {
  value = +value;
  checkValue(value, min, max, size);
  check(buffer, offset, size);
  value = Math.trunc(value);
  const end = offset + size;
  while (offset < end) {
    buffer[offset++] = value; // Of a number the element takes the low byte.
    value = Math.floor(value / 256);
  }
  return end;
}

function writeBE(buffer, value, offset, size, min, max) {
  value = +value;
  checkValue(value, min, max, size);
  check(buffer, offset, size);
  value = Math.trunc(value);
  for (let i = offset + size - 1; i >= offset; i--) {
    buffer[i] = value;
    value = Math.floor(value / 256);
  }
  return offset + size;
}

function writeUInt8(value, offset = 0) { return write8(this, value, offset, 0, 0xff); }
function writeInt8(value, offset = 0) { return write8(this, value, offset, -0x80, 0x7f); }
function writeUInt16LE(value, offset = 0) { return writeLE(this, value, offset, 2, 0, 0xffff); }
function writeUInt16BE(value, offset = 0) { return writeBE(this, value, offset, 2, 0, 0xffff); }
function writeInt16LE(value, offset = 0) { return writeLE(this, value, offset, 2, -0x8000, 0x7fff); }
function writeInt16BE(value, offset = 0) { return writeBE(this, value, offset, 2, -0x8000, 0x7fff); }
function writeUInt32LE(value, offset = 0) { return writeLE(this, value, offset, 4, 0, 0xffffffff); }
function writeUInt32BE(value, offset = 0) { return writeBE(this, value, offset, 4, 0, 0xffffffff); }
function writeInt32LE(value, offset = 0) { return writeLE(this, value, offset, 4, -0x80000000, 0x7fffffff); }
function writeInt32BE(value, offset = 0) { return writeBE(this, value, offset, 4, -0x80000000, 0x7fffffff); }

// writePart is for numbers whose size is an argument.
function writePart(write, isSigned) {
  return function (value, offset, byteLength) {
    checkSize(byteLength);
    if (byteLength === 1 && typeof offset !== 'number') fail(offset, 0);
    const limit = 2 ** (8 * byteLength - (isSigned ? 1 : 0));
    return write(this, value, offset, byteLength, isSigned ? -limit : 0, limit - 1);
  };
}

// Eight bytes at once, and fractions, go by way of these few bytes.
const scratch = new DataView(new ArrayBuffer(8));
const bytes = new Uint8Array(scratch.buffer);

function reader(size, method, littleEndian) {
  const read = DataView.prototype[method];
  return function (offset = 0) {
    check(this, offset, size);
    for (let i = 0; i < size; i++) bytes[i] = this[offset + i];
    return read.call(scratch, 0, littleEndian);
  };
}

function floatWriter(size, method, littleEndian) {
  const write = DataView.prototype[method];
  return function (value, offset = 0) {
    value = +value;
    check(this, offset, size);
    write.call(scratch, 0, value, littleEndian);
    for (let i = 0; i < size; i++) this[offset + i] = bytes[i];
    return offset + size;
  };
}

function bigWriter(method, littleEndian, min, max) {
  const write = DataView.prototype[method];
  return function (value, offset = 0) {
    if (typeof value !== 'bigint') throw new ERR_INVALID_ARG_TYPE('value', 'bigint', value);
    checkValue(value, min, max, 8);
    check(this, offset, 8);
    write.call(scratch, 0, value, littleEndian);
    for (let i = 0; i < 8; i++) this[offset + i] = bytes[i];
    return offset + 8;
  };
}

const methods = {
  readUIntLE, readUInt32LE, readUInt16LE, readUInt8, readUIntBE, readUInt32BE, readUInt16BE, readIntLE, readInt32LE,
  readInt16LE, readInt8, readIntBE, readInt32BE, readInt16BE,
  writeUIntLE: writePart(writeLE, false), writeUInt32LE, writeUInt16LE, writeUInt8,
  writeUIntBE: writePart(writeBE, false), writeUInt32BE, writeUInt16BE,
  writeIntLE: writePart(writeLE, true), writeInt32LE, writeInt16LE, writeInt8,
  writeIntBE: writePart(writeBE, true), writeInt32BE, writeInt16BE,
};

for (const [order, littleEndian] of [['LE', true], ['BE', false]]) {
  for (const [name, size] of [['Float', 4], ['Double', 8]]) {
    methods[`read${name}${order}`] = reader(size, `getFloat${8 * size}`, littleEndian);
    methods[`write${name}${order}`] = floatWriter(size, `setFloat${8 * size}`, littleEndian);
  }
  methods[`readBigUInt64${order}`] = reader(8, 'getBigUint64', littleEndian);
  methods[`readBigInt64${order}`] = reader(8, 'getBigInt64', littleEndian);
  methods[`writeBigUInt64${order}`] = bigWriter('setBigUint64', littleEndian, 0n, 2n ** 64n - 1n);
  methods[`writeBigInt64${order}`] = bigWriter('setBigInt64', littleEndian, -(2n ** 63n), 2n ** 63n - 1n);
}

for (const name of Object.keys(methods)) {
  Object.defineProperty(methods[name], 'name', { value: name, configurable: true });
  if (name.includes('UInt')) methods[name.replace('UInt', 'Uint')] = methods[name];
}

module.exports = methods;

'use strict';

// Compression: zlib's formats, Brotli and Zstandard.

const { Buffer } = require('buffer');
const { codes: { ERR_BUFFER_TOO_LARGE, ERR_INVALID_ARG_TYPE } } = require('internal/errors');
const { codes, constants } = require('internal/zlib/constants');
const { isAnyArrayBuffer } = require('internal/types');
const { classes, convert } = require('internal/zlib/streams');
const { validateFunction, validateUint32 } = require('internal/validators');

function bytesOf(buffer) {
  if (typeof buffer === 'string') return Buffer.from(buffer);
  if (isAnyArrayBuffer(buffer)) return Buffer.from(buffer);
  if (ArrayBuffer.isView(buffer)) return buffer;
  throw new ERR_INVALID_ARG_TYPE('buffer', ['string', 'Buffer', 'TypedArray', 'DataView', 'ArrayBuffer'], buffer);
}

// collect calls back with all output of a stream.
function collect(stream, bytes, callback) {
  const buffers = [];
  let length = 0;
  stream.on('error', callback);
  stream.on('data', (chunk) => {
    buffers.push(chunk);
    length += chunk.length;
    if (length > stream._maxOutputLength) stream.destroy(new ERR_BUFFER_TOO_LARGE(stream._maxOutputLength));
  });
  stream.on('end', () => {
    const buffer = buffers.length === 1 ? buffers[0] : Buffer.concat(buffers, length);
    callback(null, stream._info ? { buffer, engine: stream } : buffer);
  });
  stream.end(bytes);
}

for (const [Name, Class] of Object.entries(classes)) {
  const name = Name[0].toLowerCase() + Name.slice(1);
  exports[Name] = Class;
  exports[name] = { [name](buffer, options, callback) {
    if (typeof options === 'function') [options, callback] = [{}, options];
    validateFunction(callback, 'callback');
    collect(new Class(options), bytesOf(buffer), callback);
  } }[name];
  exports[`${name}Sync`] = { [`${name}Sync`](buffer, options) {
    const bytes = bytesOf(buffer);
    return convert(new Class(options), bytes);
  } }[`${name}Sync`];
  exports[`create${Name}`] = { [`create${Name}`](options) { return new Class(options); } }[`create${Name}`];
}

exports.crc32 = function crc32(data, value = 0) {
  if (typeof data !== 'string' && !ArrayBuffer.isView(data)) {
    throw new ERR_INVALID_ARG_TYPE('data', ['Buffer', 'TypedArray', 'DataView', 'string'], data);
  }
  validateUint32(value, 'value');
  const bytes = typeof data === 'string' ? Buffer.from(data) :
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return internalBinding('zlib').crc32(bytes, value);
};

Object.defineProperties(exports, {
  constants: { value: constants, enumerable: true },
  codes: { value: codes, enumerable: true },
});

// The constants of zlib were once properties of the module, where packages still read them.
for (const [name, value] of Object.entries(constants)) {
  if (!/^(BROTLI|ZSTD)/.test(name)) Object.defineProperty(exports, name, { value, enumerable: false });
}

'use strict';

// v8.serialize and v8.deserialize: values as bytes, in the form that messages of children have with serialization
// 'advanced'.

const { codes: { ERR_INVALID_ARG_TYPE } } = require('internal/errors');

const { Buffer } = require('buffer');

const binding = internalBinding('serdes');
internalBinding('host').setHook('Buffer.prototype', Buffer.prototype);

function serialize(value) {
  return Buffer.from(binding.serialize(value).buffer);
}

function deserialize(buffer) {
  if (!ArrayBuffer.isView(buffer)) {
    throw new ERR_INVALID_ARG_TYPE('buffer', ['Buffer', 'TypedArray', 'DataView'], buffer);
  }
  return binding.deserialize(Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength));
}

module.exports = { serialize, deserialize };

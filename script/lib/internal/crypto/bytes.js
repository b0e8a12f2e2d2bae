'use strict';

// Shared by the parts of crypto: conversion of bytes and texts.

const { Buffer } = require('buffer');
const { encodingNumber } = require('internal/encodings');
const { codes: { ERR_INVALID_ARG_TYPE, ERR_UNKNOWN_ENCODING } } = require('internal/errors');
const { isAnyArrayBuffer } = require('internal/types');

// viewOf returns a Uint8Array of a buffer or view, undefined for other values.
function viewOf(data) {
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (isAnyArrayBuffer(data)) return new Uint8Array(data);
  return undefined;
}

const ofBytes = ['ArrayBuffer', 'Buffer', 'TypedArray', 'DataView'];

// bytesOf returns a Uint8Array of an argument that may be a text.
function bytesOf(data, name, types = ['string', ...ofBytes]) {
  if (typeof data === 'string' && types.includes('string')) return Buffer.from(data);
  const view = viewOf(data);
  if (view === undefined) throw new ERR_INVALID_ARG_TYPE(name, types, data);
  return view;
}

// textEncoding returns the number of the encoding of a text. 'buffer' stands for UTF-8.
function textEncoding(encoding) {
  if (encoding === undefined || encoding === null || encoding === 'buffer') return 0;
  const number = encodingNumber(encoding);
  if (number === undefined) throw new ERR_UNKNOWN_ENCODING(encoding);
  return number;
}

// result returns bytes as a Buffer, or as a text.
function result(bytes, encoding) {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return encoding && encoding !== 'buffer' ? buffer.toString(encoding) : buffer;
}

// lazy makes objects of a class streams when one is first used as one: most hashes never are.
function lazy(prototype, Transform) {
  for (const name of ['_readableState', '_writableState']) {
    Object.defineProperty(prototype, name, {
      get() {
        if (this === prototype) return undefined;
        for (const own of ['_readableState', '_writableState']) {
          Object.defineProperty(this, own, { value: undefined, writable: true, configurable: true, enumerable: true });
        }
        Transform.call(this, this._options);
        return this[name];
      },
      set(value) {
        Object.defineProperty(this, name, { value, writable: true, configurable: true, enumerable: true });
      },
      configurable: true, enumerable: true,
    });
  }
}

module.exports = { bytesOf, lazy, ofBytes, result, textEncoding, viewOf };

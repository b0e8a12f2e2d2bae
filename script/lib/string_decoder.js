'use strict';

const { codes: { ERR_INVALID_ARG_TYPE, ERR_INVALID_THIS, ERR_UNKNOWN_ENCODING } } = require('internal/errors');
const { normalizeEncoding, encodingNumber } = require('internal/encodings');

const binding = internalBinding('stringDecoder');

const kDecoder = Symbol('kNativeDecoder');

function StringDecoder(encoding) {
  this.encoding = normalizeEncoding(encoding);
  if (this.encoding === undefined) throw new ERR_UNKNOWN_ENCODING(encoding);
  this[kDecoder] = binding.create(encodingNumber(this.encoding));
}

function decoderOf(decoder) {
  if (decoder[kDecoder] === undefined) throw new ERR_INVALID_THIS('StringDecoder');
  return decoder[kDecoder];
}

StringDecoder.prototype.write = function write(buf) {
  if (typeof buf === 'string') return buf;
  if (!ArrayBuffer.isView(buf)) throw new ERR_INVALID_ARG_TYPE('buf', ['Buffer', 'TypedArray', 'DataView'], buf);
  return binding.write(decoderOf(this), buf);
};

StringDecoder.prototype.end = function end(buf) {
  const text = buf === undefined ? '' : this.write(buf);
  return text + binding.end(decoderOf(this));
};

StringDecoder.prototype.text = function text(buf, offset) {
  binding.reset(decoderOf(this));
  return this.write(buf.slice(offset));
};

// Internal state, which some scripts read.
Object.defineProperties(StringDecoder.prototype, {
  lastChar: {
    configurable: true,
    enumerable: true,
    get() {
      const [bytes] = binding.state(decoderOf(this));
      return require('buffer').Buffer.from(bytes);
    },
  },
  lastNeed: { configurable: true, enumerable: true, get() { return binding.state(decoderOf(this))[2]; } },
  lastTotal: {
    configurable: true,
    enumerable: true,
    get() {
      const [, have, missing] = binding.state(decoderOf(this));
      return have + missing;
    },
  },
});

module.exports = { StringDecoder };

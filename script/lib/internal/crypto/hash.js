'use strict';

// Hash, Hmac and hash().

const { Transform } = require('stream');
const { bytesOf, lazy, ofBytes, result, textEncoding, viewOf } = require('internal/crypto/bytes');
const {
  coded, codes: { ERR_CRYPTO_HASH_FINALIZED, ERR_CRYPTO_INVALID_DIGEST, ERR_INVALID_ARG_TYPE },
} = require('internal/errors');
const { KeyObject, secretOf } = require('internal/crypto/keys');
const { validateObject, validateString, validateUint32 } = require('internal/validators');

const binding = internalBinding('crypto');

const kHandle = Symbol('kHandle');
const kFinalized = Symbol('kFinalized');

function lengthOf(options) {
  const length = options?.outputLength;
  if (length === undefined) return -1;
  validateUint32(length, 'options.outputLength');
  return length;
}

function Hash(algorithm, options) {
  if (!new.target) return new Hash(algorithm, options);
  if (algorithm instanceof Hash) {
    this[kHandle] = algorithm[kHandle].copy();
  } else {
    validateString(algorithm, 'algorithm');
    this[kHandle] = binding.hash(algorithm, lengthOf(options));
    if (this[kHandle] === undefined) throw new Error('Digest method not supported');
  }
  this[kFinalized] = false;
  this._options = options;
}
Object.setPrototypeOf(Hash.prototype, Transform.prototype);
Object.setPrototypeOf(Hash, Transform);
lazy(Hash.prototype, Transform);

Hash.prototype.copy = function copy(options) {
  if (this[kFinalized]) throw new ERR_CRYPTO_HASH_FINALIZED();
  const copied = new Hash(this, options);
  if (lengthOf(options) >= 0 && copied[kHandle].digest().length !== lengthOf(options)) {
    throw coded(Error, 'ERR_OSSL_EVP_NOT_XOF_OR_INVALID_LENGTH',
      'error:030000B2:digital envelope routines::not XOF or invalid length');
  }
  return copied;
};

Hash.prototype._transform = function _transform(chunk, encoding, callback) {
  this[kHandle].update(typeof chunk === 'string' ? chunk : viewOf(chunk), textEncoding(encoding));
  callback();
};

Hash.prototype._flush = function _flush(callback) {
  this.push(this.digest());
  callback();
};

Hash.prototype.update = function update(data, encoding) {
  if (this[kFinalized]) throw new ERR_CRYPTO_HASH_FINALIZED();
  if (typeof data === 'string') {
    this[kHandle].update(data, textEncoding(encoding));
  } else {
    if (!ArrayBuffer.isView(data)) {
      throw new ERR_INVALID_ARG_TYPE('data', ['string', 'Buffer', 'TypedArray', 'DataView'], data);
    }
    this[kHandle].update(viewOf(data));
  }
  return this;
};

Hash.prototype.digest = function digest(outputEncoding) {
  if (this[kFinalized]) throw new ERR_CRYPTO_HASH_FINALIZED();
  this[kFinalized] = true;
  return result(this[kHandle].digest(), outputEncoding);
};

function Hmac(hmac, key, options) {
  if (!new.target) return new Hmac(hmac, key, options);
  validateString(hmac, 'hmac');
  const secret = key instanceof KeyObject ? secretOf(key) :
    bytesOf(key, 'key', ['string', ...ofBytes, 'KeyObject', 'CryptoKey']);
  this[kHandle] = binding.hmac(hmac, secret);
  if (this[kHandle] === undefined) throw new ERR_CRYPTO_INVALID_DIGEST(hmac);
  this[kFinalized] = false;
  this._options = options;
}
Object.setPrototypeOf(Hmac.prototype, Transform.prototype);
Object.setPrototypeOf(Hmac, Transform);
lazy(Hmac.prototype, Transform);

for (const name of ['_transform', '_flush', 'update']) Hmac.prototype[name] = Hash.prototype[name];

// digest of an Hmac returns nothing when it is called again.
Hmac.prototype.digest = function digest(outputEncoding) {
  if (this[kFinalized]) return result(new Uint8Array(0), outputEncoding);
  this[kFinalized] = true;
  return result(this[kHandle].digest(), outputEncoding);
};

function hash(algorithm, input, options) {
  validateString(algorithm, 'algorithm');
  if (typeof input !== 'string' && !ArrayBuffer.isView(input)) {
    throw new ERR_INVALID_ARG_TYPE('input', ['string', 'Buffer', 'TypedArray', 'DataView'], input);
  }
  let encoding = options ?? 'hex';
  let length = -1;
  if (typeof encoding !== 'string') {
    validateObject(options, 'options');
    encoding = options.outputEncoding ?? 'hex';
    length = lengthOf(options);
  }
  validateString(encoding, 'outputEncoding');
  if (encoding !== 'buffer') textEncoding(encoding);
  const bytes = typeof input === 'string' ? binding.digest(algorithm, bytesOf(input, 'input'), length) :
    binding.digest(algorithm, viewOf(input), length);
  if (bytes === undefined) throw new Error(`Digest method ${algorithm} is not supported`);
  return result(bytes, encoding);
}

module.exports = { Hash, Hmac, hash };

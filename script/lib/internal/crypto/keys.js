'use strict';

// Secret keys as objects. There are no public and private ones.

const { Buffer } = require('buffer');
const { bytesOf, ofBytes } = require('internal/crypto/bytes');
const {
  codes: { ERR_FEATURE_UNAVAILABLE_ON_PLATFORM, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE },
} = require('internal/errors');
const {
  validateFunction, validateInteger, validateObject, validateOneOf, validateString,
} = require('internal/validators');

const own = Symbol('own'); // an argument of the constructor that only this module has

class KeyObject {
  #bytes;

  constructor(type, handle) {
    if (handle !== own && type !== 'secret' && type !== 'public' && type !== 'private') {
      throw new ERR_INVALID_ARG_VALUE('type', type);
    }
    if (handle !== own && typeof handle !== 'object') throw new ERR_INVALID_ARG_TYPE('handle', 'object', handle);
    if (handle !== own) throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM('new KeyObject()');
    this.#bytes = type;
  }

  static from() {
    throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM('KeyObject.from()');
  }

  static secret(key) { return key.#bytes; }

  get type() { return 'secret'; }

  get symmetricKeySize() { return this.#bytes.length; }

  export(options) {
    if (options !== undefined) {
      validateObject(options, 'options');
      validateOneOf(options.format, 'options.format', [undefined, 'buffer', 'jwk']);
      if (options.format === 'jwk') return { kty: 'oct', k: this.#bytes.toString('base64url') };
    }
    return Buffer.from(this.#bytes);
  }

  equals(other) {
    if (!(other instanceof KeyObject)) throw new ERR_INVALID_ARG_TYPE('otherKeyObject', 'KeyObject', other);
    return this.#bytes.equals(other.#bytes);
  }
}

const secretOf = KeyObject.secret;
delete KeyObject.secret;

function createSecretKey(key, encoding) {
  if (typeof key === 'string') return new KeyObject(Buffer.from(key, encoding), own);
  return new KeyObject(Buffer.from(bytesOf(key, 'key', ['string', ...ofBytes])), own);
}

function generateKeySync(type, options) {
  validateString(type, 'type');
  validateObject(options, 'options');
  validateOneOf(type, 'type', ['hmac', 'aes']);
  const { length } = options;
  if (type === 'hmac') validateInteger(length, 'options.length', 8, 2 ** 31 - 1);
  else validateOneOf(length, 'options.length', [128, 192, 256]);
  const bytes = Buffer.allocUnsafe(length >> 3);
  return new KeyObject(internalBinding('crypto').random(bytes, 0, bytes.length), own);
}

function generateKey(type, options, callback) {
  validateFunction(callback, 'callback');
  const key = generateKeySync(type, options);
  setImmediate(callback, null, key);
}

module.exports = { KeyObject, createSecretKey, generateKey, generateKeySync, secretOf };

'use strict';

// The Web's crypto: random values and digests. There are no keys.

const { viewOf } = require('internal/crypto/bytes');
const {
  codes: { ERR_FEATURE_UNAVAILABLE_ON_PLATFORM, ERR_ILLEGAL_CONSTRUCTOR, ERR_INVALID_THIS, ERR_INVALID_ARG_TYPE },
} = require('internal/errors');

const binding = internalBinding('crypto');

const own = Symbol('own'); // an argument of the constructors that only this module has
const mostValues = 65536; // bytes that getRandomValues fills at once

function failure(message, name) {
  const { DOMException } = require('internal/dom_exception');
  return new DOMException(message, name);
}

class SubtleCrypto {
  constructor(token) {
    if (token !== own) throw new ERR_ILLEGAL_CONSTRUCTOR();
  }

  async digest(algorithm, data) {
    if (!(this instanceof SubtleCrypto)) throw new ERR_INVALID_THIS('SubtleCrypto');
    const name = typeof algorithm === 'string' ? algorithm : algorithm?.name;
    const known = ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512', 'SHA3-256', 'SHA3-384', 'SHA3-512'];
    const match = known.find((one) => one === `${name}`.toUpperCase());
    if (match === undefined) throw failure('Unrecognized algorithm name', 'NotSupportedError');
    const view = viewOf(data);
    if (view === undefined) {
      throw new ERR_INVALID_ARG_TYPE('data', ['ArrayBuffer', 'Buffer', 'TypedArray', 'DataView'], data);
    }
    return binding.digest(match.replace(/^SHA-/, 'SHA'), view, -1).buffer;
  }
}

for (const name of ['decrypt', 'deriveBits', 'deriveKey', 'encrypt', 'exportKey', 'generateKey', 'importKey', 'sign',
  'unwrapKey', 'verify', 'wrapKey']) {
  Object.defineProperty(SubtleCrypto.prototype, name, {
    value: { async [name]() { throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM(`crypto.subtle.${name}`); } }[name],
    writable: true, configurable: true, enumerable: true,
  });
}

const subtle = new SubtleCrypto(own);

class Crypto {
  constructor(token) {
    if (token !== own) throw new ERR_ILLEGAL_CONSTRUCTOR();
  }

  get subtle() { return subtle; }

  getRandomValues(array) {
    if (!ArrayBuffer.isView(array) || !/^(Big)?(Ui|I)nt/.test(array[Symbol.toStringTag])) {
      throw failure('The data argument must be an integer-type TypedArray', 'TypeMismatchError');
    }
    if (array.byteLength > mostValues) throw failure('The requested length exceeds 65,536 bytes', 'QuotaExceededError');
    binding.random(viewOf(array), 0, array.byteLength);
    return array;
  }

  randomUUID(options) { return require('internal/crypto/random').randomUUID(options); }
}

for (const [Class, name] of [[Crypto, 'Crypto'], [SubtleCrypto, 'SubtleCrypto']]) {
  Object.defineProperty(Class.prototype, Symbol.toStringTag, { value: name, configurable: true });
}
for (const name of ['subtle', 'getRandomValues', 'randomUUID']) {
  Object.defineProperty(Crypto.prototype, name, { enumerable: true });
}

module.exports = { Crypto, SubtleCrypto, crypto: new Crypto(own) };

'use strict';

// Digests, ciphers, random values and derived keys. There are no public keys: no signatures, certificates or key
// exchanges.

const { codes: { ERR_FEATURE_UNAVAILABLE_ON_PLATFORM } } = require('internal/errors');

const binding = internalBinding('crypto');

const later = {
  'internal/crypto/hash': ['Hash', 'Hmac', 'hash'],
  'internal/crypto/cipher': ['Cipheriv', 'Decipheriv', 'getCipherInfo'],
  'internal/crypto/derive': ['hkdf', 'hkdfSync', 'pbkdf2', 'pbkdf2Sync', 'scrypt', 'scryptSync'],
  'internal/crypto/keys': ['KeyObject', 'createSecretKey', 'generateKey', 'generateKeySync'],
  'internal/crypto/random': ['randomBytes', 'randomFill', 'randomFillSync', 'randomInt', 'randomUUID',
    'timingSafeEqual'],
};
for (const [id, names] of Object.entries(later)) {
  for (const name of names) {
    Object.defineProperty(exports, name, {
      get() {
        const value = require(id)[name];
        Object.defineProperty(exports, name, { value, writable: true, configurable: true, enumerable: true });
        return value;
      },
      set(value) {
        Object.defineProperty(exports, name, { value, writable: true, configurable: true, enumerable: true });
      },
      configurable: true, enumerable: true,
    });
  }
}

Object.assign(exports, {
  createHash: (algorithm, options) => new exports.Hash(algorithm, options),
  createHmac: (hmac, key, options) => new exports.Hmac(hmac, key, options),
  createCipheriv: (cipher, key, iv, options) => new exports.Cipheriv(cipher, key, iv, options),
  createDecipheriv: (cipher, key, iv, options) => new exports.Decipheriv(cipher, key, iv, options),
  getHashes: () => [...binding.hashes],
  getCiphers: () => [...binding.ciphers],
  getCurves: () => [],
  getFips: () => 0,
  getRandomValues: (array) => require('internal/crypto/webcrypto').crypto.getRandomValues(array),
  constants: Object.freeze({ __proto__: null }),
});

for (const [name, value] of [['webcrypto', (all) => all], ['subtle', (all) => all.subtle]]) {
  Object.defineProperty(exports, name, {
    get: () => value(require('internal/crypto/webcrypto').crypto), configurable: true, enumerable: true,
  });
}

for (const name of [
  'argon2', 'argon2Sync', 'checkPrime', 'checkPrimeSync', 'createDiffieHellman', 'createDiffieHellmanGroup',
  'createECDH', 'createPrivateKey', 'createPublicKey', 'createSign', 'createVerify', 'decapsulate', 'diffieHellman',
  'encapsulate', 'generateKeyPair', 'generateKeyPairSync', 'generatePrime', 'generatePrimeSync', 'getDiffieHellman',
  'privateDecrypt', 'privateEncrypt', 'publicDecrypt', 'publicEncrypt', 'secureHeapUsed', 'setEngine', 'setFips',
  'sign', 'verify', 'Certificate', 'DiffieHellman', 'DiffieHellmanGroup', 'ECDH', 'Sign', 'Verify',
  'X509Certificate',
]) {
  exports[name] = { [name]: function () { throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM(`crypto.${name}`); } }[name];
}

'use strict';

// Keys that are derived from passwords and from other keys.

const { bytesOf, ofBytes, result } = require('internal/crypto/bytes');
const { coded, codes: { ERR_CRYPTO_INVALID_SCRYPT_PARAMS, ERR_OUT_OF_RANGE } } = require('internal/errors');
const { KeyObject, secretOf } = require('internal/crypto/keys');
const {
  validateFunction, validateInteger, validateObject, validateString, validateUint32,
} = require('internal/validators');

const binding = internalBinding('crypto');

const mostBytes = 2 ** 31 - 1;
const passwordTypes = ['string', ...ofBytes];

// told returns the callback of Go for a callback of the script.
const told = (callback, convert) => (error, bytes) => (error === null ? callback(null, convert(bytes)) :
  callback(error));

function pbkdf2Arguments(password, salt, iterations, keylen, digest) {
  validateString(digest, 'digest');
  password = bytesOf(password, 'password', passwordTypes);
  salt = bytesOf(salt, 'salt', passwordTypes);
  validateInteger(iterations, 'iterations', 1, mostBytes);
  validateInteger(keylen, 'keylen', 0, mostBytes);
  return [digest, password, salt, iterations, keylen];
}

function pbkdf2(password, salt, iterations, keylen, digest, callback) {
  if (typeof digest === 'function') [digest, callback] = [undefined, digest];
  const args = pbkdf2Arguments(password, salt, iterations, keylen, digest);
  validateFunction(callback, 'callback');
  binding.pbkdf2(told(callback, result), ...args);
}

function pbkdf2Sync(password, salt, iterations, keylen, digest) {
  return result(binding.pbkdf2(undefined, ...pbkdf2Arguments(password, salt, iterations, keylen, digest)));
}

function scryptArguments(password, salt, keylen, options) {
  password = bytesOf(password, 'password', passwordTypes);
  salt = bytesOf(salt, 'salt', passwordTypes);
  validateInteger(keylen, 'keylen', 0, mostBytes);
  if (options != null) validateObject(options, 'options');
  const read = (...names) => {
    const given = names.filter((name) => options?.[name] !== undefined);
    if (given.length > 1) {
      throw coded(TypeError, 'ERR_INCOMPATIBLE_OPTION_PAIR',
        `Option "${given[0]}" cannot be used in combination with option "${given[1]}"`);
    }
    if (given.length > 0) validateUint32(options[given[0]], given[0]);
    return options?.[given[0]];
  };
  const n = read('N', 'cost') || 16384;
  const r = read('r', 'blockSize') || 8;
  const p = read('p', 'parallelization') || 1;
  const limit = options?.maxmem || 32 << 20;
  if (options?.maxmem !== undefined) validateInteger(options.maxmem, 'maxmem', 0);
  if (n < 2 || (n & (n - 1)) !== 0 || r * p >= 2 ** 30) throw new ERR_CRYPTO_INVALID_SCRYPT_PARAMS();
  if (128 * n * r > limit) {
    throw coded(RangeError, 'ERR_CRYPTO_INVALID_SCRYPT_PARAMS', 'Invalid scrypt params: memory limit exceeded');
  }
  return [password, salt, n, r, p, keylen];
}

function scrypt(password, salt, keylen, options, callback) {
  if (callback === undefined) [options, callback] = [undefined, options];
  const args = scryptArguments(password, salt, keylen, options);
  validateFunction(callback, 'callback');
  binding.scrypt(told(callback, result), ...args);
}

function scryptSync(password, salt, keylen, options) {
  return result(binding.scrypt(undefined, ...scryptArguments(password, salt, keylen, options)));
}

const mostInfo = 1024; // bytes

function hkdfArguments(digest, key, salt, info, keylen) {
  validateString(digest, 'digest');
  key = key instanceof KeyObject ? secretOf(key) : bytesOf(key, 'ikm', ['string', 'SecretKeyObject', ...ofBytes]);
  salt = bytesOf(salt, 'salt', passwordTypes);
  info = bytesOf(info, 'info', passwordTypes);
  validateInteger(keylen, 'length', 0, mostBytes);
  if (info.length > mostInfo) {
    throw new ERR_OUT_OF_RANGE('info', `must not contain more than ${mostInfo} bytes`, info.length);
  }
  return [digest, key, salt, info, keylen];
}

// bufferOf returns the bytes as an ArrayBuffer, the result type of hkdf.
const bufferOf = (bytes) => bytes.buffer;

function hkdf(digest, ikm, salt, info, keylen, callback) {
  const args = hkdfArguments(digest, ikm, salt, info, keylen);
  validateFunction(callback, 'callback');
  binding.hkdf(told(callback, bufferOf), ...args);
}

function hkdfSync(digest, ikm, salt, info, keylen) {
  return bufferOf(binding.hkdf(undefined, ...hkdfArguments(digest, ikm, salt, info, keylen)));
}

module.exports = { hkdf, hkdfSync, pbkdf2, pbkdf2Sync, scrypt, scryptSync };

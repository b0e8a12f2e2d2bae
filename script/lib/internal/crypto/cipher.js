'use strict';

// Cipheriv and Decipheriv: AES.

const { Transform } = require('stream');
const { StringDecoder } = require('string_decoder');
const { bytesOf, ofBytes, result, textEncoding, viewOf } = require('internal/crypto/bytes');
const {
  coded, codes: { ERR_CRYPTO_INVALID_AUTH_TAG, ERR_CRYPTO_INVALID_STATE, ERR_INVALID_ARG_TYPE },
} = require('internal/errors');
const { KeyObject, secretOf } = require('internal/crypto/keys');
const { validateObject, validateString, validateUint32 } = require('internal/validators');

const binding = internalBinding('crypto');

const tagLengths = [4, 8, 12, 13, 14, 15, 16]; // bytes, of GCM

class CipherBase extends Transform {
  #handle; #isAuthenticated; #encrypts; #decoder;
  #isFinal = false;
  #tagLength = 16;

  constructor(cipher, key, iv, options, encrypts) {
    validateString(cipher, 'cipher');
    const secret = key instanceof KeyObject ? secretOf(key) :
      bytesOf(key, 'key', ['string', ...ofBytes, 'KeyObject', 'CryptoKey']);
    const vector = iv === null ? new Uint8Array(0) : bytesOf(iv, 'iv', ['string', ...ofBytes]);
    super(options);
    this.#handle = binding.cipher(cipher, secret, vector, encrypts);
    this.#encrypts = encrypts;
    this.#isAuthenticated = binding.cipherInfo(cipher)[1] === 'gcm';
    if (options?.authTagLength !== undefined) {
      validateUint32(options.authTagLength, 'options.authTagLength');
      this.#checkTagLength(options.authTagLength);
      this.#tagLength = options.authTagLength;
    }
  }

  #checkTagLength(length) {
    if (this.#isAuthenticated && !tagLengths.includes(length)) throw new ERR_CRYPTO_INVALID_AUTH_TAG(length);
  }

  // output returns bytes in the encoding that the caller wants. A character may be in two pieces.
  #output(bytes, encoding, isLast) {
    if (!encoding || encoding === 'buffer') return result(bytes);
    this.#decoder ??= new StringDecoder(encoding);
    return isLast ? this.#decoder.end(bytes) : this.#decoder.write(bytes);
  }

  update(data, inputEncoding, outputEncoding) {
    if (typeof data !== 'string' && !ArrayBuffer.isView(data)) {
      throw new ERR_INVALID_ARG_TYPE('data', ['string', 'Buffer', 'TypedArray', 'DataView'], data);
    }
    if (this.#isFinal) throw new Error('Trying to add data in unsupported state');
    const bytes = typeof data === 'string' ? this.#handle.update(data, textEncoding(inputEncoding)) :
      this.#handle.update(viewOf(data));
    return this.#output(bytes, outputEncoding, false);
  }

  final(outputEncoding) {
    if (this.#isFinal) throw coded(Error, 'ERR_CRYPTO_INVALID_STATE', 'Invalid state');
    this.#isFinal = true;
    return this.#output(this.#handle.final(), outputEncoding, true);
  }

  setAutoPadding(autoPadding = true) {
    if (this.#isFinal) throw new ERR_CRYPTO_INVALID_STATE('setAutoPadding');
    this.#handle.setPadding(Boolean(autoPadding));
    return this;
  }

  setAAD(buffer, options) {
    if (this.#isFinal || !this.#isAuthenticated) throw new ERR_CRYPTO_INVALID_STATE('setAAD');
    if (options !== undefined) validateObject(options, 'options');
    const encoding = textEncoding(options?.encoding);
    if (typeof buffer === 'string') this.#handle.setAAD(buffer, encoding);
    else this.#handle.setAAD(bytesOf(buffer, 'buffer'));
    return this;
  }

  getAuthTag() {
    if (!this.#encrypts || !this.#isFinal || !this.#isAuthenticated) throw new ERR_CRYPTO_INVALID_STATE('getAuthTag');
    return result(this.#handle.tag()).subarray(0, this.#tagLength);
  }

  setAuthTag(buffer, encoding) {
    const tag = typeof buffer === 'string' ? Buffer.from(buffer, encoding) : bytesOf(buffer, 'buffer');
    if (this.#encrypts || this.#isFinal || !this.#isAuthenticated) throw new ERR_CRYPTO_INVALID_STATE('setAuthTag');
    this.#checkTagLength(tag.length);
    this.#handle.setTag(tag);
    return this;
  }

  _transform(chunk, encoding, callback) {
    try {
      this.push(this.update(chunk, encoding));
    } catch (error) {
      callback(error);
      return;
    }
    callback();
  }

  _flush(callback) {
    try {
      this.push(this.final());
    } catch (error) {
      callback(error);
      return;
    }
    callback();
  }
}

class Cipheriv extends CipherBase {
  constructor(cipher, key, iv, options) { super(cipher, key, iv, options, true); }
}

class Decipheriv extends CipherBase {
  constructor(cipher, key, iv, options) { super(cipher, key, iv, options, false); }
}

function getCipherInfo(nameOrNid, options) {
  if (typeof nameOrNid !== 'string' && typeof nameOrNid !== 'number') {
    throw new ERR_INVALID_ARG_TYPE('nameOrNid', ['string', 'number'], nameOrNid);
  }
  if (options !== undefined) validateObject(options, 'options');
  const info = typeof nameOrNid === 'string' ? binding.cipherInfo(nameOrNid) : undefined;
  if (info === undefined) return undefined;
  const [name, mode, keyLength, ivLength, blockSize] = info;
  if (options?.keyLength !== undefined && options.keyLength !== keyLength) return undefined;
  if (options?.ivLength !== undefined && options.ivLength !== ivLength) return undefined;
  return { mode, name, ...blockSize > 0 && { blockSize }, ...ivLength > 0 && { ivLength }, keyLength };
}

module.exports = { Cipheriv, Decipheriv, getCipherInfo };

'use strict';

// TextEncoder and TextDecoder of the WHATWG standard.

const { codes: {
  ERR_ENCODING_INVALID_ENCODED_DATA, ERR_ENCODING_NOT_SUPPORTED, ERR_INVALID_ARG_TYPE, ERR_INVALID_THIS,
} } = require('internal/errors');
const { isAnyArrayBuffer } = require('internal/buffer');
const { validateObject, validateString } = require('internal/validators');

const binding = internalBinding('encoding');

const customInspect = Symbol.for('nodejs.util.inspect.custom');

function isA(value, name, has) {
  if (value === null || typeof value !== 'object' || !has(value)) throw new ERR_INVALID_THIS(name);
}

function inspectAs(self, Class, properties, depth, options) {
  const { name } = self.constructor ?? Class;
  if (typeof depth === 'number' && depth < 0) return `[${name}]`;
  return `${name} ${require('internal/inspect').inspect(properties, options)}`;
}

class TextEncoder {
  #brand = true;

  static #check(value) {
    isA(value, 'TextEncoder', (object) => #brand in object);
  }

  get encoding() {
    TextEncoder.#check(this);
    return 'utf-8';
  }

  encode(input = '') {
    TextEncoder.#check(this);
    return binding.encode(`${input}`);
  }

  encodeInto(src, dest) {
    TextEncoder.#check(this);
    validateString(src, 'src');
    if (!(dest instanceof Uint8Array)) throw new ERR_INVALID_ARG_TYPE('dest', 'Uint8Array', dest);
    const [read, written] = binding.encodeInto(src, dest);
    return { read, written };
  }

  [customInspect](depth, options) {
    TextEncoder.#check(this);
    return inspectAs(this, TextEncoder, { encoding: this.encoding }, depth, options);
  }
}

class TextDecoder {
  #decoder;
  #encoding;
  #fatal;
  #ignoreBOM;

  constructor(encoding = 'utf-8', options = {}) {
    encoding = `${encoding}`;
    validateObject(options, 'options', { allowArray: true, allowFunction: true, nullable: true });
    const name = getEncodingFromLabel(encoding);
    if (name === undefined || name === 'replacement') throw new ERR_ENCODING_NOT_SUPPORTED(encoding);
    this.#encoding = name;
    this.#fatal = Boolean(options?.fatal);
    this.#ignoreBOM = Boolean(options?.ignoreBOM);
    this.#decoder = binding.createDecoder(name, this.#fatal, this.#ignoreBOM);
  }

  static #check(value) {
    isA(value, 'TextDecoder', (object) => #decoder in object);
  }

  decode(input = undefined, options = undefined) {
    TextDecoder.#check(this);
    if (input !== undefined && !ArrayBuffer.isView(input) && !isAnyArrayBuffer(input)) {
      throw new ERR_INVALID_ARG_TYPE('list', ['ArrayBuffer', 'ArrayBufferView'], input);
    }
    if (options !== undefined) {
      validateObject(options, 'options', { allowArray: true, allowFunction: true, nullable: true });
    }
    const text = binding.decode(this.#decoder, input, Boolean(options?.stream));
    if (text === null) throw new ERR_ENCODING_INVALID_ENCODED_DATA(this.#encoding);
    return text;
  }

  get encoding() {
    TextDecoder.#check(this);
    return this.#encoding;
  }

  get fatal() {
    TextDecoder.#check(this);
    return this.#fatal;
  }

  get ignoreBOM() {
    TextDecoder.#check(this);
    return this.#ignoreBOM;
  }

  [customInspect](depth, options) {
    TextDecoder.#check(this);
    const { encoding, fatal, ignoreBOM } = this;
    const shown = { encoding, fatal, ignoreBOM };
    if (options.showHidden) {
      shown[Symbol('flags')] = (fatal ? 2 : 0) | (ignoreBOM ? 4 : 0);
      shown[Symbol('handle')] = undefined;
    }
    return inspectAs(this, TextDecoder, shown, depth, options);
  }
}

function getEncodingFromLabel(label) {
  return binding.label(label) || undefined;
}

for (const [Class, names] of [
  [TextEncoder, ['encode', 'encodeInto', 'encoding']], [TextDecoder, ['decode', 'encoding', 'fatal', 'ignoreBOM']],
]) {
  for (const name of names) Object.defineProperty(Class.prototype, name, { enumerable: true });
  Object.defineProperty(Class.prototype, Symbol.toStringTag, { configurable: true, value: Class.name });
}

module.exports = { TextDecoder, TextEncoder, getEncodingFromLabel };

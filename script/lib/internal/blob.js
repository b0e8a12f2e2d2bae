'use strict';

// Blob and File. All of the bytes are in memory.

const { codes: {
  ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_INVALID_THIS, ERR_METHOD_NOT_IMPLEMENTED, ERR_MISSING_ARGS,
} } = require('internal/errors');
const { FastBuffer, isAnyArrayBuffer } = require('internal/buffer');
const { UTF8 } = require('internal/encodings');

const binding = internalBinding('buffer');

const customInspect = Symbol.for('nodejs.util.inspect.custom');
const clonedBy = Symbol.for('brood.clone'); // the method by which structuredClone copies an object
const chunkSize = 1 << 16; // at most, of a stream: bytes

function validateDictionary(value, name) {
  if (value === undefined || value === null || typeof value === 'object' || typeof value === 'function') return;
  throw new ERR_INVALID_ARG_TYPE(name, 'Object', value);
}

// partOf returns the bytes of one source.
function partOf(source, native) {
  const bytes = bytesOf(source);
  if (bytes !== undefined) return bytes;
  if (isAnyArrayBuffer(source)) return new Uint8Array(source);
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  let text = `${source}`;
  if (native) text = text.replace(/\r\n?/g, '\n'); // The line ends of the systems that this runs on.
  return new Uint8Array(binding.encode(text, UTF8));
}

function typeOf(type) {
  type = `${type}`;
  return /[^\x20-\x7e]/.test(type) ? '' : type.toLowerCase();
}

// decodeText removes a byte order mark.
function decodeText(bytes) {
  const text = binding.decode(bytes, UTF8);
  return text[0] === '\ufeff' ? text.slice(1) : text;
}

// chunksOf yields the sources' bytes, and of long ones a part at a time.
function* chunksOf(bytes, sizes) {
  let start = 0;
  for (const size of sizes) {
    const end = start + size;
    while (start < end) {
      const next = Math.min(end, start + chunkSize);
      yield bytes.subarray(start, next);
      start = next;
    }
  }
}

let bytesOf; // returns the bytes of a Blob, undefined of anything else

class Blob {
  #bytes; // never changed: slices share them
  #sizes; // of the sources, as a stream reads them
  #type;

  constructor(sources = [], options = undefined) {
    if (sources === null || typeof sources === 'string' || typeof sources[Symbol.iterator] !== 'function') {
      throw new ERR_INVALID_ARG_TYPE('sources', 'a sequence', sources);
    }
    validateDictionary(options, 'options');
    const type = options?.type ?? '';
    const endings = options?.endings ?? 'transparent';
    if (endings !== 'transparent' && endings !== 'native') throw new ERR_INVALID_ARG_VALUE('options.endings', endings);
    const parts = Array.from(sources, (source) => partOf(source, endings === 'native'));
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    this.#bytes = binding.concat(parts, new FastBuffer(size));
    this.#sizes = parts.map((part) => part.length);
    this.#type = typeOf(type);
  }

  static {
    bytesOf = (value) => (typeof value === 'object' && value !== null && #bytes in value ? value.#bytes : undefined);
  }

  static #check(value) {
    if (bytesOf(value) === undefined) throw new ERR_INVALID_THIS('Blob');
  }

  get size() {
    Blob.#check(this);
    return this.#bytes.length;
  }

  get type() {
    Blob.#check(this);
    return this.#type;
  }

  slice(start = 0, end = this.size, type = '') {
    Blob.#check(this);
    const part = new Blob();
    part.#bytes = this.#bytes.subarray(Number(start) || 0, Number(end) || 0);
    part.#sizes = [part.#bytes.length];
    part.#type = typeOf(type);
    return part;
  }

  async arrayBuffer() {
    Blob.#check(this);
    return Uint8Array.prototype.slice.call(this.#bytes).buffer;
  }

  async bytes() {
    Blob.#check(this);
    return new Uint8Array(this.#bytes);
  }

  async text() {
    Blob.#check(this);
    return decodeText(this.#bytes);
  }

  stream() {
    Blob.#check(this);
    if (typeof globalThis.ReadableStream !== 'function') throw new ERR_METHOD_NOT_IMPLEMENTED('stream()');
    const chunks = chunksOf(this.#bytes, this.#sizes);
    return new ReadableStream({
      type: 'bytes',
      pull(controller) {
        const { value, done } = chunks.next();
        if (!done) {
          controller.enqueue(new Uint8Array(value));
        } else {
          controller.close();
          controller.byobRequest?.respond(0);
        }
      },
    });
  }

  [clonedBy]() {
    return this.slice(0, this.size, this.type);
  }

  [customInspect](depth, options) {
    return inspectAs('Blob', { size: this.size, type: this.type }, depth, options);
  }
}

function inspectAs(name, properties, depth, options) {
  if (typeof depth === 'number' && depth < 0) return `[${name}]`;
  const inner = { ...options, depth: options.depth == null ? null : options.depth - 1 };
  return `${name} ${require('internal/inspect').inspect(properties, inner)}`;
}

class File extends Blob {
  #name;
  #lastModified;

  constructor(fileBits, fileName, options = undefined) {
    if (arguments.length < 2) throw new ERR_MISSING_ARGS('fileBits', 'fileName');
    super(fileBits, options);
    const lastModified = options?.lastModified;
    this.#lastModified = lastModified === undefined ? Date.now() : Math.trunc(+lastModified) || 0;
    this.#name = `${fileName}`.toWellFormed();
  }

  static #check(value) {
    if (typeof value !== 'object' || value === null || !(#name in value)) throw new ERR_INVALID_THIS('File');
  }

  get name() {
    File.#check(this);
    return this.#name;
  }

  get lastModified() {
    File.#check(this);
    return this.#lastModified;
  }

  [clonedBy]() {
    return new File([this], this.name, { type: this.type, lastModified: this.lastModified });
  }

  [customInspect](depth, options) {
    const { size, type, name, lastModified } = this;
    return inspectAs('File', { size, type, name, lastModified }, depth, options);
  }
}

for (const [Class, names] of [
  [Blob, ['size', 'type', 'slice', 'stream', 'text', 'arrayBuffer', 'bytes']], [File, ['name', 'lastModified']],
]) {
  for (const name of names) Object.defineProperty(Class.prototype, name, { enumerable: true });
  Object.defineProperty(Class.prototype, Symbol.toStringTag, { configurable: true, value: Class.name });
}

// Blobs that have a URL are kept until it is revoked, as the script asks for.
const urls = new Map();
const prefix = 'blob:nodedata:';

function createObjectURL(blob) {
  if (bytesOf(blob) === undefined) throw new ERR_INVALID_ARG_TYPE('obj', 'Blob', blob);
  const url = `${prefix}${binding.randomID()}`;
  urls.set(url, blob.slice(0, blob.size, blob.type));
  return url;
}

function revokeObjectURL(url) {
  urls.delete(url);
}

function resolveObjectURL(url) {
  return urls.get(`${url}`);
}

module.exports = { Blob, File, createObjectURL, resolveObjectURL, revokeObjectURL };

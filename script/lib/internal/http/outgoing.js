'use strict';

// OutgoingMessage: a response that a server gives, or a request. It waits until it has a socket, so that answers go out in the order of the requests.

const { Writable } = require('stream');
const { codes } = require('internal/errors');
const { dateHeader, validateHeaderName, validateHeaderValue } = require('internal/http/common');
const { validateString } = require('internal/validators');

const { ERR_HTTP_HEADERS_SENT, ERR_INVALID_ARG_TYPE, ERR_METHOD_NOT_IMPLEMENTED, ERR_HTTP_TRAILER_INVALID } = codes;

class OutgoingMessage extends Writable {
  #headers = new Map(); // [name, value] by the name in small letters
  #waiting = []; // what was written before there was a socket
  #trailers = '';
  #sent = false; // the head
  #empty = false; // a request that has no body needs to say nothing of it
  #length; // of the body, if end knows it

  socket = null;
  sendDate = false;
  shouldKeepAlive = true;
  chunkedEncoding = false;
  useChunkedEncodingByDefault = true;
  _header = null;
  _hasBody = true;
  _last = false;
  _removed = new Set();

  constructor(options) {
    super({ decodeStrings: true, emitClose: true, autoDestroy: options?.autoDestroy ?? true, highWaterMark: options?.highWaterMark });
  }

  get connection() { return this.socket; }
  set connection(socket) { this.socket = socket; }
  get headersSent() { return this._header !== null; }
  get finished() { return this.writableEnded; }

  setHeader(name, value) {
    if (this._header !== null) throw new ERR_HTTP_HEADERS_SENT('set');
    validateHeaderName(name);
    for (const one of [].concat(value)) validateHeaderValue(name, one);
    if (Array.isArray(value) && value.length === 0) validateHeaderValue(name, '');
    this.#headers.set(name.toLowerCase(), [name, value]);
    return this;
  }

  setHeaders(headers) {
    if (this._header !== null) throw new ERR_HTTP_HEADERS_SENT('set');
    if (!headers || Array.isArray(headers) || typeof headers.keys !== 'function' || typeof headers.get !== 'function') {
      throw new ERR_INVALID_ARG_TYPE('headers', ['Headers', 'Map'], headers);
    }
    for (const [name, value] of headers) this.setHeader(name, value);
    return this;
  }

  appendHeader(name, value) {
    const before = this.getHeader(name);
    return this.setHeader(name, before === undefined ? value : [].concat(before, value));
  }

  getHeader(name) {
    validateString(name, 'name');
    return this.#headers.get(name.toLowerCase())?.[1];
  }

  getHeaderNames() { return [...this.#headers.keys()]; }
  getRawHeaderNames() { return [...this.#headers.values()].map(([name]) => name); }
  getHeaders() {
    const all = { __proto__: null };
    for (const [name, [, value]] of this.#headers) all[name] = value;
    return all;
  }

  hasHeader(name) {
    validateString(name, 'name');
    return this.#headers.has(name.toLowerCase());
  }

  removeHeader(name) {
    validateString(name, 'name');
    if (this._header !== null) throw new ERR_HTTP_HEADERS_SENT('remove');
    this.#headers.delete(name.toLowerCase());
    this._removed.add(name.toLowerCase());
  }

  addTrailers(headers) {
    for (const [name, value] of Array.isArray(headers) ? headers : Object.entries(headers)) {
      validateHeaderName(name, 'Trailer name');
      validateHeaderValue(name, value);
      this.#trailers += `${name}: ${value}\r\n`;
    }
  }

  flushHeaders() {
    if (this._header === null) this._implicitHeader();
    this.#send('', () => {});
  }

  _implicitHeader() { throw new ERR_METHOD_NOT_IMPLEMENTED('_implicitHeader()'); }

  // _storeHeader makes the head of the first line and the headers, and decides how the end of the body is told.
  _storeHeader(firstLine) {
    let head = firstLine;
    const add = (name, value) => { head += `${name}: ${value}\r\n`; };
    for (const [key, [name, value]] of this.#headers) {
      if (Array.isArray(value) && key !== 'cookie') value.forEach((one) => add(name, one));
      else add(name, Array.isArray(value) ? value.join('; ') : value);
    }
    if (this.sendDate && !this.#headers.has('date')) add('Date', dateHeader());
    this.#addConnection(add);
    this.#addLength(add);
    this._header = `${head}\r\n`;
  }

  #addConnection(add) {
    if (this.#headers.has('connection')) {
      if (/\bclose\b/i.test(this.getHeader('connection'))) this._last = true;
      else this.shouldKeepAlive = true;
      return;
    }
    const framed = this.#length !== undefined || this.#headers.has('content-length') || this.useChunkedEncodingByDefault || !this._hasBody || this.#empty;
    if (this.shouldKeepAlive && framed && !this._removed.has('connection')) {
      add('Connection', 'keep-alive');
      if (this._keepAliveTimeout) add('Keep-Alive', `timeout=${Math.floor(this._keepAliveTimeout / 1000)}`);
      return;
    }
    this._last = true;
    if (!this._removed.has('connection')) add('Connection', 'close');
  }

  #addLength(add) {
    const encoding = this.getHeader('transfer-encoding');
    if (encoding !== undefined) {
      this.chunkedEncoding = /\bchunked\b/i.test(encoding) && this._hasBody;
      return;
    }
    if (this.#headers.has('content-length') || this._noLength || this.#empty) return;
    if (!this._hasBody) {
      this.chunkedEncoding = false;
    } else if (this.#length !== undefined && !this._removed.has('content-length')) {
      add('Content-Length', this.#length);
    } else if (this.useChunkedEncodingByDefault && !this.#trailersOnly()) {
      add('Transfer-Encoding', 'chunked');
      this.chunkedEncoding = true;
    } else {
      this._last = true;
    }
    if (this.#trailers !== '' && !this.chunkedEncoding) throw new ERR_HTTP_TRAILER_INVALID();
  }

  #trailersOnly() { return this._removed.has('transfer-encoding'); }

  write(chunk, encoding, callback) {
    if (this._header === null && !this.writableEnded && !this.destroyed) this._implicitHeader();
    return super.write(chunk, encoding, callback);
  }

  end(chunk, encoding, callback) {
    if (this._header === null && !this.writableEnded && !this.destroyed) {
      if (typeof chunk === 'function' || chunk == null) this.#length = 0;
      else if (typeof chunk === 'string') this.#length = require('buffer').Buffer.byteLength(chunk, typeof encoding === 'string' ? encoding : undefined);
      else this.#length = chunk.length;
      if (this.#length === 0 && this._quietWithoutBody) {
        this.#length = undefined;
        this.#empty = true;
      }
      this._implicitHeader();
    }
    return super.end(chunk, encoding, callback);
  }

  _write(chunk, encoding, callback) {
    if (!this._hasBody) {
      callback();
      return;
    }
    if (!this.chunkedEncoding) {
      this.#send(chunk, callback);
      return;
    }
    if (chunk.length === 0) {
      callback();
      return;
    }
    const { Buffer } = require('buffer');
    this.#send(Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`, 'latin1'), chunk, Buffer.from('\r\n')]), callback);
  }

  _final(callback) {
    this.#send(this.chunkedEncoding ? `0\r\n${this.#trailers}\r\n` : '', callback);
  }

  // #send writes bytes, after the head if that was not sent.
  #send(bytes, callback) {
    if (!this.#sent && this._header !== null) {
      this.#sent = true;
      const { Buffer } = require('buffer');
      bytes = typeof bytes === 'string' ? this._header + bytes : Buffer.concat([Buffer.from(this._header, 'latin1'), bytes]);
    }
    if (this.socket === null) {
      this.#waiting.push([bytes, callback]);
      return;
    }
    if (bytes.length === 0) {
      callback();
      return;
    }
    this.socket.write(bytes, 'latin1', (error) => callback(error));
  }

  // _flush writes what has waited for the socket.
  _flush() {
    const list = this.#waiting;
    this.#waiting = [];
    for (const [bytes, callback] of list) {
      if (bytes.length === 0) callback();
      else this.socket.write(bytes, 'latin1', (error) => callback(error));
    }
  }

  _destroy(error, callback) {
    for (const [, done] of this.#waiting) done(error ?? new codes.ERR_STREAM_DESTROYED('write'));
    this.#waiting = [];
    callback(error);
  }

  setTimeout(msecs, callback) {
    if (callback) this.on('timeout', callback);
    if (this.socket) this.socket.setTimeout(msecs);
    else this.once('socket', (socket) => socket.setTimeout(msecs));
    return this;
  }
}

module.exports = { OutgoingMessage };

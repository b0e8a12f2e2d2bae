'use strict';

// IncomingMessage: a request that a server got, or a response.

const { Readable } = require('stream');

// Headers of which only the first counts; set-cookie is a list; of the others all are joined.
const onlyFirst = new Set([
  'age', 'authorization', 'content-length', 'content-type', 'etag', 'expires', 'from', 'host', 'if-modified-since', 'if-unmodified-since',
  'last-modified', 'location', 'max-forwards', 'proxy-authorization', 'referer', 'retry-after', 'server', 'user-agent',
]);

// fold returns raw headers, whose names and values alternate, as an object.
function fold(raw) {
  const headers = {};
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i].toLowerCase();
    const value = raw[i + 1];
    if (name === 'set-cookie') (headers[name] ??= []).push(value);
    else if (!Object.hasOwn(headers, name)) define(headers, name, value);
    else if (name === 'cookie') headers[name] += `; ${value}`;
    else if (!onlyFirst.has(name)) headers[name] += `, ${value}`;
  }
  return headers;
}

function define(headers, name, value) {
  if (name === '__proto__') Object.defineProperty(headers, name, { value, enumerable: true, writable: true, configurable: true });
  else headers[name] = value;
}

function distinct(raw) {
  const headers = {};
  for (let i = 0; i < raw.length; i += 2) (headers[raw[i].toLowerCase()] ??= []).push(raw[i + 1]);
  return headers;
}

class IncomingMessage extends Readable {
  #headers;
  #trailers;

  httpVersionMajor = null;
  httpVersionMinor = null;
  httpVersion = null;
  complete = false;
  rawHeaders = [];
  rawTrailers = [];
  aborted = false;
  upgrade = null;
  url = '';
  method = null;
  statusCode = null;
  statusMessage = null;
  _consumed = false;
  _dumped = false;

  constructor(socket) {
    super({ autoDestroy: true, highWaterMark: socket?.readableHighWaterMark });
    this.socket = socket;
  }

  get connection() { return this.socket; }
  set connection(socket) { this.socket = socket; }

  get headers() { return (this.#headers ??= fold(this.rawHeaders)); }
  set headers(headers) { this.#headers = headers; }
  get headersDistinct() { return distinct(this.rawHeaders); }
  get trailers() { return (this.#trailers ??= fold(this.rawTrailers)); }
  set trailers(trailers) { this.#trailers = trailers; }
  get trailersDistinct() { return distinct(this.rawTrailers); }

  setTimeout(msecs, callback) {
    if (callback) this.on('timeout', callback);
    this.socket.setTimeout(msecs);
    return this;
  }

  _read() {
    this._consumed = true;
    if (this.socket?.readable) this.socket.resume();
  }

  _destroy(error, callback) {
    if (!this.readableEnded || !this.complete) {
      this.aborted = true;
      this.emit('aborted');
    }
    if (this.socket && !this.socket.destroyed && this.aborted) this.socket.destroy(error);
    if (!error && this.aborted && this.listenerCount('error') > 0 && this.res === undefined && this.statusCode !== null) error = aborted();
    if (error && this.listenerCount('error') === 0) error = null;
    process.nextTick(callback, error);
  }

  // _dump throws the rest away.
  _dump() {
    if (this._dumped) return;
    this._dumped = true;
    this.resume();
  }
}

function aborted() {
  return Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
}

module.exports = { IncomingMessage, aborted };

'use strict';

// IncomingMessage: a request that a server got, or a response.

const { Readable } = require('stream');

const kHeaders = Symbol('kHeaders');
const kHeadersDistinct = Symbol('kHeadersDistinct');
const kHeadersCount = Symbol('kHeadersCount');
const kTrailers = Symbol('kTrailers');
const kTrailersDistinct = Symbol('kTrailersDistinct');
const kTrailersCount = Symbol('kTrailersCount');

// What is done with a repeated header: the first counts, both are joined, or there is a list.
const [FIRST, LIST, COMMA, SEMICOLON] = [0, 1, 2, 3];

// known maps names to their lower case and to the treatment of repeated ones. Other names are joined by commas.
const known = new Map([['set-cookie', LIST], ['cookie', SEMICOLON]]);
for (const name of ['age', 'authorization', 'content-length', 'content-type', 'etag', 'expires', 'from', 'host',
  'if-modified-since',
  'if-unmodified-since', 'last-modified', 'location', 'max-forwards', 'proxy-authorization', 'referer', 'retry-after',
    'server', 'user-agent']) {
  known.set(name, FIRST);
}

function readStart(socket) {
  if (socket && !socket._paused && socket.readable) socket.resume();
}

function readStop(socket) {
  socket?.pause();
}

function IncomingMessage(socket) {
  Readable.call(this, socket ? { highWaterMark: socket.readableHighWaterMark } : undefined);
  this._readableState.readingMore = true;
  this.socket = socket;
  this.httpVersionMajor = null;
  this.httpVersionMinor = null;
  this.httpVersion = null;
  this.complete = false;
  this[kHeaders] = null;
  this[kHeadersCount] = 0;
  this.rawHeaders = [];
  this[kTrailers] = null;
  this[kTrailersCount] = 0;
  this.rawTrailers = [];
  this.joinDuplicateHeaders = false;
  this.aborted = false;
  this.upgrade = null;
  this.url = ''; // of requests
  this.method = null;
  this.statusCode = null; // of responses
  this.statusMessage = null;
  this.client = socket;
  this._consuming = false;
  this._dumped = false;
}
Object.setPrototypeOf(IncomingMessage.prototype, Readable.prototype);
Object.setPrototypeOf(IncomingMessage, Readable);

function folded(message, raw, count) {
  const headers = {};
  for (let i = 0; i < count; i += 2) message._addHeaderLine(raw[i], raw[i + 1], headers);
  return headers;
}

function distinct(message, raw, count) {
  const headers = {};
  for (let i = 0; i < count; i += 2) message._addHeaderLineDistinct(raw[i], raw[i + 1], headers);
  return headers;
}

Object.defineProperties(IncomingMessage.prototype, {
  connection: {
    __proto__: null,
    get() { return this.socket; },
    set(socket) { this.socket = socket; },
  },
  headers: {
    __proto__: null,
    get() { return (this[kHeaders] ??= folded(this, this.rawHeaders, this[kHeadersCount])); },
    set(headers) { this[kHeaders] = headers; },
  },
  headersDistinct: {
    __proto__: null,
    get() { return (this[kHeadersDistinct] ??= distinct(this, this.rawHeaders, this[kHeadersCount])); },
    set(headers) { this[kHeadersDistinct] = headers; },
  },
  trailers: {
    __proto__: null,
    get() { return (this[kTrailers] ??= folded(this, this.rawTrailers, this[kTrailersCount])); },
    set(trailers) { this[kTrailers] = trailers; },
  },
  trailersDistinct: {
    __proto__: null,
    get() { return (this[kTrailersDistinct] ??= distinct(this, this.rawTrailers, this[kTrailersCount])); },
    set(trailers) { this[kTrailersDistinct] = trailers; },
  },
});

IncomingMessage.prototype.setTimeout = function setTimeout(msecs, callback) {
  if (callback) this.on('timeout', callback);
  this.socket.setTimeout(msecs);
  return this;
};

IncomingMessage.prototype._read = function _read() {
  if (!this._consuming) {
    this._readableState.readingMore = false;
    this._consuming = true;
  }
  if (this.socket?.readable) readStart(this.socket);
};

function finishDestroy(message, error, callback) {
  if (message.listenerCount('error') === 0) callback();
  else callback(error);
}

IncomingMessage.prototype._destroy = function _destroy(error, callback) {
  if (!this.readableEnded || !this.complete) {
    this.aborted = true;
    this.emit('aborted');
  }
  if (!this.socket || this.socket.destroyed || !this.aborted) {
    process.nextTick(finishDestroy, this, error, callback);
    return;
  }
  this.socket.destroy(error);
  const stop = require('stream').finished(this.socket, (e) => {
    if (e?.code === 'ERR_STREAM_PREMATURE_CLOSE') e = null;
    stop();
    process.nextTick(finishDestroy, this, e || error, callback);
  });
};

IncomingMessage.prototype._addHeaderLines = function _addHeaderLines(headers, count) {
  if (!headers?.length) return;
  let into;
  if (this.complete) {
    this.rawTrailers = headers;
    this[kTrailersCount] = count;
    into = this[kTrailers];
  } else {
    this.rawHeaders = headers;
    this[kHeadersCount] = count;
    into = this[kHeaders];
  }
  if (!into) return;
  for (let i = 0; i < count; i += 2) this._addHeaderLine(headers[i], headers[i + 1], into);
};

IncomingMessage.prototype._addHeaderLine = function _addHeaderLine(field, value, headers) {
  const name = field.toLowerCase();
  const kind = known.get(name) ?? COMMA;
  if (kind === LIST) {
    if (headers[name] === undefined) headers[name] = [value];
    else headers[name].push(value);
  } else if (kind === SEMICOLON || kind === COMMA || this.joinDuplicateHeaders) {
    if (typeof headers[name] === 'string') headers[name] += (kind === SEMICOLON ? '; ' : ', ') + value;
    else define(headers, name, value);
  } else if (headers[name] === undefined) {
    headers[name] = value;
  }
};

// define sets a header as an own property, because it may be named like a property of Object.prototype.
function define(headers, name, value) {
  if (name === '__proto__') {
    Object.defineProperty(headers, name, { __proto__: null, value, enumerable: true, writable: true,
      configurable: true });
  }
  else headers[name] = value;
}

IncomingMessage.prototype._addHeaderLineDistinct = function _addHeaderLineDistinct(field, value, headers) {
  const name = field.toLowerCase();
  if (Object.hasOwn(headers, name)) headers[name].push(value);
  else define(headers, name, [value]);
};

// _dump discards the rest.
IncomingMessage.prototype._dump = function _dump() {
  if (this._dumped) return;
  this._dumped = true;
  this.removeAllListeners('data'); // Buffered data is of no interest, either.
  this.resume();
};

// _dumpAndCloseReadable makes a message without a body one that was read to its end.
IncomingMessage.prototype._dumpAndCloseReadable = function _dumpAndCloseReadable() {
  this._dumped = true;
  Object.assign(this._readableState, {
    ended: true, endEmitted: true, destroyed: true, closed: true, closeEmitted: true,
  });
};

module.exports = { IncomingMessage, readStart, readStop };

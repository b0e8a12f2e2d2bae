'use strict';

// OutgoingMessage: a server's response, or a request. Its data waits until it has a socket, so answers are sent in the
// order of the requests.

const EventEmitter = require('events');
const { codes } = require('internal/errors');
const { kNeedDrain, kOutHeaders } = require('internal/http');
const { validateHeaderName, validateHeaderValue } = require('internal/http/common');
const { methods: headerMethods } = require('internal/http/headers');
const { Stream } = require('internal/streams/legacy');
const { getDefaultHighWaterMark } = require('internal/streams/state');

const {
  ERR_HTTP_BODY_NOT_ALLOWED, ERR_HTTP_CONTENT_LENGTH_MISMATCH, ERR_INVALID_ARG_TYPE, ERR_METHOD_NOT_IMPLEMENTED,
  ERR_STREAM_ALREADY_FINISHED, ERR_STREAM_CANNOT_PIPE, ERR_STREAM_DESTROYED, ERR_STREAM_NULL_VALUES,
  ERR_STREAM_WRITE_AFTER_END,
} = codes;

const kCorked = Symbol('corked');
const kChunkedBuffer = Symbol('kChunkedBuffer');
const kChunkedLength = Symbol('kChunkedLength');
const kErrored = Symbol('errored');
const kHighWaterMark = Symbol('kHighWaterMark');
const kBytesWritten = Symbol('kBytesWritten');
const kRejectBody = Symbol('kRejectNonStandardBodyWrites');

function nothing() {}

// Properties that most messages never change are on the prototype.
function OutgoingMessage(options) {
  Stream.call(this);
  this.outputData = [];
  this.outputSize = 0;
  this.destroyed = false;
  this._last = false;
  this.finished = false;
  this.socket = null;
  this._header = null;
  this._headerSent = false;
  this[kOutHeaders] = null;
  this[kChunkedBuffer] = [];
  this[kHighWaterMark] = options?.highWaterMark ?? getDefaultHighWaterMark();
  this[kRejectBody] = options?.rejectNonStandardBodyWrites ?? false;
}
Object.setPrototypeOf(OutgoingMessage.prototype, Stream.prototype);
Object.setPrototypeOf(OutgoingMessage, Stream);

Object.assign(OutgoingMessage.prototype, {
  writable: true, chunkedEncoding: false, shouldKeepAlive: true, maxRequestsOnConnectionReached: false,
  _defaultKeepAlive: true, useChunkedEncodingByDefault: true, sendDate: false, _removedConnection: false,
  _removedContLen: false, _removedTE: false, strictContentLength: false, _contentLength: null, _hasBody: true,
  _trailer: '', _closed: false, _keepAliveTimeout: 0, _onPendingData: nothing,
  [kNeedDrain]: false, [kCorked]: 0, [kChunkedLength]: 0, [kErrored]: null, [kBytesWritten]: 0,
}, headerMethods);

function getter(get, set) {
  return { __proto__: null, get, set, configurable: true };
}

Object.defineProperties(OutgoingMessage.prototype, {
  errored: getter(function () { return this[kErrored]; }),
  closed: getter(function () { return this._closed; }),
  writableFinished: getter(function () {
    return this.finished && this.outputSize === 0 && (!this.socket || this.socket.writableLength === 0);
  }),
  writableObjectMode: getter(() => false),
  writableLength: getter(function () {
    return this.outputSize + this[kChunkedLength] + (this.socket ? this.socket.writableLength : 0);
  }),
  writableHighWaterMark: getter(function () {
    return this.socket ? this.socket.writableHighWaterMark : this[kHighWaterMark];
  }),
  writableCorked: getter(function () { return this[kCorked]; }),
  writableEnded: getter(function () { return this.finished; }),
  writableNeedDrain: getter(function () { return !this.destroyed && !this.finished && this[kNeedDrain]; }),
  headersSent: { ...getter(function () { return Boolean(this._header); }), enumerable: true },
  connection: getter(function () { return this.socket; }, function (socket) { this.socket = socket; }),
});

OutgoingMessage.prototype.cork = function cork() {
  this[kCorked]++;
  this.socket?.cork();
};

OutgoingMessage.prototype.uncork = function uncork() {
  this[kCorked]--;
  this.socket?.uncork();
  const chunks = this[kChunkedBuffer];
  if (this[kCorked] || chunks.length === 0) return;
  const callbacks = [];
  this._send(`${this[kChunkedLength].toString(16)}\r\n`, 'latin1', null);
  for (let i = 0; i < chunks.length; i += 3) {
    this._send(chunks[i], chunks[i + 1], null);
    if (chunks[i + 2]) callbacks.push(chunks[i + 2]);
  }
  this._send('\r\n', 'latin1', callbacks.length > 0 ? (error) => {
    for (const callback of callbacks) callback(error);
  } : null);
  this[kChunkedBuffer] = [];
  this[kChunkedLength] = 0;
};

OutgoingMessage.prototype.setTimeout = function setTimeout(msecs, callback) {
  if (callback) this.on('timeout', callback);
  if (this.socket) this.socket.setTimeout(msecs);
  else this.once('socket', (socket) => socket.setTimeout(msecs));
  return this;
};

OutgoingMessage.prototype.destroy = function destroy(error) {
  if (this.destroyed) return this;
  this.destroyed = true;
  this[kErrored] = error;
  if (this.socket) this.socket.destroy(error);
  else this.once('socket', (socket) => socket.destroy(error));
  return this;
};

// _send writes bytes, after the head if that was not sent.
OutgoingMessage.prototype._send = function _send(data, encoding, callback, byteLength) {
  if (!this._headerSent) {
    const header = this._header;
    if (typeof data === 'string' && (encoding === 'utf8' || encoding === 'latin1' || !encoding)) {
      data = header + data;
    } else {
      this.outputData.unshift({ data: header, encoding: 'latin1', callback: null });
      this.outputSize += header.length;
      this._onPendingData(header.length);
    }
    this._headerSent = true;
  }
  return this._writeRaw(data, encoding, callback, byteLength);
};

OutgoingMessage.prototype._writeRaw = function _writeRaw(data, encoding, callback, byteLength) {
  const { socket } = this;
  if (socket?.destroyed) return false;
  if (typeof encoding === 'function') {
    callback = encoding;
    encoding = null;
  }
  if (socket && socket._httpMessage === this && socket.writable) {
    if (this.outputData.length > 0) this._flushOutput(socket);
    return socket.write(data, encoding, callback);
  }
  this.outputData.push({ data, encoding, callback });
  const size = byteLength ?? data.length;
  this.outputSize += size;
  this._onPendingData(size);
  return this.outputSize < this[kHighWaterMark];
};

OutgoingMessage.prototype.flushHeaders = function flushHeaders() {
  if (!this._header) this._implicitHeader();
  this._send('');
};

OutgoingMessage.prototype._implicitHeader = function _implicitHeader() {
  throw new ERR_METHOD_NOT_IMPLEMENTED('_implicitHeader()');
};

function onError(message, error, callback) {
  if (message.destroyed) return;
  process.nextTick(emitError, message, error, callback);
}

function emitError(message, error, callback) {
  callback(error);
  if (typeof message.emit === 'function' && !message.destroyed) message.emit('error', error);
}

function lengthOf(chunk, encoding) {
  return typeof chunk === 'string' ? require('buffer').Buffer.byteLength(chunk, encoding) : chunk.byteLength;
}

function isStrict(message) {
  return message.strictContentLength && message._contentLength > 0 && !message._removedContLen &&
    !message.chunkedEncoding && !message.hasHeader('transfer-encoding');
}

// write_ writes a chunk of the body. isLast: end does.
function write_(message, chunk, encoding, callback, isLast) {
  if (typeof callback !== 'function') callback = nothing;
  if (chunk === null) throw new ERR_STREAM_NULL_VALUES();
  if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) {
    throw new ERR_INVALID_ARG_TYPE('chunk', ['string', 'Buffer', 'Uint8Array'], chunk);
  }
  if (message.finished || message.destroyed) {
    const error = message.finished ? new ERR_STREAM_WRITE_AFTER_END() : new ERR_STREAM_DESTROYED('write');
    if (message.destroyed) process.nextTick(callback, error);
    else onError(message, error, callback);
    return false;
  }
  let size;
  if (message.strictContentLength) {
    size = lengthOf(chunk, encoding);
    const total = message[kBytesWritten] + size;
    if (isStrict(message) && (isLast ? total !== message._contentLength : total > message._contentLength)) {
      throw new ERR_HTTP_CONTENT_LENGTH_MISMATCH(total, message._contentLength);
    }
    message[kBytesWritten] = total;
  }
  if (!message._header) {
    if (isLast) {
      size ??= lengthOf(chunk, encoding);
      message._contentLength = size;
    }
    message._implicitHeader();
  }
  if (!message._hasBody) {
    if (message[kRejectBody]) throw new ERR_HTTP_BODY_NOT_ALLOWED();
    process.nextTick(callback);
    return true;
  }
  const { socket } = message;
  if (!isLast && socket && !socket.writableCorked) {
    socket.cork(); // Data written in one turn is sent together.
    process.nextTick(uncork, socket);
  }
  let more;
  if (message.chunkedEncoding && chunk.length !== 0) {
    size ??= lengthOf(chunk, encoding);
    more = sendChunk(message, chunk, encoding, callback, size);
  } else {
    more = message._send(chunk, encoding, callback, size ?? chunk.length);
  }
  if (!more) message[kNeedDrain] = true;
  return more;
}

function sendChunk(message, chunk, encoding, callback, size) {
  if (message[kCorked] && message._headerSent) {
    message[kChunkedBuffer].push(chunk, encoding, callback);
    message[kChunkedLength] += size;
    return message[kChunkedLength] < message[kHighWaterMark];
  }
  let before = `${size.toString(16)}\r\n`;
  if (!message._headerSent) {
    message._send(before, 'latin1', null); // As the head is.
    before = '';
  }
  if (typeof chunk === 'string' && (!encoding || encoding === 'utf8' || encoding === 'latin1')) {
    return message._send(`${before}${chunk}\r\n`, encoding, callback, size + before.length + 2);
  }
  if (before !== '') message._send(before, 'latin1', null);
  message._send(chunk, encoding, null, size);
  return message._send('\r\n', 'latin1', callback);
}

function uncork(socket) {
  socket.uncork();
}

OutgoingMessage.prototype.write = function write(chunk, encoding, callback) {
  if (typeof encoding === 'function') {
    callback = encoding;
    encoding = null;
  }
  return write_(this, chunk, encoding, callback, false);
};

function onFinish(message) {
  if (message.socket?._hadError) return;
  message.emit('finish');
}

OutgoingMessage.prototype.end = function end(chunk, encoding, callback) {
  if (typeof chunk === 'function') {
    callback = chunk;
    chunk = null;
    encoding = null;
  } else if (typeof encoding === 'function') {
    callback = encoding;
    encoding = null;
  }
  if (chunk) {
    if (this.finished) {
      onError(this, new ERR_STREAM_WRITE_AFTER_END(), typeof callback === 'function' ? callback : nothing);
      return this;
    }
    this.socket?.cork();
    write_(this, chunk, encoding, null, true);
  } else if (this.finished) {
    if (typeof callback === 'function') {
      if (this.writableFinished) callback(new ERR_STREAM_ALREADY_FINISHED('end'));
      else this.on('finish', callback);
    }
    return this;
  } else if (!this._header) {
    this.socket?.cork();
    this._contentLength = 0;
    this._implicitHeader();
  }
  if (typeof callback === 'function') this.once('finish', callback);
  if (isStrict(this) && this[kBytesWritten] !== this._contentLength) {
    throw new ERR_HTTP_CONTENT_LENGTH_MISMATCH(this[kBytesWritten], this._contentLength);
  }
  if (this[kCorked]) { // The last chunk goes before the end.
    this[kCorked] = 1;
    this.uncork();
  }
  const finish = () => onFinish(this);
  if (this._hasBody && this.chunkedEncoding) this._send(`0\r\n${this._trailer}\r\n`, 'latin1', finish);
  else if (!this._headerSent || this.writableLength || chunk) this._send('', 'latin1', finish);
  else process.nextTick(finish);
  if (this.socket) { // All corks are off now.
    this.socket._writableState.corked = 1;
    this.socket.uncork();
  }
  this.finished = true;
  if (this.outputData.length === 0 && this.socket && this.socket._httpMessage === this) this._finish();
  return this;
};

OutgoingMessage.prototype._finish = function _finish() {
  this.emit('prefinish');
};

// _flush writes the data that has waited for the socket.
OutgoingMessage.prototype._flush = function _flush() {
  const { socket } = this;
  if (!socket?.writable) return;
  const more = this._flushOutput(socket);
  if (this.finished) {
    this._finish();
  } else if (more && this[kNeedDrain]) {
    this[kNeedDrain] = false;
    this.emit('drain');
  }
};

OutgoingMessage.prototype._flushOutput = function _flushOutput(socket) {
  for (; this[kCorked]; this[kCorked]--) socket.cork();
  const { outputData } = this;
  if (outputData.length === 0) return undefined;
  let more;
  socket.cork();
  for (const { data, encoding, callback } of outputData) more = socket.write(data, encoding, callback);
  socket.uncork();
  this.outputData = [];
  this._onPendingData(-this.outputSize);
  this.outputSize = 0;
  return more;
};

OutgoingMessage.prototype.pipe = function pipe() {
  this.emit('error', new ERR_STREAM_CANNOT_PIPE());
};

OutgoingMessage.prototype[EventEmitter.captureRejectionSymbol] = function (error) {
  this.destroy(error);
};

module.exports = {
  OutgoingMessage, kErrored, kHighWaterMark, validateHeaderName, validateHeaderValue,
};

'use strict';

// ServerResponse.

const { codes } = require('internal/errors');
const { isInvalidValue, validateHeaderName, validateHeaderValue } = require('internal/http/common');
const { kOutHeaders } = require('internal/http');
const { isChunked } = require('internal/http/headers');
const { OutgoingMessage } = require('internal/http/outgoing');
const STATUS_CODES = require('internal/http/status_codes');
const { validateFunction, validateObject } = require('internal/validators');

const {
  ERR_HTTP_HEADERS_SENT, ERR_HTTP_INVALID_STATUS_CODE, ERR_HTTP_SOCKET_ASSIGNED, ERR_INVALID_ARG_VALUE,
  ERR_INVALID_CHAR,
} = codes;

function ServerResponse(req, options) {
  OutgoingMessage.call(this, options);
  if (req.method === 'HEAD') this._hasBody = false;
  this.req = req;
  this.sendDate = true;
  if (req.httpVersionMajor < 1 || req.httpVersionMinor < 1) {
    this.useChunkedEncodingByDefault = isChunked.test(req.headers.te);
    this.shouldKeepAlive = false;
  }
}
Object.setPrototypeOf(ServerResponse.prototype, OutgoingMessage.prototype);
Object.setPrototypeOf(ServerResponse, OutgoingMessage);

Object.assign(ServerResponse.prototype, {
  statusCode: 200, statusMessage: undefined, _sent100: false, _expect_continue: false,
});

function emitClose(res) {
  if (res._closed) return;
  res.destroyed = true;
  res._closed = true;
  res.emit('close');
}

// Emits 'close' on responses whose connection was closed. this is a socket.
function onSocketClose() {
  if (this._httpMessage) emitClose(this._httpMessage);
}

ServerResponse.prototype.assignSocket = function assignSocket(socket) {
  if (socket._httpMessage) throw new ERR_HTTP_SOCKET_ASSIGNED();
  socket._httpMessage = this;
  socket.on('close', onSocketClose);
  this.socket = socket;
  this.emit('socket', socket);
  this._flush();
};

ServerResponse.prototype.detachSocket = function detachSocket(socket) {
  socket.removeListener('close', onSocketClose);
  socket._httpMessage = null;
  this.socket = null;
};

ServerResponse.prototype.writeContinue = function writeContinue(callback) {
  this._writeRaw('HTTP/1.1 100 Continue\r\n\r\n', 'latin1', callback);
  this._sent100 = true;
};

ServerResponse.prototype.writeProcessing = function writeProcessing(callback) {
  this._writeRaw('HTTP/1.1 102 Processing\r\n\r\n', 'latin1', callback);
};

const linkPattern = /^(?:<[^>]*>)(?:\s*;\s*[^;"\s]+(?:=(?:"[^"]*"|[^;"\s]+))?)*$/;

// linkOf returns the value of a Link header.
function linkOf(hints) {
  if (Array.isArray(hints)) return hints.map(linkOf).join(', ');
  if (typeof hints !== 'string' || isInvalidValue(hints) || !linkPattern.test(hints)) {
    throw new ERR_INVALID_ARG_VALUE('hints', hints,
      'must be an array or string of format "</styles.css>; rel=preload; as=style"');
  }
  return hints;
}

ServerResponse.prototype.writeEarlyHints = function writeEarlyHints(hints, callback) {
  validateObject(hints, 'hints');
  if (hints.link == null) return;
  const link = linkOf(hints.link);
  if (link.length === 0) return;
  let head = `HTTP/1.1 103 Early Hints\r\nLink: ${link}\r\n`;
  for (const name of Object.keys(hints)) {
    if (name.toLowerCase() === 'link') continue;
    validateHeaderName(name);
    validateHeaderValue(name, hints[name]);
    head += `${name}: ${hints[name]}\r\n`;
  }
  if (callback !== undefined) validateFunction(callback, 'callback');
  this._writeRaw(`${head}\r\n`, 'latin1', callback);
};

ServerResponse.prototype._implicitHeader = function _implicitHeader() {
  this.writeHead(this.statusCode);
};

// setAll sets headers, replacing existing ones.
function setAll(res, headers) {
  if (!Array.isArray(headers)) {
    for (const name of Object.keys(headers ?? {})) {
      if (name) res.setHeader(name, headers[name]);
    }
    return;
  }
  const pairs = Array.isArray(headers[0]) ? headers : pairsOf(headers);
  for (const [name] of pairs) res.removeHeader(name);
  for (const [name, value] of pairs) {
    if (name) res.appendHeader(name, value);
  }
}

function pairsOf(row) {
  if (row.length % 2 !== 0) throw new ERR_INVALID_ARG_VALUE('headers', row);
  const pairs = [];
  for (let i = 0; i < row.length; i += 2) pairs.push([row[i], row[i + 1]]);
  return pairs;
}

ServerResponse.prototype.writeHead = function writeHead(statusCode, reason, headers) {
  if (this._header) throw new ERR_HTTP_HEADERS_SENT('write');
  const given = statusCode;
  statusCode |= 0;
  if (statusCode < 100 || statusCode > 999) throw new ERR_HTTP_INVALID_STATUS_CODE(given);
  if (typeof reason === 'string') {
    this.statusMessage = reason;
  } else {
    this.statusMessage ||= STATUS_CODES[statusCode] || 'unknown';
    headers ??= reason;
  }
  this.statusCode = statusCode;
  if (this[kOutHeaders]) {
    setAll(this, headers);
    headers = this[kOutHeaders];
  }
  if (isInvalidValue(this.statusMessage)) throw new ERR_INVALID_CHAR('statusMessage');
  if (statusCode === 204 || statusCode === 304 || statusCode < 200) this._hasBody = false;
  // A client that still waits for 100 Continue may never send its body, and so the connection cannot be used again.
  if (this._expect_continue && !this._sent100) this.shouldKeepAlive = false;
  this._storeHeader(`HTTP/1.1 ${statusCode} ${this.statusMessage}\r\n`, headers);
  return this;
};

ServerResponse.prototype.writeHeader = ServerResponse.prototype.writeHead;

module.exports = { ServerResponse, emitClose };

'use strict';

// http.Server and ServerResponse. Requests that come one after the other on a connection are answered in their order.

const net = require('net');
const diagnostics = require('internal/diagnostics');
const { codes } = require('internal/errors');
const { MAX_HEADER_SIZE, STATUS_CODES, invalidValue } = require('internal/http/common');
const { IncomingMessage, aborted } = require('internal/http/incoming');
const { OutgoingMessage } = require('internal/http/outgoing');
const { Parser } = require('internal/http/parser');
const { validateInteger, validateObject } = require('internal/validators');

const { ERR_HTTP_HEADERS_SENT, ERR_HTTP_INVALID_STATUS_CODE, ERR_HTTP_SOCKET_ASSIGNED, ERR_INVALID_ARG_TYPE, ERR_INVALID_CHAR } = codes;

// MAX_PIPELINED is how many requests of a connection may wait for their answers before no more is read from it.
const MAX_PIPELINED = 64;

class ServerResponse extends OutgoingMessage {
  statusCode = 200;
  statusMessage = undefined;
  sendDate = true;
  strictContentLength = false;

  constructor(req, options) {
    super(options);
    this.req = req;
    if (req.method === 'HEAD') this._hasBody = false;
    if (req.httpVersionMajor < 1 || (req.httpVersionMajor === 1 && req.httpVersionMinor < 1)) {
      this.useChunkedEncodingByDefault = false;
      this.shouldKeepAlive = false;
    }
  }

  assignSocket(socket) {
    if (socket._httpMessage) throw new ERR_HTTP_SOCKET_ASSIGNED();
    socket._httpMessage = this;
    this.socket = socket;
    this.emit('socket', socket);
    this._flush();
  }

  detachSocket(socket) {
    socket._httpMessage = null;
    this.socket = null;
  }

  writeContinue(callback) { this.socket.write('HTTP/1.1 100 Continue\r\n\r\n', callback); }
  writeProcessing(callback) { this.socket.write('HTTP/1.1 102 Processing\r\n\r\n', callback); }

  writeHead(statusCode, reason, headers) {
    if (this._header !== null) throw new ERR_HTTP_HEADERS_SENT('write');
    const given = statusCode;
    statusCode |= 0;
    if (statusCode < 100 || statusCode > 999) throw new ERR_HTTP_INVALID_STATUS_CODE(given);
    if (typeof reason === 'string') {
      this.statusMessage = reason;
    } else {
      headers ??= reason;
      this.statusMessage ||= STATUS_CODES[statusCode] || 'unknown';
    }
    this.statusCode = statusCode;
    if (Array.isArray(headers)) {
      const pairs = Array.isArray(headers[0]) ? headers : headers.flatMap((name, i) => (i % 2 === 0 ? [[name, headers[i + 1]]] : []));
      const seen = new Set();
      for (const [name, value] of pairs) {
        if (seen.has(name)) this.appendHeader(name, value);
        else this.setHeader(name, value);
        seen.add(name);
      }
    } else if (headers) {
      for (const name of Object.keys(headers)) {
        if (name) this.setHeader(name, headers[name]);
      }
    }
    if (invalidValue.test(this.statusMessage)) throw new ERR_INVALID_CHAR('statusMessage');
    if (statusCode === 204 || statusCode === 304 || statusCode < 200) {
      this._hasBody = false;
      this._noLength = true;
    }
    this._storeHeader(`HTTP/1.1 ${statusCode} ${this.statusMessage}\r\n`);
    return this;
  }

  _implicitHeader() { this.writeHead(this.statusCode); }

  // A response that is given up takes its connection with it.
  _destroy(error, callback) {
    if (!this.writableFinished) this.socket?.destroy(error);
    super._destroy(error, callback);
  }
}

function Server(options, requestListener) {
  if (!(this instanceof Server)) return new Server(options, requestListener);
  if (typeof options === 'function') {
    requestListener = options;
    options = {};
  } else if (options == null) {
    options = {};
  } else if (typeof options !== 'object') {
    throw new ERR_INVALID_ARG_TYPE('options', 'Object', options);
  }
  validateObject(options, 'options');
  if (options.maxHeaderSize !== undefined) validateInteger(options.maxHeaderSize, 'maxHeaderSize', 0);
  net.Server.call(this, { allowHalfOpen: true, noDelay: options.noDelay ?? true, keepAlive: options.keepAlive, highWaterMark: options.highWaterMark });
  if (requestListener) this.on('request', requestListener);
  this.on('connection', (socket) => onConnection(this, socket));
  this.httpAllowHalfOpen = false; // A client that has sent its end gets no answer, unless this is set.
  this.timeout = 0;
  this.keepAliveTimeout = options.keepAliveTimeout ?? 5000;
  this.headersTimeout = options.headersTimeout ?? 60000;
  this.requestTimeout = options.requestTimeout ?? 300000;
  this.maxHeadersCount = null;
  this.maxRequestsPerSocket = 0;
  this.maxHeaderSize = options.maxHeaderSize || MAX_HEADER_SIZE;
  this._messages = [options.IncomingMessage || IncomingMessage, options.ServerResponse || ServerResponse];
  this._sockets = new Set();
}
Object.setPrototypeOf(Server.prototype, net.Server.prototype);
Object.setPrototypeOf(Server, net.Server);

Server.prototype.setTimeout = function (msecs, callback) {
  this.timeout = msecs;
  if (callback) this.on('timeout', callback);
  return this;
};

Server.prototype.close = function (callback) {
  net.Server.prototype.close.call(this, callback);
  this.closeIdleConnections();
  return this;
};

Server.prototype.closeAllConnections = function () {
  for (const connection of this._sockets) connection.socket.destroy();
};

Server.prototype.closeIdleConnections = function () {
  for (const connection of this._sockets) {
    if (connection.isIdle) connection.socket.destroy();
  }
};

// Connection is one connection of a server: its parser, and the answers that were not given.
class Connection {
  #server;
  #parser;
  #request = null; // whose body comes
  #answers = []; // in the order of their requests
  #timer = null; // ends a head that does not come

  constructor(server, socket) {
    this.#server = server;
    this.socket = socket;
    socket.parser = this;
    this.#parser = new Parser(true, this, server.maxHeaderSize);
    server._sockets.add(this);
    if (server.timeout) socket.setTimeout(server.timeout);
    socket.on('timeout', () => this.#onTimeout());
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('end', () => this.#onEnd());
    socket.on('close', () => this.#onClose());
    socket.on('drain', () => socket._httpMessage?.emit('drain'));
    socket.on('error', (error) => {
      if (server.listenerCount('clientError') > 0) server.emit('clientError', error, socket);
      else socket.destroy();
    });
    this.#wait();
  }

  get isIdle() { return this.#answers.length === 0 && this.#request === null && this.#parser.idle; }

  // #wait gives the client some time for the head of its next request.
  #wait() {
    const { headersTimeout } = this.#server;
    if (!headersTimeout || this.#timer !== null) return;
    this.#timer = require('internal/timers').setUnrefTimeout(() => {
      if (this.#parser.idle && this.#answers.length === 0) {
        this.#timer = null;
        if (this.#request === null) this.#wait();
        return;
      }
      this.#fail(Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }));
    }, headersTimeout);
  }

  #take(chunk) {
    try {
      const rest = this.#parser.execute(chunk);
      if (rest !== undefined) this.#upgrade(rest);
    } catch (error) {
      if (!error.code?.startsWith('HPE_')) throw error;
      error.rawPacket = chunk;
      this.#fail(error);
    }
  }

  // #fail ends a connection whose client does not speak HTTP.
  #fail(error) {
    const { socket } = this;
    socket.removeAllListeners('data');
    if (this.#server.emit('clientError', error, socket)) return;
    if (socket.writable && !socket._httpMessage?.headersSent) {
      const status = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }[error.code] ?? 400;
      socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`, () => socket.destroy(error));
      return;
    }
    socket.destroy(error);
  }

  onHead(head) {
    clearTimeout(this.#timer);
    this.#timer = null;
    const server = this.#server;
    const [Request, Response] = server._messages;
    const req = new Request(this.socket);
    const { keepAlive, ...rest } = head;
    Object.assign(req, rest, { httpVersion: `${head.httpVersionMajor}.${head.httpVersionMinor}` });
    this.#request = req;
    if (head.upgrade && (req.method === 'CONNECT' || server.listenerCount('upgrade') > 0)) return 'upgrade';
    req.upgrade = false;
    const res = new Response(req, { highWaterMark: this.socket.writableHighWaterMark });
    req.res = res;
    res.shouldKeepAlive &&= keepAlive;
    res._keepAliveTimeout = server.keepAliveTimeout;
    if (diagnostics.active !== undefined) {
      diagnostics.publish('http.server.response.created', { request: req, response: res });
      diagnostics.publish('http.server.request.start', { request: req, response: res, socket: this.socket, server });
    }
    this.#answers.push(res);
    if (this.#answers.length === 1) res.assignSocket(this.socket);
    else if (this.#answers.length >= MAX_PIPELINED) this.socket.pause();
    res.on('finish', () => this.#finished(req, res));
    const expect = req.headers.expect;
    if (expect !== undefined && req.httpVersionMinor > 0) {
      if (/^100-continue$/i.test(expect)) {
        if (server.emit('checkContinue', req, res)) return false;
        res.writeContinue();
      } else if (server.emit('checkExpectation', req, res)) {
        return false;
      } else {
        res.writeHead(417);
        res.end();
        return false;
      }
    }
    server.emit('request', req, res);
    return false;
  }

  onBody(bytes) {
    const req = this.#request;
    if (req._dumped) return;
    if (!req.push(bytes)) this.socket.pause();
  }

  onEnd(trailers) {
    const req = this.#request;
    this.#request = null;
    req.rawTrailers = trailers;
    req.complete = true;
    req.push(null);
    this.#wait();
  }

  #finished(req, res) {
    const { socket } = this;
    if (diagnostics.active !== undefined) {
      diagnostics.publish('http.server.response.finish', { request: req, response: res, socket, server: this.#server });
    }
    this.#answers.shift();
    if (!req._consumed || !req.complete) req._dump();
    res.detachSocket(socket);
    process.nextTick(() => {
      if (!req.destroyed && req.readableEnded) req.destroy();
    });
    if (res._last) {
      socket.destroySoon();
      return;
    }
    if (this.#answers.length > 0) {
      this.#answers[0].assignSocket(socket);
      if (this.#answers.length < MAX_PIPELINED) socket.resume();
      return;
    }
    if (!this.#server.listening && this.isIdle) socket.destroySoon();
    else if (this.#server.keepAliveTimeout) socket.setTimeout(this.#server.keepAliveTimeout);
    socket.resume();
  }

  #upgrade(rest) {
    const { socket } = this;
    const req = this.#request;
    this.#request = null;
    this.#server._sockets.delete(this);
    for (const event of ['data', 'end', 'close', 'timeout', 'drain', 'error']) socket.removeAllListeners(event);
    socket.setTimeout(0);
    if (!this.#server.emit(req.method === 'CONNECT' ? 'connect' : 'upgrade', req, socket, rest)) socket.destroy();
  }

  #onTimeout() {
    const { socket } = this;
    const [res] = this.#answers;
    const heard = [this.#request?.emit('timeout', socket), res?.emit('timeout', socket), this.#server.emit('timeout', socket)].includes(true);
    if (!heard) socket.destroy();
  }

  #onEnd() {
    try {
      this.#parser.finish();
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (!this.#server.httpAllowHalfOpen) this.socket.end();
    else if (this.#answers.length > 0) this.#answers.at(-1)._last = true;
    else this.socket.end();
  }

  #onClose() {
    clearTimeout(this.#timer);
    this.#server._sockets.delete(this);
    const req = this.#request;
    if (req !== null && !req.complete) req.destroy(aborted());
    for (const res of this.#answers.splice(0)) {
      res.req.destroy(aborted());
      res.destroy();
    }
  }
}

function onConnection(server, socket) {
  socket.server = server;
  new Connection(server, socket);
}

module.exports = { Server, ServerResponse, _connectionListener(socket) { onConnection(this, socket); } };

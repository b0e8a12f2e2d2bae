'use strict';

// http.Server. Requests that come one after the other on a connection are answered in their order.

const EventEmitter = require('events');
const net = require('net');
const diagnostics = require('internal/diagnostics');
const { codes } = require('internal/errors');
const {
  continueExpression, freeParser, isLenient, kIncomingMessage, parsers, prepareError,
} = require('internal/http/common');
const { kUniqueHeaders, uniqueHeaders } = require('internal/http/headers');
const { IncomingMessage } = require('internal/http/incoming');
const { ConnectionsList, HTTPParser } = require('internal/http/parser');
const { ServerResponse, emitClose } = require('internal/http/response');
const spans = require('internal/perf/spans');
const { kNeedDrain } = require('internal/http');
const { Handle } = require('internal/stream_handle');
const { socketListener } = require('internal/http/server_socket');
const STATUS_CODES = require('internal/http/status_codes');
const { validateBoolean, validateFunction, validateInteger, validateObject } = require('internal/validators');

const { ERR_HTTP_REQUEST_TIMEOUT, ERR_OUT_OF_RANGE } = codes;

const kServerResponse = Symbol('ServerResponse');
const kConnections = Symbol('http.server.connections');
const kConnectionsCheckingInterval = Symbol('http.server.connectionsCheckingInterval');

function nothing() {}

function integer(options, name, fallback) {
  if (options[name] === undefined) return fallback;
  validateInteger(options[name], name, 0);
  return options[name];
}

function boolean(options, name, fallback) {
  if (options[name] === undefined) return fallback;
  validateBoolean(options[name], `options.${name}`);
  return options[name];
}

function storeHTTPOptions(options) {
  this[kIncomingMessage] = options.IncomingMessage || IncomingMessage;
  this[kServerResponse] = options.ServerResponse || ServerResponse;
  this.maxHeaderSize = integer(options, 'maxHeaderSize', undefined);
  this.insecureHTTPParser = boolean(options, 'insecureHTTPParser', undefined);
  this.requestTimeout = integer(options, 'requestTimeout', 300_000);
  this.headersTimeout = integer(options, 'headersTimeout', Math.min(60_000, this.requestTimeout));
  if (this.requestTimeout > 0 && this.headersTimeout > 0 && this.headersTimeout > this.requestTimeout) {
    throw new ERR_OUT_OF_RANGE('headersTimeout', '<= requestTimeout', options.headersTimeout);
  }
  this.keepAliveTimeout = integer(options, 'keepAliveTimeout', 5_000);
  this.keepAliveTimeoutBuffer = integer(options, 'keepAliveTimeoutBuffer', 1_000);
  this.connectionsCheckingInterval = integer(options, 'connectionsCheckingInterval', 30_000);
  this.requireHostHeader = boolean(options, 'requireHostHeader', true);
  this.joinDuplicateHeaders = boolean(options, 'joinDuplicateHeaders', undefined);
  this.rejectNonStandardBodyWrites = boolean(options, 'rejectNonStandardBodyWrites', false);
  this.optimizeEmptyRequests = boolean(options, 'optimizeEmptyRequests', false);
  if (options.shouldUpgradeCallback !== undefined) {
    validateFunction(options.shouldUpgradeCallback, 'options.shouldUpgradeCallback');
  }
  this.shouldUpgradeCallback = options.shouldUpgradeCallback ?? function () {
    return this.listenerCount('upgrade') > 0;
  };
}

function Server(options, requestListener) {
  if (!(this instanceof Server)) return new Server(options, requestListener);
  if (typeof options === 'function') {
    requestListener = options;
    options = {};
  } else if (options == null) {
    options = {};
  } else {
    validateObject(options, 'options');
  }
  storeHTTPOptions.call(this, options);
  net.Server.call(this, {
    allowHalfOpen: true, noDelay: options.noDelay ?? true, keepAlive: options.keepAlive,
    keepAliveInitialDelay: options.keepAliveInitialDelay,
    highWaterMark: options.highWaterMark,
  });
  if (requestListener) this.on('request', requestListener);
  this.httpAllowHalfOpen = false; // A client that has sent its end gets no answer, unless this is set.
  this.on('connection', connectionListener);
  this.on('listening', setupConnectionsTracking);
  this.timeout = 0;
  this.maxHeadersCount = null;
  this.maxRequestsPerSocket = 0;
  this[kConnections] = new ConnectionsList();
  this[kUniqueHeaders] = uniqueHeaders(options.uniqueHeaders);
}
Object.setPrototypeOf(Server.prototype, net.Server.prototype);
Object.setPrototypeOf(Server, net.Server);

// setupConnectionsTracking checks the connections at intervals for timeouts. this is the server.
function setupConnectionsTracking() {
  clearInterval(this[kConnectionsCheckingInterval]);
  this[kConnectionsCheckingInterval] = setInterval(checkConnections, this.connectionsCheckingInterval, this).unref();
}

function checkConnections(server) {
  if (server.headersTimeout === 0 && server.requestTimeout === 0) return;
  for (const { socket } of server[kConnections].expired(server.headersTimeout, server.requestTimeout)) {
    if (socket) socketOnError.call(socket, new ERR_HTTP_REQUEST_TIMEOUT());
  }
}

function httpServerPreClose(server) {
  server.closeIdleConnections();
  clearInterval(server[kConnectionsCheckingInterval]);
}

Server.prototype.close = function close() {
  httpServerPreClose(this);
  Reflect.apply(net.Server.prototype.close, this, arguments);
  return this;
};

Server.prototype[Symbol.asyncDispose] = async function () {
  await new Promise((resolve, reject) => this.close((error) => (error ? reject(error) : resolve())));
};

Server.prototype.closeAllConnections = function closeAllConnections() {
  for (const parser of this[kConnections].all()) parser.socket.destroy();
};

Server.prototype.closeIdleConnections = function closeIdleConnections() {
  for (const { socket } of this[kConnections].idle()) {
    if (socket && (!socket._httpMessage || socket._httpMessage.finished)) socket.destroy();
  }
};

Server.prototype.setTimeout = function setTimeout(msecs, callback) {
  this.timeout = msecs;
  if (callback) this.on('timeout', callback);
  return this;
};

Server.prototype[EventEmitter.captureRejectionSymbol] = function (error, event, ...args) {
  if (event !== 'request') {
    net.Server.prototype[EventEmitter.captureRejectionSymbol].call(this, error, event, ...args);
    return;
  }
  const res = args[1];
  if (res.headersSent || res.writableEnded) {
    res.destroy();
    return;
  }
  for (const name of res.getHeaderNames()) res.removeHeader(name);
  res.statusCode = 500;
  res.end(STATUS_CODES[500]);
};

// Connection is one connection of a server: its requests, and the answers that wait for their turn.
class Connection {
  outgoing = [];
  incoming = [];
  outgoingData = 0; // bytes held by answers without a socket
  requestsCount = 0;
  keepAliveTimeoutSet = false;

  constructor(server, socket, parser) {
    this.server = server;
    this.socket = socket;
    this.parser = parser;
    this.onData = (bytes) => this.executed(parser.execute(bytes), bytes);
    this.onEnd = () => this.ended();
    this.onClose = () => this.closed();
    this.onDrain = () => this.drained();
    this.onPendingData = (delta) => {
      this.outgoingData += delta;
      if (socket._paused && this.outgoingData < socket.writableHighWaterMark) this.drained();
    };
    socket.on('error', socketOnError);
    socket.on('data', this.onData);
    socket.on('end', this.onEnd);
    socket.on('close', this.onClose);
    socket.on('drain', this.onDrain);
    parser.onIncoming = (req, keepAlive) => this.asked(req, keepAlive);
    socket.on('resume', onSocketResume);
    socket.on('pause', onSocketPause);
    parser[HTTPParser.kOnExecute] = (result, bytes) => {
      socket._unrefTimer();
      this.executed(result, bytes);
    };
  }

  // executed handles the result of parsing a chunk.
  executed(result, bytes) {
    const { parser, socket } = this;
    if (result instanceof Error) {
      prepareError(result, parser, bytes);
      socketOnError.call(socket, result);
    } else if (parser.incoming?.upgrade && socket.parser === parser) {
      this.upgrade(result, bytes);
    }
  }

  upgrade(consumed, bytes) {
    const { parser, server, socket } = this;
    const req = parser.incoming;
    socket.removeListener('data', this.onData);
    socket.removeListener('end', this.onEnd);
    socket.removeListener('close', this.onClose);
    socket.removeListener('drain', this.onDrain);
    socket.removeListener('error', socketOnError);
    socket.removeListener('resume', onSocketResume);
    socket.removeListener('pause', onSocketPause);
    socket.removeListener('timeout', socketOnTimeout);
    unconsume(parser, socket);
    freeParser(parser, req, socket);
    const event = req.method === 'CONNECT' ? 'connect' : 'upgrade';
    if (server.listenerCount(event) === 0) {
      socket.destroy();
      return;
    }
    socket.readableFlowing = null;
    server.emit(event, req, socket, bytes.subarray(consumed));
  }

  ended() {
    const { outgoing, parser, server, socket } = this;
    const error = parser.finish();
    if (error instanceof Error) socketOnError.call(socket, error);
    else if (!server.httpAllowHalfOpen) socket.end();
    else if (outgoing.length > 0) outgoing.at(-1)._last = true;
    else if (socket._httpMessage) socket._httpMessage._last = true;
    else socket.end();
  }

  closed() {
    freeParser(this.socket.parser, null, this.socket);
    for (const req of this.incoming.splice(0)) req.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }));
  }

  drained() {
    const { socket } = this;
    if (socket._paused && this.outgoingData <= socket.writableHighWaterMark) {
      socket._paused = false;
      socket.resume();
    }
    const message = socket._httpMessage;
    if (message && !message.finished && message[kNeedDrain]) {
      message[kNeedDrain] = false;
      message.emit('drain');
    }
  }

  // asked handles a request after its head.
  asked(req, keepAlive) {
    const { server, socket } = this;
    if (this.keepAliveTimeoutSet) {
      socket.setTimeout(server.timeout || 0);
      this.keepAliveTimeoutSet = false;
    }
    if (req.upgrade) {
      req.upgrade = req.method === 'CONNECT' || Boolean(server.shouldUpgradeCallback(req));
      if (req.upgrade) return 2;
    }
    this.incoming.push(req);
    if (!socket._paused && (socket._writableState.needDrain || this.outgoingData >= socket.writableHighWaterMark)) {
      socket._paused = true;
      socket.pause(); // A client that does not read answers must not send more requests.
    }
    const res = new server[kServerResponse](req, {
      highWaterMark: socket.writableHighWaterMark, rejectNonStandardBodyWrites: server.rejectNonStandardBodyWrites,
    });
    res._keepAliveTimeout = server.keepAliveTimeout;
    res._maxRequestsPerSocket = server.maxRequestsPerSocket;
    res._onPendingData = this.onPendingData;
    res.shouldKeepAlive = keepAlive;
    res[kUniqueHeaders] = server[kUniqueHeaders];
    if (diagnostics.active !== undefined) {
      diagnostics.publish('http.server.response.created', { request: req, response: res });
      diagnostics.publish('http.server.request.start', { request: req, response: res, socket, server });
    }
    if (socket._httpMessage) this.outgoing.push(res);
    else res.assignSocket(socket);
    const start = spans.isObserved && spans.begin('http');
    res.on('finish', () => {
      if (start !== undefined) spans.endRequest('HttpRequest', start, req, res, res.getHeaders());
      this.answered(req, res);
    });
    if (req.httpVersionMajor === 1 && req.httpVersionMinor === 1 && this.modern(req, res)) return 0;
    if (server.optimizeEmptyRequests && req.headers['content-length'] === undefined &&
      req.headers['transfer-encoding'] === undefined) {
      req._dumpAndCloseReadable();
    }
    server.emit('request', req, res);
    return 0;
  }

  // modern handles the features of HTTP/1.1, and reports whether it has handled the request.
  modern(req, res) {
    const { server } = this;
    if (server.requireHostHeader && req.headers.host === undefined) {
      res.writeHead(400, ['Connection', 'close']);
      res.end();
      return true;
    }
    if (typeof server.maxRequestsPerSocket === 'number' && server.maxRequestsPerSocket > 0) {
      this.requestsCount++;
      res.maxRequestsOnConnectionReached = server.maxRequestsPerSocket <= this.requestsCount;
      if (server.maxRequestsPerSocket < this.requestsCount) {
        server.emit('dropRequest', req, this.socket);
        res.writeHead(503);
        res.end();
        return true;
      }
    }
    const { expect } = req.headers;
    if (expect === undefined) return false;
    if (continueExpression.test(expect)) {
      res._expect_continue = true;
      if (server.listenerCount('checkContinue') > 0) {
        server.emit('checkContinue', req, res);
      } else {
        res.writeContinue();
        server.emit('request', req, res);
      }
    } else if (server.listenerCount('checkExpectation') > 0) {
      server.emit('checkExpectation', req, res);
    } else {
      res.writeHead(417);
      res.end();
    }
    return true;
  }

  answered(req, res) {
    const { incoming, outgoing, server, socket } = this;
    if (diagnostics.active !== undefined) {
      diagnostics.publish('http.server.response.finish', { request: req, response: res, socket, server });
    }
    incoming.shift();
    releaseIncoming.call(req);
    // The request's body was not read, and blocks the next request.
    if (!req._consuming && !req.readableDidRead) req._dump();
    res.detachSocket(socket);
    process.nextTick(emitClose, res);
    if (res._last) {
      if (typeof socket.destroySoon === 'function') socket.destroySoon();
      else socket.end();
    } else if (outgoing.length > 0) {
      outgoing.shift().assignSocket(socket);
    } else if (server.keepAliveTimeout > 0 && Number.isFinite(server.keepAliveTimeout) &&
      typeof socket.setTimeout === 'function') {
      // A client that uses all of the announced time must not find the connection closed.
      socket.setTimeout(server.keepAliveTimeout + (server.keepAliveTimeoutBuffer >= 0 ? server.keepAliveTimeoutBuffer :
        1000));
      this.keepAliveTimeoutSet = true;
    }
  }
}

// releaseIncoming makes the parser forget a request that was read to its end. this is the request.
function releaseIncoming() {
  const parser = this.socket?.parser;
  if (parser?.incoming !== this) return;
  if (this.readableEnded) parser.incoming = null;
  else this.on('end', releaseIncoming);
}

function unconsume(parser, socket) {
  if (!parser._consumed) return;
  parser.unconsume();
  parser._consumed = false;
  for (const name of ['on', 'addListener', 'prependListener', 'setEncoding']) {
    if (Object.hasOwn(socket, name)) delete socket[name];
  }
}

function onSocketResume() {
  if (this._paused) {
    this.pause();
    return;
  }
  if (this._handle && !this._handle.reading) {
    this._handle.reading = true;
    this._handle.readStart();
  }
}

function onSocketPause() {
  if (this._handle?.reading) {
    this._handle.reading = false;
    this._handle.readStop();
  }
}

function socketOnTimeout() {
  const req = this.parser?.incoming;
  const heard = [
    req && !req.complete && req.emit('timeout', this), this._httpMessage?.emit('timeout', this),
    this.server.emit('timeout', this),
  ];
  if (!heard.includes(true)) this.destroy();
}

const statusOf = { HPE_HEADER_OVERFLOW: 431, HPE_CHUNK_EXTENSIONS_OVERFLOW: 413, ERR_HTTP_REQUEST_TIMEOUT: 408 };

// socketOnError ends a connection whose client sends no valid HTTP, or not in time. this is the socket.
function socketOnError(error) {
  this.removeListener('error', socketOnError);
  if (this.listenerCount('error') === 0) this.on('error', nothing);
  if (this.server.emit('clientError', error, this)) return;
  // An answer that has begun must not be damaged.
  if (this.writable && !this._httpMessage?._headerSent) {
    const status = statusOf[error.code] ?? 400;
    this.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`);
  }
  this._closeAfterHandlingError = true;
  this.destroy(error);
}

function connectionListener(socket) {
  socket.server = this; // Another server may have accepted it and emitted it here.
  if (this.timeout && typeof socket.setTimeout === 'function') socket.setTimeout(this.timeout);
  socket.on('timeout', socketOnTimeout);
  const parser = parsers.alloc();
  const lenient = this.insecureHTTPParser ?? isLenient();
  parser.initialize(HTTPParser.REQUEST, null, this.maxHeaderSize || require('http').maxHeaderSize,
    lenient ? HTTPParser.kLenientAll : 0, this[kConnections]);
  parser.socket = socket;
  socket.parser = parser;
  if (typeof this.maxHeadersCount === 'number') parser.maxHeaderPairs = this.maxHeadersCount << 1;
  new Connection(this, socket, parser);
  socket._paused = false;
  if (socket._handle instanceof Handle) {
    parser._consumed = true;
    parser.consume(socket._handle); // Bytes do not go through the socket's stream.
    socketListener(socket, () => unconsume(parser, socket));
  }
}

module.exports = {
  STATUS_CODES, Server, ServerResponse, _connectionListener: connectionListener, httpServerPreClose,
  kConnectionsCheckingInterval, kServerResponse,
  setupConnectionsTracking, storeHTTPOptions,
};

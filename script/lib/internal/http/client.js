'use strict';

// ClientRequest: a request, which is sent once there is a connection for it.

const contexts = require('internal/context_hook');
const diagnostics = require('internal/diagnostics');
const { codes } = require('internal/errors');
const { kOutHeaders } = require('internal/http');
const { invalidPath, isToken } = require('internal/http/common');
const { attachSocket, kContext, kError, kStart, onEarlyError } = require('internal/http/client_socket');
const { kUniqueHeaders, uniqueHeaders } = require('internal/http/headers');
const spans = require('internal/perf/spans');
const { OutgoingMessage } = require('internal/http/outgoing');
const { getTimerDuration } = require('internal/timers');
const { validateBoolean, validateInteger } = require('internal/validators');

const {
  ERR_HTTP_HEADERS_SENT, ERR_INVALID_ARG_TYPE, ERR_INVALID_HTTP_TOKEN, ERR_INVALID_PROTOCOL, ERR_UNESCAPED_CHARACTERS,
} = codes;

const kPath = Symbol('path');

const withoutBody = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);

function validateHost(host, name) {
  if (host != null && typeof host !== 'string') {
    throw new ERR_INVALID_ARG_TYPE(`options.${name}`, ['string', 'undefined', 'null'], host);
  }
  return host;
}

// optionsOf returns options and a callback of the forms that a request can be made with.
function optionsOf(input, options, callback) {
  const { isURL, urlToHttpOptions, URL } = require('internal/url');
  if (typeof input === 'string') input = urlToHttpOptions(new URL(input));
  else if (isURL(input)) input = urlToHttpOptions(input);
  else [callback, options, input] = [options, input, null];
  if (typeof options === 'function') return [input || {}, options];
  return [Object.assign(input || {}, options), callback];
}

function agentOf(options) {
  const { agent } = options;
  const defaultAgent = options._defaultAgent || require('http').globalAgent;
  if (agent === false) return [new defaultAgent.constructor(), defaultAgent];
  if (agent === null || agent === undefined) {
    return [typeof options.createConnection === 'function' ? agent : defaultAgent, defaultAgent];
  }
  if (typeof agent.addRequest !== 'function') {
    throw new ERR_INVALID_ARG_TYPE('options.agent', ['Agent-like Object', 'undefined', 'false'], agent);
  }
  return [agent, defaultAgent];
}

function ClientRequest(input, options, callback) {
  OutgoingMessage.call(this);
  [options, callback] = optionsOf(input, options, callback);
  const [agent, defaultAgent] = agentOf(options);
  this.agent = agent;
  const protocol = options.protocol || defaultAgent.protocol;
  const expected = agent?.protocol || defaultAgent.protocol;
  if (options.path) checkPath(String(options.path));
  if (protocol !== expected) throw new ERR_INVALID_PROTOCOL(protocol, expected);
  const defaultPort = options.defaultPort || agent?.defaultPort;
  const port = options.port = options.port || defaultPort || 80;
  const host = options.host = validateHost(options.hostname, 'hostname') || validateHost(options.host, 'host') ||
    'localhost';
  const setDefaults = options.setDefaultHeaders === undefined ? true : Boolean(options.setDefaultHeaders);
  const setHost = options.setHost === undefined ? setDefaults : Boolean(options.setHost);
  if (!setDefaults) this._removedConnection = this._removedContLen = this._removedTE = true;
  this.socketPath = options.socketPath;
  if (options.timeout !== undefined) this.timeout = getTimerDuration(options.timeout, 'timeout');
  if (options.signal) require('internal/streams/add-abort-signal').addAbortSignal(options.signal, this);
  this.method = methodOf(options.method);
  takeLimits(this, options);
  this[kPath] = options.path || '/';
  if (callback) this.once('response', callback);
  this.useChunkedEncodingByDefault = !withoutBody.has(this.method);
  Object.assign(this, {
    _ended: false, res: null, aborted: false, timeoutCb: null, upgradeOrConnect: false, parser: null,
    maxHeadersCount: null, reusedSocket: false,
    host, protocol,
  });
  if (agent) {
    const keeps = agent.keepAlive || Number.isFinite(agent.maxSockets); // Other agents use each connection once.
    this._last = !keeps;
    this.shouldKeepAlive = keeps;
  }
  this[kUniqueHeaders] = uniqueHeaders(options.uniqueHeaders);
  this[kContext] = contexts.bind?.((listener, socket, value) => listener.call(socket, value));
  setHeaders(this, options, setHost && host, port, defaultPort);
  if (diagnostics.active !== undefined) diagnostics.publish('http.client.request.created', { request: this });
  const connecting = { ...options };
  delete connecting.signal; // The signal aborts the request, not the connection.
  if (agent) agent.addRequest(this, connecting);
  else connectAlone(this, connecting);
}
Object.setPrototypeOf(ClientRequest.prototype, OutgoingMessage.prototype);
Object.setPrototypeOf(ClientRequest, OutgoingMessage);

function checkPath(path) {
  if (invalidPath.test(path)) throw new ERR_UNESCAPED_CHARACTERS('Request path');
}

// The headers that are sent are those that were checked.
Object.defineProperty(ClientRequest.prototype, 'path', {
  __proto__: null, configurable: true, enumerable: true,
  get() { return this[kPath]; },
  set(path) {
    checkPath(String(path));
    this[kPath] = String(path);
  },
});

function methodOf(method) {
  if (method !== null && method !== undefined && typeof method !== 'string') {
    throw new ERR_INVALID_ARG_TYPE('options.method', 'string', method);
  }
  if (!method) return 'GET';
  if (!isToken(method)) throw new ERR_INVALID_HTTP_TOKEN('Method', method);
  return method.toUpperCase();
}

function takeLimits(req, { insecureHTTPParser, joinDuplicateHeaders, maxHeaderSize }) {
  if (maxHeaderSize !== undefined) validateInteger(maxHeaderSize, 'maxHeaderSize', 0);
  req.maxHeaderSize = maxHeaderSize;
  if (insecureHTTPParser !== undefined) validateBoolean(insecureHTTPParser, 'options.insecureHTTPParser');
  req.insecureHTTPParser = insecureHTTPParser;
  if (joinDuplicateHeaders !== undefined) validateBoolean(joinDuplicateHeaders, 'options.joinDuplicateHeaders');
  req.joinDuplicateHeaders = joinDuplicateHeaders;
}

function setHeaders(req, { auth, headers }, host, port, defaultPort) {
  if (Array.isArray(headers)) { // They are sent as they are.
    req._storeHeader(`${req.method} ${req.path} HTTP/1.1\r\n`, headers);
    return;
  }
  if (headers) {
    for (const name of Object.keys(headers)) {
      if (name.toLowerCase() === 'host' && Array.isArray(headers[name])) {
        throw new ERR_INVALID_ARG_TYPE('options.headers.host', 'string', headers[name]);
      }
      req.setHeader(name, headers[name]);
    }
  }
  if (host && !req.getHeader('host')) {
    let text = host.indexOf(':') !== host.lastIndexOf(':') && host[0] !== '[' ? `[${host}]` : host;
    if (port && +port !== defaultPort) text += `:${port}`;
    req.setHeader('Host', text);
  }
  if (auth && !req.getHeader('Authorization')) {
    req.setHeader('Authorization', `Basic ${require('buffer').Buffer.from(auth).toString('base64')}`);
  }
  if (req.getHeader('expect')) req._implicitHeader();
}

function connectAlone(req, options) {
  req._last = true;
  req.shouldKeepAlive = false;
  options.path = options.socketPath;
  if (typeof options.createConnection !== 'function') {
    req.onSocket(require('net').createConnection(options));
    return;
  }
  let called = false;
  const created = (error, socket) => {
    if (called) return;
    called = true;
    if (error) process.nextTick(() => req.emit('error', error));
    else req.onSocket(socket);
  };
  try {
    const socket = options.createConnection(options, created);
    if (socket) created(null, socket);
  } catch (error) {
    created(error);
  }
}

ClientRequest.prototype._finish = function _finish() {
  OutgoingMessage.prototype._finish.call(this);
  if (spans.isObserved !== undefined) this[kStart] = spans.begin('http');
  if (diagnostics.active !== undefined) diagnostics.publish('http.client.request.start', { request: this });
};

ClientRequest.prototype._implicitHeader = function _implicitHeader() {
  if (this._header) throw new ERR_HTTP_HEADERS_SENT('render');
  this._storeHeader(`${this.method} ${this.path} HTTP/1.1\r\n`, this[kOutHeaders]);
};

ClientRequest.prototype.abort = function abort() {
  if (this.aborted) return;
  this.aborted = true;
  process.nextTick(() => this.emit('abort'));
  this.destroy();
};

ClientRequest.prototype.destroy = function destroy(error) {
  if (this.destroyed) return this;
  this.destroyed = true;
  this.res?._dump();
  this[kError] = error;
  this.socket?.destroy(error);
  return this;
};

// onSocket gives the request its connection, or an error if there is none.
ClientRequest.prototype.onSocket = function onSocket(socket, error) {
  if (socket?.connecting || socket?.destroyed) socket.on('error', onEarlyError);
  process.nextTick(attachSocket, this, socket, error);
};

function emitTimeout() {
  this._httpMessage?.emit('timeout');
}

// _listenTimeout emits the connection's 'timeout' on the request.
ClientRequest.prototype._listenTimeout = function _listenTimeout() {
  if (this.timeoutCb) return;
  this.timeoutCb = emitTimeout;
  if (this.socket) this.socket.once('timeout', emitTimeout);
  else this.on('socket', (socket) => socket.once('timeout', emitTimeout));
};

function setSocketTimeout(socket, msecs) {
  if (socket.connecting) socket.once('connect', () => socket.setTimeout(msecs));
  else socket.setTimeout(msecs);
}

ClientRequest.prototype.setTimeout = function setTimeout(msecs, callback) {
  if (this._ended) return this;
  this._listenTimeout();
  msecs = getTimerDuration(msecs, 'msecs');
  if (callback) this.once('timeout', callback);
  if (this.socket) setSocketTimeout(this.socket, msecs);
  else this.once('socket', (socket) => setSocketTimeout(socket, msecs));
  return this;
};

ClientRequest.prototype.clearTimeout = function clearTimeout(callback) {
  this.setTimeout(0, callback);
};

// whenConnected calls a method of the socket once it can be written to.
function whenConnected(req, method, args) {
  const call = () => req.socket?.[method](...args);
  const onSocket = () => {
    if (req.socket.writable) call();
    else req.socket.once('connect', call);
  };
  if (req.socket) onSocket();
  else req.once('socket', onSocket);
}

ClientRequest.prototype.setNoDelay = function setNoDelay(on) {
  whenConnected(this, 'setNoDelay', [on]);
};

ClientRequest.prototype.setSocketKeepAlive = function setSocketKeepAlive(on, delay) {
  whenConnected(this, 'setKeepAlive', [on, delay]);
};

module.exports = { ClientRequest };

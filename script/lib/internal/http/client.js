'use strict';

// ClientRequest.

const contexts = require('internal/context_hook');
const diagnostics = require('internal/diagnostics');
const { AbortError, codes } = require('internal/errors');
const { MAX_HEADER_SIZE, METHODS, invalidPath, isToken } = require('internal/http/common');
const { IncomingMessage, aborted } = require('internal/http/incoming');
const { OutgoingMessage } = require('internal/http/outgoing');
const { Parser } = require('internal/http/parser');
const { validateBoolean, validateFunction, validateInteger } = require('internal/validators');

const { ERR_INVALID_ARG_TYPE, ERR_INVALID_HTTP_TOKEN, ERR_INVALID_PROTOCOL, ERR_UNESCAPED_CHARACTERS } = codes;

const withoutBody = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);

function urlOptions(url) {
  const { hostname } = url;
  const options = {
    __proto__: null, protocol: url.protocol, hostname: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname, hash: url.hash,
    search: url.search, pathname: url.pathname, path: `${url.pathname || ''}${url.search || ''}`, href: url.href,
  };
  if (url.port !== '') options.port = Number(url.port);
  if (url.username || url.password) options.auth = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return options;
}

function hangUp() {
  return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
}

class ClientRequest extends OutgoingMessage {
  #parser = null;
  #timeout;
  #within = contexts.bind?.((fn) => contexts.bind(fn)); // has a function called in the asynchronous context of the request

  res = null;
  aborted = false;
  reusedSocket = false;
  timeoutCb = null;
  maxHeadersCount = null;

  constructor(input, options, callback) {
    super({ autoDestroy: false }); // It ends with the response.
    if (typeof input === 'string') input = urlOptions(new (require('internal/url').URL)(input));
    else if (require('internal/url').isURL?.(input)) input = urlOptions(input);
    else [callback, options, input] = [options, input, null];
    if (typeof options === 'function') {
      callback = options;
      options = input || {};
    } else {
      options = Object.assign(input || {}, options);
    }
    let { agent } = options;
    const { globalAgent, Agent } = require('internal/http/agent');
    if (agent === false) agent = new Agent();
    else if (agent == null) agent = typeof options.createConnection === 'function' ? null : require('http').globalAgent ?? globalAgent;
    else if (typeof agent.addRequest !== 'function') {
      throw new ERR_INVALID_ARG_TYPE('options.agent', ['Agent-like Object', 'undefined', 'false'], agent);
    }
    this.agent = agent;
    const expected = agent?.protocol ?? 'http:';
    const protocol = options.protocol || expected;
    if (protocol !== expected) throw new ERR_INVALID_PROTOCOL(protocol, expected);
    if (options.path && invalidPath.test(String(options.path))) throw new ERR_UNESCAPED_CHARACTERS('Request path');
    this.path = options.path ? String(options.path) : '/';
    const port = options.port ||= options.defaultPort || agent?.defaultPort || 80;
    const host = options.host = checkHost(options.hostname, 'hostname') || checkHost(options.host, 'host') || 'localhost';
    const { method } = options;
    if (method != null && typeof method !== 'string') throw new ERR_INVALID_ARG_TYPE('options.method', 'string', method);
    if (method && !isToken(method)) throw new ERR_INVALID_HTTP_TOKEN('Method', method);
    this.method = method ? method.toUpperCase() : 'GET';
    if (options.maxHeaderSize !== undefined) validateInteger(options.maxHeaderSize, 'maxHeaderSize', 0);
    this.maxHeaderSize = options.maxHeaderSize || MAX_HEADER_SIZE;
    if (options.insecureHTTPParser !== undefined) validateBoolean(options.insecureHTTPParser, 'options.insecureHTTPParser');
    this.host = host;
    this.protocol = protocol;
    this.socketPath = options.socketPath;
    this.shouldKeepAlive = agent?.keepAlive ?? false;
    this.useChunkedEncodingByDefault = !withoutBody.has(this.method);
    this._quietWithoutBody = !this.useChunkedEncodingByDefault;
    if (options.timeout !== undefined) this.#timeout = options.timeout;
    this.timeout = options.timeout;
    if (callback) {
      validateFunction(callback, 'callback');
      this.once('response', callback);
    }
    this.#setHeaders(options, host, port, agent);
    if (options.signal) require('internal/streams/add-abort-signal').addAbortSignal(options.signal, this);
    if (diagnostics.active !== undefined) diagnostics.publish('http.client.request.created', { request: this });
    if (agent) agent.addRequest(this, options);
    else this.#connectAlone(options);
  }

  #setHeaders(options, host, port, agent) {
    const { headers } = options;
    if (Array.isArray(headers)) {
      const pairs = Array.isArray(headers[0]) ? headers : headers.flatMap((name, i) => (i % 2 === 0 ? [[name, headers[i + 1]]] : []));
      for (const [name, value] of pairs) this.appendHeader(name, value);
    } else if (headers) {
      for (const name of Object.keys(headers)) this.setHeader(name, headers[name]);
    }
    if (host && !this.hasHeader('host') && options.setHost !== false && !Array.isArray(headers)) {
      let text = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
      if (port && +port !== (options.defaultPort || agent?.defaultPort || 80)) text += `:${port}`;
      this.setHeader('Host', text);
    }
    if (options.auth && !this.hasHeader('authorization')) {
      this.setHeader('Authorization', `Basic ${require('buffer').Buffer.from(options.auth).toString('base64')}`);
    }
    if (/^100-continue$/i.test(this.getHeader('expect') ?? '')) this._implicitHeader();
  }

  #connectAlone(options) {
    if (typeof options.createConnection === 'function') {
      const done = (error, socket) => {
        if (error) process.nextTick(() => this.destroy(error));
        else this.onSocket(socket);
      };
      const socket = options.createConnection(options, done);
      if (socket) this.onSocket(socket);
      return;
    }
    this.onSocket(require('net').createConnection(options.socketPath ? { ...options, path: options.socketPath } : { ...options, path: undefined }));
  }

  _implicitHeader() { this._storeHeader(`${this.method} ${this.path} HTTP/1.1\r\n`); }

  _final(callback) {
    if (diagnostics.active !== undefined) diagnostics.publish('http.client.request.start', { request: this });
    super._final(callback);
  }

  abort() {
    if (this.aborted) return;
    this.aborted = true;
    process.nextTick(() => this.emit('abort'));
    this.destroy();
  }

  onSocket(socket) {
    process.nextTick(() => this.#begin(socket));
  }

  #begin(socket) {
    if (this.destroyed) {
      if (!socket.destroyed) {
        socket.on('error', ignore);
        if (this.agent?.keepAlive && !socket.connecting) socket.emit('free');
        else socket.destroy();
      }
      return;
    }
    this.#parser = new Parser(false, this, this.maxHeaderSize);
    this.socket = socket;
    socket._httpMessage = this;
    socket.off('error', ignore);
    this._listeners = {
      data: (chunk) => this.#take(chunk), end: () => this.#onEnd(), error: (error) => this.destroy(error), close: () => this.#onClose(),
      drain: () => this.emit('drain'),
      timeout: () => {
        this.emit('timeout');
        this.res?.emit('timeout');
      },
    };
    for (const event of Object.keys(this._listeners)) {
      // The socket may have been made for another request.
      if (this.#within !== undefined) this._listeners[event] = this.#within(this._listeners[event]);
      socket.on(event, this._listeners[event]);
    }
    if (this.#timeout !== undefined) socket.setTimeout(this.#timeout);
    this.emit('socket', socket);
    this._flush();
  }

  #take(chunk) {
    try {
      const rest = this.#parser.execute(chunk);
      if (rest !== undefined) this.#upgraded(rest);
    } catch (error) {
      if (!error.code?.startsWith('HPE_')) throw error;
      error.rawPacket = chunk;
      this.socket.destroy();
      this.destroy(error);
    }
  }

  onHead(head) {
    if (head.statusCode < 200 && head.statusCode !== 101) {
      const { statusCode, statusMessage, rawHeaders } = head;
      this._informed = true;
      if (statusCode === 100) this.emit('continue');
      this.emit('information', { statusCode, statusMessage, rawHeaders, httpVersion: `${head.httpVersionMajor}.${head.httpVersionMinor}` });
      return true;
    }
    const res = new IncomingMessage(this.socket);
    const { keepAlive, upgrade, ...rest } = head;
    Object.assign(res, rest, { httpVersion: `${head.httpVersionMajor}.${head.httpVersionMinor}`, req: this, upgrade: false });
    this.res = res;
    if (!keepAlive) this.shouldKeepAlive = false;
    if ((head.statusCode === 101 && upgrade) || this.method === 'CONNECT') {
      res.upgrade = true;
      return 'upgrade';
    }
    if (diagnostics.active !== undefined) diagnostics.publish('http.client.response.finish', { request: this, response: res });
    if (this.aborted || !this.emit('response', res)) res._dump();
    return this.method === 'HEAD';
  }

  onBody(bytes) {
    if (!this.res._dumped && !this.res.push(bytes)) this.socket.pause();
  }

  onEnd(trailers) {
    if (this._informed) {
      this._informed = false;
      return;
    }
    const { res } = this;
    res.rawTrailers = trailers;
    res.complete = true;
    res.push(null);
    if (res._dumped || res.readableEnded) this.#release();
    else res.on('end', () => this.#release());
    if (res.readableLength === 0 && res.readableFlowing) res.read(0);
  }

  // #release gives the socket back, once the request is written and the response read.
  #release() {
    const { socket } = this;
    if (socket === null || socket._httpMessage !== this) return;
    if (!this.writableFinished) {
      this.once('finish', () => this.#release());
      return;
    }
    this.#detach(socket);
    if (this.shouldKeepAlive && !this._last && this.agent && !socket.destroyed) {
      if (this.#timeout !== undefined) socket.setTimeout(0);
      process.nextTick(() => {
        socket.resume();
        socket.emit('free');
      });
    } else {
      socket.destroySoon();
    }
    this.destroy();
  }

  #detach(socket) {
    socket._httpMessage = null;
    for (const [event, listener] of Object.entries(this._listeners)) socket.off(event, listener);
    socket.on('error', ignore);
  }

  #upgraded(rest) {
    const { socket, res } = this;
    this.#detach(socket);
    socket.off('error', ignore);
    socket.emit('agentRemove');
    if (!this.emit(this.method === 'CONNECT' ? 'connect' : 'upgrade', res, socket, rest)) socket.destroy();
  }

  #onEnd() {
    try {
      this.#parser.finish();
    } catch (error) {
      if (this.res === null) this.destroy(error);
      return;
    }
    if (this.res === null && !this.destroyed) this.destroy(hangUp());
  }

  #onClose() {
    const { res } = this;
    this.socket._httpMessage = null;
    if (res === null) {
      this.destroy(hangUp());
      return;
    }
    try {
      this.#parser.finish();
    } catch {
      // The response was cut off, which it is told of below.
    }
    if (!res.complete) res.destroy(aborted());
    this.destroy();
  }

  _destroy(error, callback) {
    const { socket } = this;
    if (this.res && !this.res.complete) this.res._dump();
    if (socket && socket._httpMessage === this) {
      socket._httpMessage = null;
      if (!socket.destroyed) socket.destroy();
    }
    if (!error && this.res === null && !(this.aborted && socket === null)) error = hangUp();
    if (error instanceof AbortError) this.aborted = false;
    if (error && diagnostics.active !== undefined) diagnostics.publish('http.client.request.error', { request: this, error });
    super._destroy(error, callback);
  }

  setTimeout(msecs, callback) {
    this.timeout = msecs;
    if (callback) this.once('timeout', callback);
    this.#timeout = msecs;
    if (this.socket) {
      if (this.socket.connecting) this.socket.once('connect', () => this.socket?.setTimeout(msecs));
      else this.socket.setTimeout(msecs);
    }
    return this;
  }

  clearTimeout(callback) { this.setTimeout(0, callback); }

  setNoDelay(on) {
    if (this.socket) this.socket.setNoDelay(on);
    else this.once('socket', (socket) => socket.setNoDelay(on));
  }

  setSocketKeepAlive(on, delay) {
    if (this.socket) this.socket.setKeepAlive(on, delay);
    else this.once('socket', (socket) => socket.setKeepAlive(on, delay));
  }
}

function ignore() {}

function checkHost(host, name) {
  if (host != null && typeof host !== 'string') throw new ERR_INVALID_ARG_TYPE(`options.${name}`, ['string', 'undefined', 'null'], host);
  return host;
}

module.exports = { ClientRequest, METHODS };

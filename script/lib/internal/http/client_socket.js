'use strict';

// The connection of a client's request, on which the response arrives. In functions that are named for an event, this
// is the socket.

const { finished } = require('stream');
const diagnostics = require('internal/diagnostics');
const { freeParser, isLenient, parsers, prepareError, socketOnDrain } = require('internal/http/common');
const { HTTPParser } = require('internal/http/parser');
const spans = require('internal/perf/spans');

const kError = Symbol('kError');
// calls a listener in the asynchronous context of the request; undefined if nothing uses such
// contexts
const kContext = Symbol('kContext');
const kStart = Symbol('kStart'); // time at which an observed request was sent

// forRequest returns a listener of the socket that is called in the request's context: the socket may have been made
// for another request.
function forRequest(listener) {
  return function (value) {
    const call = this._httpMessage?.[kContext];
    if (call === undefined) listener.call(this, value);
    else call(listener, this, value);
  };
}

function reset(message) {
  return Object.assign(new Error(message), { code: 'ECONNRESET' });
}

function emitError(req, error) {
  if (diagnostics.active !== undefined) diagnostics.publish('http.client.request.error', { request: req, error });
  req.emit('error', error);
}

// fail ends the request without a response.
function fail(req, error) {
  req.destroyed = true;
  if (!req.aborted && !error) error = reset('socket hang up');
  if (error) emitError(req, error);
  req._closed = true;
  req.emit('close');
}

// onEarlyError keeps the error of a connection that fails before its request listens. this is the socket.
function onEarlyError(error) {
  this[kError] = error;
}

function attachSocket(req, socket, error) {
  socket?.removeListener('error', onEarlyError);
  error ??= socket?.[kError];
  if (!req.destroyed && !error) {
    listen(req, socket);
    req._flush();
    return;
  }
  if (socket && (error || !req.agent || socket.destroyed)) {
    finished(socket.destroy(error || req[kError]), (e) => {
      if (e?.code === 'ERR_STREAM_PREMATURE_CLOSE') e = null;
      fail(req, e || error || req[kError]);
    });
    return;
  }
  socket?.emit('free');
  fail(req, error || req[kError]);
}

function listen(req, socket) {
  const parser = parsers.alloc();
  req.socket = socket;
  const lenient = req.insecureHTTPParser ?? isLenient();
  parser.initialize(HTTPParser.RESPONSE, null, req.maxHeaderSize || require('http').maxHeaderSize,
    lenient ? HTTPParser.kLenientAll : 0);
  parser.socket = socket;
  parser.outgoing = req;
  req.parser = parser;
  socket.parser = parser;
  socket._httpMessage = req;
  if (typeof req.maxHeadersCount === 'number') parser.maxHeaderPairs = req.maxHeadersCount << 1;
  parser.joinDuplicateHeaders = req.joinDuplicateHeaders;
  parser.onIncoming = onIncoming;
  socket.on('drain', socketOnDrain);
  socket.on('error', onError);
  socket.on('data', onData);
  socket.on('end', onEnd);
  socket.on('close', onClose);
  if (req.timeout !== undefined || req.agent?.options?.timeout) req._listenTimeout();
  req.emit('socket', socket);
}

function isInformational(status) {
  return status >= 100 && status < 200 && status !== 101;
}

// onIncoming is called with a response after its head. this is the parser.
function onIncoming(res, shouldKeepAlive) {
  const { socket } = this;
  const req = socket._httpMessage;
  if (req.res) { // The server answers twice.
    socket.destroy();
    return 0;
  }
  req.res = res;
  if (res.upgrade) return 2;
  if (req.method === 'CONNECT') {
    res.upgrade = true;
    return 2;
  }
  if (isInformational(res.statusCode)) {
    req.res = null; // The response follows.
    if (res.statusCode === 100) req.emit('continue');
    const { statusCode, statusMessage, httpVersion, httpVersionMajor, httpVersionMinor, headers, rawHeaders } = res;
    req.emit('information', { statusCode, statusMessage, httpVersion, httpVersionMajor, httpVersionMinor, headers,
      rawHeaders });
    return 1;
  }
  if (!shouldKeepAlive && !req.upgradeOrConnect) req.shouldKeepAlive = false;
  res.req = req;
  res.on('end', onResponseEnd);
  req.on('finish', onRequestFinish);
  if (req.timeoutCb) socket.on('timeout', onTimeout);
  if (req[kStart] !== undefined) {
    const asked = { method: req.method, url: `${req.protocol}//${req.host}${req.path}`, headers: req.getHeaders() };
    spans.endRequest('HttpClient', req[kStart], asked, res, res.headers);
  }
  if (diagnostics.active !== undefined) {
    diagnostics.publish('http.client.response.finish', { request: req, response: res });
  }
  if (req.aborted || !req.emit('response', res)) res._dump();
  if (req.method === 'HEAD') return 1;
  if (res.statusCode === 304) {
    res.complete = true;
    return 1;
  }
  return 0;
}

const onTimeout = forRequest(function () {
  this._httpMessage?.res?.emit('timeout');
});

const onData = forRequest(function (bytes) {
  const { _httpMessage: req, parser } = this;
  const result = parser.execute(bytes);
  if (result instanceof Error) {
    prepareError(result, parser, bytes);
    freeParser(parser, req, this);
    this.removeListener('data', onData);
    this.removeListener('end', onEnd);
    this.destroy();
    req.socket._hadError = true;
    emitError(req, result);
    return;
  }
  const { incoming } = parser;
  if (incoming?.upgrade) {
    upgrade(req, this, incoming, bytes.subarray(result));
  } else if (incoming?.complete && !isInformational(incoming.statusCode)) {
    this.removeListener('data', onData);
    this.removeListener('end', onEnd);
    freeParser(parser, req, this);
  }
});

function upgrade(req, socket, res, rest) {
  req.res = res;
  socket.removeListener('data', onData);
  socket.removeListener('end', onEnd);
  socket.removeListener('drain', socketOnDrain);
  if (req.timeoutCb) socket.removeListener('timeout', req.timeoutCb);
  socket.removeListener('timeout', onTimeout);
  socket.parser.finish();
  freeParser(socket.parser, req, socket);
  const event = req.method === 'CONNECT' ? 'connect' : 'upgrade';
  if (req.listenerCount(event) === 0) {
    req.destroy();
    return;
  }
  req.upgradeOrConnect = true;
  socket.emit('agentRemove'); // The script owns it from now on.
  socket.removeListener('close', onClose);
  socket.removeListener('error', onError);
  socket._httpMessage = null;
  socket.readableFlowing = null;
  req.emit(event, res, socket, rest);
  req.destroyed = true;
  req._closed = true;
  req.emit('close');
}

const onEnd = forRequest(function () {
  const { _httpMessage: req, parser } = this;
  if (!req.res && !req.socket._hadError) {
    req.socket._hadError = true;
    emitError(req, reset('socket hang up'));
  }
  if (parser) {
    parser.finish();
    freeParser(parser, req, this);
  }
  this.end();
});

const onError = forRequest(function (error) {
  const { _httpMessage: req, parser } = this;
  if (req) {
    req.socket._hadError = true; // A request has one error.
    emitError(req, error);
  }
  if (parser) {
    parser.finish();
    freeParser(parser, req, this);
  }
  this.removeListener('data', onData);
  this.removeListener('end', onEnd);
  this.destroy();
});

const onClose = forRequest(function () {
  const { _httpMessage: req, parser } = this;
  this.read(); // The received bytes still belong to the response.
  req.destroyed = true;
  const { res } = req;
  if (res) {
    if (!res.complete) res.destroy(reset('aborted'));
    req._closed = true;
    req.emit('close');
    if (!res.aborted && res.readable) res.push(null);
  } else {
    if (!req.socket._hadError) {
      req.socket._hadError = true;
      emitError(req, reset('socket hang up'));
    }
    req._closed = true;
    req.emit('close');
  }
  req.outputData.length = 0;
  if (parser) {
    parser.finish();
    freeParser(parser, req, this);
  }
});

function emitFree(req) {
  req._closed = true;
  req.emit('close');
  req.socket?.emit('free');
}

// giveBack releases the connection for other requests.
function giveBack(req) {
  const { socket } = req;
  if (req.timeoutCb) {
    socket.setTimeout(0, req.timeoutCb);
    req.timeoutCb = null;
  }
  socket.removeListener('close', onClose);
  socket.removeListener('error', onError);
  socket.removeListener('data', onData);
  socket.removeListener('end', onEnd);
  socket.removeListener('drain', socketOnDrain);
  process.nextTick(emitFree, req);
  req.destroyed = true;
  if (req.res) req.res.socket = null; // The response must not destroy a connection that another request has.
}

// this is the response.
function onResponseEnd() {
  const { req } = this;
  const { socket } = req;
  if (socket) {
    if (req.timeoutCb) socket.removeListener('timeout', req.timeoutCb);
    socket.removeListener('timeout', onTimeout);
  }
  req._ended = true;
  if (!req.shouldKeepAlive) {
    if (!socket.writable) return;
    if (typeof socket.destroySoon === 'function') socket.destroySoon();
    else socket.end();
  } else if (req.writableFinished && !this.aborted) {
    giveBack(req);
  }
}

// this is the request.
function onRequestFinish() {
  if (this.shouldKeepAlive && this._ended && !this.destroyed) giveBack(this); // Once.
}

module.exports = { attachSocket, kContext, kError, kStart, onEarlyError };

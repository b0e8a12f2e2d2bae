'use strict';

// Shared by the parts of http: checks of names and values, and the parsers of connections.

const {
  codes: { ERR_HTTP_INVALID_HEADER_VALUE, ERR_INVALID_CHAR, ERR_INVALID_HTTP_TOKEN },
} = require('internal/errors');
const { HTTPParser, methods } = require('internal/http/parser');
const { IncomingMessage, readStart, readStop } = require('internal/http/incoming');

const kIncomingMessage = Symbol('IncomingMessage');

const tokenPattern = /^[\^_`a-zA-Z\-0-9!#$%&'*+.|~]+$/;
const invalidValue = /[^\t\x20-\x7e\x80-\xff]/;

const isToken = (text) => tokenPattern.test(text);
const isInvalidValue = (text) => invalidValue.test(text);

function validateHeaderName(name, label) {
  if (typeof name !== 'string' || !name || !isToken(name)) {
    throw new ERR_INVALID_HTTP_TOKEN(label || 'Header name', name);
  }
}

function validateHeaderValue(name, value) {
  if (value === undefined) throw new ERR_HTTP_INVALID_HEADER_VALUE(value, name);
  if (invalidValue.test(value)) throw new ERR_INVALID_CHAR('header content', name);
}

let dateText;

// utcDate returns the time as a header has it, which is made once a second.
function utcDate() {
  if (dateText === undefined) {
    const now = new Date();
    dateText = now.toUTCString();
    require('internal/timers').setUnrefTimeout(() => { dateText = undefined; }, 1000 - now.getMilliseconds());
  }
  return dateText;
}

// The functions of a parser, which is this.

function onHeaders(headers, url) {
  if (this.maxHeaderPairs <= 0 || this._headers.length < this.maxHeaderPairs) {
    this._headers.push(...(this.maxHeaderPairs > 0 ? headers.slice(0, this.maxHeaderPairs) : headers));
  }
  this._url += url;
}

function onHeadersComplete(major, minor, headers, method, url, statusCode, statusMessage, upgrade, shouldKeepAlive) {
  const { socket } = this;
  const Message = socket?.server?.[kIncomingMessage] || IncomingMessage;
  const incoming = this.incoming = new Message(socket);
  incoming.httpVersionMajor = major;
  incoming.httpVersionMinor = minor;
  incoming.httpVersion = `${major}.${minor}`;
  incoming.joinDuplicateHeaders = socket?.server?.joinDuplicateHeaders || this.joinDuplicateHeaders;
  incoming.upgrade = upgrade;
  if (this.maxHeaderPairs > 0 && headers.length > this.maxHeaderPairs) headers.length = this.maxHeaderPairs;
  incoming._addHeaderLines(headers, headers.length);
  if (typeof method === 'number') {
    incoming.method = methods[method];
    incoming.url = url;
  } else {
    incoming.statusCode = statusCode;
    incoming.statusMessage = statusMessage;
  }
  return this.onIncoming(incoming, shouldKeepAlive);
}

function onBody(bytes) {
  const stream = this.incoming;
  if (stream === null || stream._dumped) return;
  if (!stream.push(bytes)) readStop(this.socket);
}

function onMessageComplete() {
  const stream = this.incoming;
  if (stream !== null && !stream.upgrade) {
    stream.complete = true;
    if (this._headers.length > 0) {
      stream._addHeaderLines(this._headers, this._headers.length);
      this._headers = [];
      this._url = '';
    }
    stream.push(null);
  }
  readStart(this.socket); // The response may have been stopped.
}

// parsers lends parsers to connections, and keeps some for the next.
const parsers = {
  max: 1000,
  list: [],
  alloc() {
    const parser = this.list.pop() ?? new HTTPParser();
    clean(parser);
    parser[HTTPParser.kOnHeaders] = onHeaders;
    parser[HTTPParser.kOnHeadersComplete] = onHeadersComplete;
    parser[HTTPParser.kOnBody] = onBody;
    parser[HTTPParser.kOnMessageComplete] = onMessageComplete;
    return parser;
  },
  free(parser) {
    if (this.list.length >= this.max) return false;
    this.list.push(parser);
    return true;
  },
};

function clean(parser) {
  parser._headers = [];
  parser._url = '';
  parser.socket = null;
  parser.incoming = null;
  parser.outgoing = null;
  parser.maxHeaderPairs = 2000;
  parser[HTTPParser.kOnMessageBegin] = null;
  parser[HTTPParser.kOnExecute] = null;
  parser[HTTPParser.kOnTimeout] = null;
  parser._consumed = false;
  parser.onIncoming = null;
  parser.joinDuplicateHeaders = null;
}

// freeParser removes a parser from its request and its socket.
function freeParser(parser, req, socket) {
  if (parser) {
    if (parser._consumed) parser.unconsume();
    clean(parser);
    parser.remove();
    if (parsers.free(parser)) parser.free();
    else setImmediate(() => parser.close());
  }
  if (req) req.parser = null;
  if (socket) socket.parser = null;
}

// prepareError adds the invalid bytes to an error.
function prepareError(error, parser, rawBytes) {
  error.rawPacket = rawBytes || parser.getCurrentBuffer();
}

// A socket's 'drain' is emitted on the message that is being written to it.
function socketOnDrain() {
  const message = this._httpMessage;
  const { kNeedDrain } = require('internal/http');
  if (message && !message.finished && message[kNeedDrain]) {
    message[kNeedDrain] = false;
    message.emit('drain');
  }
}

let warned = false;

// isLenient reports whether the flag --insecure-http-parser is set.
function isLenient() {
  const lenient = require('internal/options').has('--insecure-http-parser');
  if (lenient && !warned) {
    warned = true;
    process.emitWarning('Using insecure HTTP parsing');
  }
  return lenient;
}

module.exports = {
  HTTPParser, continueExpression: /(?:^|\W)100-continue(?:$|\W)/i, freeParser, invalidPath: /[^\u0021-\u00ff]/,
  isInvalidValue, isLenient, isToken, kIncomingMessage, methods, parsers, prepareError, socketOnDrain, utcDate,
  validateHeaderName, validateHeaderValue,
  get maxHeaderSize() {
    return Number(require('internal/options').value('--max-http-header-size')) || 16 * 1024;
  },
};

'use strict';

// The headers of an OutgoingMessage: how they are set, and how a head is made of them.

const { codes } = require('internal/errors');
const { kOutHeaders } = require('internal/http');
const { isInvalidValue, utcDate, validateHeaderName, validateHeaderValue } = require('internal/http/common');
const { validateString } = require('internal/validators');

const {
  ERR_HTTP_HEADERS_SENT, ERR_HTTP_TRAILER_INVALID, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_INVALID_CHAR,
} = codes;

const kUniqueHeaders = Symbol('kUniqueHeaders');

const isClose = /(?:^|\W)close(?:$|\W)/i;
const isChunked = /(?:^|\W)chunked(?:$|\W)/i;

// isJoined reports whether the values of a header go into one line.
function isJoined(message, name, value) {
  return (value.length >= 2 && name.length === 6 && name.toLowerCase() === 'cookie') ||
    Boolean(message[kUniqueHeaders]?.has(name.toLowerCase()));
}

// Head collects the lines of a head, and how they say that the message ends.
class Head {
  hasConnection = false;
  hasLength = false;
  hasEncoding = false;
  hasDate = false;
  hasExpect = false;
  hasTrailer = false;

  constructor(message, firstLine) {
    this.message = message;
    this.text = firstLine;
  }

  add(name, value, check) {
    if (check) validateHeaderName(name);
    if (Array.isArray(value)) {
      if (!isJoined(this.message, name, value)) {
        for (const one of value) this.addOne(name, one, check);
        return;
      }
      value = value.join('; ');
    }
    this.addOne(name, value, check);
  }

  addOne(name, value, check) {
    if (check) validateHeaderValue(name, value);
    if (this.message._contentLength && name.length === 19 && name.toLowerCase() === 'content-disposition') {
      value = require('buffer').Buffer.from(value, 'latin1').toString(); // It goes out with the body, as UTF-8.
    }
    this.text += `${name}: ${value}\r\n`;
    const { length } = name;
    if (length < 4 || length > 17) return;
    const { message } = this;
    switch (name.toLowerCase()) {
      case 'connection':
        this.hasConnection = true;
        message._removedConnection = false;
        if (isClose.test(value)) message._last = true;
        else message.shouldKeepAlive = true;
        break;
      case 'transfer-encoding':
        this.hasEncoding = true;
        message._removedTE = false;
        if (isChunked.test(value)) message.chunkedEncoding = true;
        break;
      case 'content-length':
        this.hasLength = true;
        message._contentLength = +value;
        message._removedContLen = false;
        break;
      case 'date':
        this.hasDate = true;
        break;
      case 'expect':
        this.hasExpect = true;
        break;
      case 'trailer':
        this.hasTrailer = true;
        break;
      case 'keep-alive':
        message._defaultKeepAlive = false;
        break;
    }
  }

  addAll(headers) {
    if (headers === this.message[kOutHeaders]) {
      for (const key in headers) this.add(headers[key][0], headers[key][1], false);
    } else if (!Array.isArray(headers)) {
      for (const name of Object.keys(headers)) this.add(name, headers[name], true);
    } else if (Array.isArray(headers[0])) {
      for (const [name, value] of headers) this.add(name, value, true);
    } else {
      if (headers.length % 2 !== 0) throw new ERR_INVALID_ARG_VALUE('headers', headers);
      for (let i = 0; i < headers.length; i += 2) this.add(headers[i], headers[i + 1], true);
    }
  }

  // addConnection adds the header that says whether the connection is kept.
  addConnection() {
    const { message } = this;
    if (message._removedConnection) {
      message._last = !message.shouldKeepAlive;
      return;
    }
    if (this.hasConnection) return;
    const keeps = message.shouldKeepAlive && (this.hasLength || message.useChunkedEncodingByDefault || message.agent);
    if (keeps && message.maxRequestsOnConnectionReached) {
      this.text += 'Connection: close\r\n';
    } else if (keeps) {
      this.text += 'Connection: keep-alive\r\n';
      if (message._keepAliveTimeout && message._defaultKeepAlive) {
        const max = ~~message._maxRequestsPerSocket > 0 ? `, max=${message._maxRequestsPerSocket}` : '';
        this.text += `Keep-Alive: timeout=${Math.floor(message._keepAliveTimeout / 1000)}${max}\r\n`;
      }
    } else {
      message._last = true;
      this.text += 'Connection: close\r\n';
    }
  }

  // addLength adds the header that says where the body ends.
  addLength() {
    const { message } = this;
    if (this.hasLength || this.hasEncoding) return;
    if (!message._hasBody) {
      message.chunkedEncoding = false;
    } else if (!message.useChunkedEncodingByDefault) {
      message._last = true;
    } else if (!this.hasTrailer && !message._removedContLen && typeof message._contentLength === 'number') {
      this.text += `Content-Length: ${message._contentLength}\r\n`;
    } else if (!message._removedTE) {
      this.text += 'Transfer-Encoding: chunked\r\n';
      message.chunkedEncoding = true;
    } else {
      message._last = true; // The body ends with the connection.
    }
  }
}

// The methods of an OutgoingMessage that are about its headers.
const methods = {
  // _storeHeader makes the head of its first line and of headers: an object, or names and values in a row or in pairs.
  _storeHeader(firstLine, headers) {
    const head = new Head(this, firstLine);
    if (headers) head.addAll(headers);
    if (this.sendDate && !head.hasDate) head.text += `Date: ${utcDate()}\r\n`;
    if (this.chunkedEncoding && (this.statusCode === 204 || this.statusCode === 304)) { // These have no body.
      this.chunkedEncoding = false;
      this.shouldKeepAlive = false;
    }
    head.addConnection();
    head.addLength();
    if (this.chunkedEncoding !== true && head.hasTrailer) throw new ERR_HTTP_TRAILER_INVALID();
    this._header = `${head.text}\r\n`;
    this._headerSent = false;
    if (head.hasExpect) this._send(''); // The peer is waited for.
  },

  setHeader(name, value) {
    if (this._header) throw new ERR_HTTP_HEADERS_SENT('set');
    validateHeaderName(name);
    validateHeaderValue(name, value);
    (this[kOutHeaders] ??= { __proto__: null })[name.toLowerCase()] = [name, value];
    return this;
  },

  setHeaders(headers) {
    if (this._header) throw new ERR_HTTP_HEADERS_SENT('set');
    if (!headers || Array.isArray(headers) || typeof headers.keys !== 'function' || typeof headers.get !== 'function') {
      throw new ERR_INVALID_ARG_TYPE('headers', ['Headers', 'Map'], headers);
    }
    const cookies = [];
    for (const [name, value] of headers) {
      if (name === 'set-cookie') cookies.push(...[].concat(value));
      else this.setHeader(name, value);
    }
    if (cookies.length > 0) this.setHeader('set-cookie', cookies);
    return this;
  },

  appendHeader(name, value) {
    if (this._header) throw new ERR_HTTP_HEADERS_SENT('append');
    validateHeaderName(name);
    validateHeaderValue(name, value);
    const headers = this[kOutHeaders] ??= { __proto__: null };
    const entry = headers[name.toLowerCase()];
    if (entry === undefined) headers[name.toLowerCase()] = [name, value];
    else entry[1] = [].concat(entry[1], value);
    return this;
  },

  getHeader(name) {
    validateString(name, 'name');
    return this[kOutHeaders]?.[name.toLowerCase()]?.[1];
  },

  getHeaderNames() { return this[kOutHeaders] === null ? [] : Object.keys(this[kOutHeaders]); },
  getRawHeaderNames() {
    return this[kOutHeaders] === null ? [] : Object.values(this[kOutHeaders]).map(([name]) => name);
  },

  getHeaders() {
    const all = { __proto__: null };
    for (const key in this[kOutHeaders]) all[key] = this[kOutHeaders][key][1];
    return all;
  },

  hasHeader(name) {
    validateString(name, 'name');
    return this[kOutHeaders] !== null && this[kOutHeaders][name.toLowerCase()] !== undefined;
  },

  removeHeader(name) {
    validateString(name, 'name');
    if (this._header) throw new ERR_HTTP_HEADERS_SENT('remove');
    const key = name.toLowerCase();
    switch (key) {
      case 'connection':
        this._removedConnection = true;
        break;
      case 'content-length':
        this._removedContLen = true;
        break;
      case 'transfer-encoding':
        this._removedTE = true;
        break;
      case 'date':
        this.sendDate = false;
        break;
    }
    if (this[kOutHeaders] !== null) delete this[kOutHeaders][key];
  },

  _renderHeaders() {
    if (this._header) throw new ERR_HTTP_HEADERS_SENT('render');
    const all = {};
    for (const key in this[kOutHeaders]) all[this[kOutHeaders][key][0]] = this[kOutHeaders][key][1];
    return all;
  },

  // addTrailers sets the headers after the body.
  addTrailers(headers) {
    this._trailer = '';
    const add = (name, value) => {
      if (isInvalidValue(value)) throw new ERR_INVALID_CHAR('trailer content', name);
      this._trailer += `${name}: ${value}\r\n`;
    };
    for (const [name, value] of Array.isArray(headers) ? headers : Object.entries(headers)) {
      validateHeaderName(name, 'Trailer name');
      if (!Array.isArray(value)) add(name, value);
      else if (value.length > 1 && !this[kUniqueHeaders]?.has(name.toLowerCase())) value.forEach((one) =>
        add(name, one));
      else add(name, value.join('; '));
    }
  },
};

// uniqueHeaders returns the names, as an option gives them, of headers whose values go into one line.
function uniqueHeaders(names) {
  if (!Array.isArray(names)) return null;
  return new Set(names.map((name) => String(name).toLowerCase()));
}

module.exports = { isChunked, kUniqueHeaders, methods, uniqueHeaders };

'use strict';

// A parser of HTTP/1 messages. It takes bytes as they come, in pieces of any size, and calls its handler:
//   onHead(head): returns true if the message has no body, whatever its head says, and 'upgrade' if what follows is no HTTP
//   onBody(bytes), and onEnd(trailers)
// What is no HTTP is an error with one of the codes that Node has.

const { MAX_HEADER_SIZE, METHODS, isToken } = require('internal/http/common');

const [HEAD, LENGTH, UNTIL_END, CHUNK_SIZE, CHUNK, CHUNK_END, TRAILERS, DEAD] = [0, 1, 2, 3, 4, 5, 6, 7];

const MAX_CHUNK_LINE = 4096;
const LONGEST_METHOD = Math.max(...METHODS.map((method) => method.length));

const reasons = {
  HPE_INVALID_METHOD: 'Invalid method encountered', HPE_INVALID_CONSTANT: 'Expected HTTP/', HPE_INVALID_URL: 'Invalid characters in url',
  HPE_INVALID_VERSION: 'Invalid HTTP version', HPE_INVALID_HEADER_TOKEN: 'Invalid header token', HPE_HEADER_OVERFLOW: 'Header overflow',
  HPE_INVALID_CONTENT_LENGTH: 'Invalid character in Content-Length', HPE_UNEXPECTED_CONTENT_LENGTH: 'Content-Length can\'t be present with Transfer-Encoding',
  HPE_INVALID_CHUNK_SIZE: 'Invalid character in chunk size', HPE_STRICT: 'Expected LF after chunk data', HPE_INVALID_STATUS: 'Invalid status code',
  HPE_INVALID_EOF_STATE: 'Invalid EOF state', HPE_INVALID_TRANSFER_ENCODING: 'Request has invalid `Transfer-Encoding`',
};

function failure(code) {
  return Object.assign(new Error(`Parse Error: ${reasons[code]}`), { code, reason: reasons[code], bytesParsed: 0 });
}

class Parser {
  #request;
  #handler;
  #limit;
  #state = HEAD;
  #kept = null; // the beginning of a line or of a head
  #left = 0; // of a body or a chunk

  constructor(isRequest, handler, limit = MAX_HEADER_SIZE) {
    this.#request = isRequest;
    this.#handler = handler;
    this.#limit = limit;
  }

  // idle reports whether nothing of a message has come.
  get idle() { return this.#state === HEAD && this.#kept === null; }

  // execute takes bytes. It returns what follows an upgrade, undefined otherwise.
  execute(bytes) {
    let at = 0;
    if (this.#kept !== null) {
      bytes = require('buffer').Buffer.concat([this.#kept, bytes]);
      this.#kept = null;
    }
    while (at < bytes.length) {
      switch (this.#state) {
        case HEAD:
        case TRAILERS: {
          // Empty lines before a message are skipped.
          while (this.#state === HEAD && at < bytes.length && (bytes[at] === 13 || bytes[at] === 10)) at++;
          if (at === bytes.length) return undefined;
          if (this.#state === HEAD && this.#request) this.#checkMethod(bytes.latin1Slice(at, Math.min(at + LONGEST_METHOD + 1, bytes.length)));
          const empty = this.#state === TRAILERS && bytes[at] === 13;
          const end = empty ? bytes.indexOf('\r\n', at) : bytes.indexOf('\r\n\r\n', at);
          if ((end < 0 ? bytes.length : end) - at > this.#limit) this.#fail('HPE_HEADER_OVERFLOW');
          if (end < 0) {
            this.#keep(bytes, at);
            return undefined;
          }
          const text = bytes.latin1Slice(at, end);
          at = end + (empty ? 2 : 4);
          if (this.#state === TRAILERS) this.#end(this.#headers(text === '' ? [] : text.split('\r\n')));
          else if (this.#head(text)) return bytes.subarray(at);
          break;
        }
        case LENGTH:
        case CHUNK: {
          const n = Math.min(this.#left, bytes.length - at);
          this.#left -= n;
          if (this.#left === 0 && this.#state === CHUNK) this.#state = CHUNK_END;
          this.#handler.onBody(bytes.subarray(at, at + n));
          at += n;
          if (this.#left === 0 && this.#state === LENGTH) this.#end([]);
          break;
        }
        case UNTIL_END:
          this.#handler.onBody(bytes.subarray(at));
          return undefined;
        case CHUNK_SIZE: {
          const end = bytes.indexOf('\r\n', at);
          if ((end < 0 ? bytes.length : end) - at > MAX_CHUNK_LINE) this.#fail('HPE_INVALID_CHUNK_SIZE');
          if (end < 0) {
            this.#keep(bytes, at);
            return undefined;
          }
          const match = /^([0-9a-fA-F]{1,12})[ \t]*(;|$)/.exec(bytes.latin1Slice(at, end));
          if (!match) this.#fail('HPE_INVALID_CHUNK_SIZE');
          this.#left = parseInt(match[1], 16);
          this.#state = this.#left === 0 ? TRAILERS : CHUNK;
          at = end + 2;
          break;
        }
        case CHUNK_END:
          if (bytes.length - at < 2) {
            this.#keep(bytes, at);
            return undefined;
          }
          if (bytes[at] !== 13 || bytes[at + 1] !== 10) this.#fail('HPE_STRICT');
          this.#state = CHUNK_SIZE;
          at += 2;
          break;
        default:
          return undefined;
      }
    }
    return undefined;
  }

  // #checkMethod refuses what cannot be a request before all of its head is there.
  #checkMethod(beginning) {
    const space = beginning.indexOf(' ');
    const word = space < 0 ? beginning : beginning.slice(0, space);
    if (space < 0 ? !METHODS.some((method) => method.startsWith(word)) : !METHODS.includes(word)) this.#fail('HPE_INVALID_METHOD');
  }

  #keep(bytes, at) {
    this.#kept = require('buffer').Buffer.from(bytes.subarray(at));
  }

  #fail(code) {
    this.#state = DEAD;
    throw failure(code);
  }

  #end(trailers) {
    this.#state = HEAD;
    this.#handler.onEnd(trailers);
  }

  #headers(lines) {
    const raw = [];
    for (const line of lines) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon);
      if (colon <= 0 || !isToken(name)) this.#fail('HPE_INVALID_HEADER_TOKEN');
      const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '');
      if (/[\0\r\n]/.test(value)) this.#fail('HPE_INVALID_HEADER_TOKEN');
      raw.push(name, value);
    }
    return raw;
  }

  #firstLine(line) {
    if (this.#request) {
      const match = /^([A-Z-]+) ([^ ]+) HTTP\/(\d)\.(\d)$/.exec(line);
      if (!match || !METHODS.includes(match[1])) {
        const [method, url] = line.split(' ');
        if (!METHODS.includes(method)) this.#fail('HPE_INVALID_METHOD');
        this.#fail(url === undefined || url === '' ? 'HPE_INVALID_URL' : 'HPE_INVALID_CONSTANT');
      }
      const [, method, url, major, minor] = match;
      if (major !== '1') this.#fail('HPE_INVALID_VERSION');
      return { method, url, httpVersionMajor: +major, httpVersionMinor: +minor };
    }
    const match = /^HTTP\/(\d)\.(\d) (\d{3})(?: (.*))?$/.exec(line);
    if (!match) this.#fail(line.startsWith('HTTP/') ? 'HPE_INVALID_STATUS' : 'HPE_INVALID_CONSTANT');
    const [, major, minor, status, message = ''] = match;
    return { statusCode: +status, statusMessage: message, httpVersionMajor: +major, httpVersionMinor: +minor };
  }

  // #head looks at the head of a message, and returns whether what follows is no HTTP.
  #head(text) {
    const lines = text.split('\r\n');
    const head = this.#firstLine(lines.shift());
    head.rawHeaders = this.#headers(lines);
    let length;
    let chunked = false;
    let encoded = false;
    const connection = [];
    let upgrade = false;
    for (let i = 0; i < head.rawHeaders.length; i += 2) {
      const value = head.rawHeaders[i + 1];
      switch (head.rawHeaders[i].toLowerCase()) {
        case 'content-length':
          if (!/^\d{1,15}$/.test(value) || (length !== undefined && length !== +value)) this.#fail('HPE_INVALID_CONTENT_LENGTH');
          length = +value;
          break;
        case 'transfer-encoding':
          encoded = true;
          chunked = /(^|,)[ \t]*chunked$/i.test(value);
          break;
        case 'connection':
          connection.push(...value.toLowerCase().split(/[ \t]*,[ \t]*/));
          break;
        case 'upgrade':
          upgrade = true;
          break;
      }
    }
    if (encoded && length !== undefined) this.#fail('HPE_UNEXPECTED_CONTENT_LENGTH');
    if (encoded && !chunked && this.#request) this.#fail('HPE_INVALID_TRANSFER_ENCODING');
    const modern = head.httpVersionMinor > 0;
    head.keepAlive = modern ? !connection.includes('close') : connection.includes('keep-alive');
    head.upgrade = (upgrade && connection.includes('upgrade')) || head.method === 'CONNECT';
    const { statusCode } = head;
    const none = statusCode !== undefined && (statusCode < 200 || statusCode === 204 || statusCode === 304);
    const untilEnd = !this.#request && !chunked && length === undefined && !none;
    if (untilEnd) head.keepAlive = false;

    const skip = this.#handler.onHead(head);
    if (skip === 'upgrade') {
      this.#state = DEAD;
      return true;
    }
    if (skip || none || (length === 0 && !chunked) || (this.#request && !chunked && length === undefined)) {
      this.#end([]);
    } else if (chunked) {
      this.#state = CHUNK_SIZE;
    } else if (length !== undefined) {
      this.#left = length;
      this.#state = LENGTH;
    } else {
      this.#state = UNTIL_END;
    }
    return false;
  }

  // finish is called when nothing more comes. It throws if that is in the middle of a message.
  finish() {
    if (this.#state === UNTIL_END) {
      this.#end([]);
      return;
    }
    if (this.idle || this.#state === DEAD) return;
    this.#fail('HPE_INVALID_EOF_STATE');
  }
}

module.exports = { Parser };

'use strict';

// HTTPParser, as Node's internals have it, over the parser in Go: results are passed to functions, which are the
// properties with the numbers below.

const { FastBuffer } = require('internal/buffer');

const binding = internalBinding('http');

const [kOnMessageBegin, kOnHeaders, kOnHeadersComplete, kOnBody, kOnMessageComplete, kOnExecute, kOnTimeout] =
  [0, 1, 2, 3, 4, 5, 6];

const [REQUEST, RESPONSE] = [1, 2];

// Events in the last three bits of next's result. Go has the same numbers in http1/parser.go and host/http.go.
const [MORE, HEAD, BODY, MESSAGE, UPGRADE, FAILED] = [0, 1, 2, 3, 4, 5];

const DEFAULT_LIMIT = 16 * 1024;

// ConnectionsList has the parsers of a server's connections.
class ConnectionsList {
  parsers = new Set();

  all() { return [...this.parsers]; }
  idle() { return this.all().filter((parser) => parser.started === 0); }
  active() { return this.all().filter((parser) => parser.started !== 0); }

  // expired returns, once each, the parsers whose head or request has taken longer than its timeout: milliseconds, 0 for
  // none.
  expired(headersTimeout, requestTimeout) {
    const now = performance.now();
    const found = [];
    for (const parser of this.parsers) {
      if (parser.started === 0 || parser.hasExpired) continue;
      const taken = now - parser.started;
      if ((headersTimeout > 0 && !parser.headersDone && taken > headersTimeout) ||
        (requestTimeout > 0 && taken > requestTimeout)) {
        parser.hasExpired = true;
        found.push(parser);
      }
    }
    return found;
  }
}

class HTTPParser {
  #native = null;
  #isRequest;
  #list = null;
  #current; // the argument of execute
  #handle = null; // the consumed handle
  #before; // the former owner of the bytes

  started = 0; // time at which the message began; 0: none has
  headersDone = false;
  hasExpired = false;

  initialize(type, resource, limit = 0, lenient = 0, list = undefined) {
    this.#isRequest = type === REQUEST;
    this.#native = binding.parser(this.#isRequest, limit || DEFAULT_LIMIT, Boolean(lenient));
    this.headersDone = this.hasExpired = false;
    this.started = 0;
    if (list !== undefined) {
      this.#list = list;
      list.parsers.add(this);
      this.started = performance.now(); // A client that sends nothing has no more time than one that sends slowly.
    }
  }

  // execute returns the number of consumed bytes, or the error of an invalid message.
  execute(bytes, offset = 0, length = bytes.length - offset) {
    const native = this.#native;
    if (native === null) return 0;
    this.#current = bytes;
    const end = offset + length;
    let at = offset;
    for (;;) {
      if (this.#idle) {
        if (at === end) break;
        this.#begin();
      }
      const result = native.next(bytes, at, end);
      const from = at;
      const event = result & 7;
      at += (result - event) / 8;
      if (event === MORE) {
        if (at === end) break;
      } else if (event === BODY) {
        this[kOnBody]?.(new FastBuffer(bytes.buffer, bytes.byteOffset + from, at - from));
      } else if (event === FAILED) {
        return this.#failed(at - offset);
      } else {
        this.#tell(native, event);
        if (event === UPGRADE) break;
      }
      if (this.#native !== native) break; // It was freed, or is used for something else.
    }
    this.#current = undefined;
    return at - offset;
  }

  #idle = true;

  #begin() {
    this.#idle = false;
    if (this.#list !== null) {
      this.started = performance.now();
      this.headersDone = this.hasExpired = false;
    }
    this[kOnMessageBegin]?.();
  }

  #tell(native, event) {
    if (event === HEAD) {
      this.headersDone = true;
      const [major, minor, headers, method, url, status, reason, upgrade, keepAlive] = native.head();
      const how = this.#isRequest ?
        this[kOnHeadersComplete]?.(major, minor, headers, binding.methods.indexOf(method), url, undefined, undefined,
          upgrade, keepAlive) :
        this[kOnHeadersComplete]?.(major, minor, headers, undefined, undefined, status, reason, upgrade, keepAlive);
      if (how) native.begin(how);
      return;
    }
    const trailers = native.trailers();
    if (trailers.length > 0) this[kOnHeaders]?.(trailers, '');
    this.started = 0;
    this.#idle = true;
    this[kOnMessageComplete]?.();
  }

  #failed(bytesParsed) {
    const [code, reason] = this.#native.failure();
    return Object.assign(new Error(`Parse Error: ${reason}`), { bytesParsed, code, reason });
  }

  // finish is called at the end of the connection. It returns an error if a message is incomplete.
  finish() {
    const native = this.#native;
    if (native === null) return undefined;
    const event = native.finish() & 7;
    if (event === FAILED) return this.#failed(0);
    if (event !== MORE) this.#tell(native, event);
    return undefined;
  }

  // consume makes the parser get the bytes of a handle before its socket does.
  consume(handle) {
    this.#handle = handle;
    this.#before = handle.ondata;
    handle.ondata = (chunk) => {
      const bytes = new FastBuffer(chunk.buffer, chunk.byteOffset, chunk.length);
      const result = this.execute(bytes);
      this[kOnExecute]?.(result, bytes); // It may have been freed meanwhile.
    };
  }

  unconsume() {
    if (this.#handle === null) return;
    this.#handle.ondata = this.#before;
    this.#handle = this.#before = null;
  }

  getCurrentBuffer() { return this.#current; }
  headersCompleted() { return this.headersDone; }
  duration() { return this.started === 0 ? 0 : performance.now() - this.started; }

  remove() {
    this.#list?.parsers.delete(this);
    this.#list = null;
  }

  free() { this.#release(); }
  close() { this.#release(); }

  #release() {
    this.unconsume();
    this.remove();
    this.#native = null;
    this.#idle = true;
    this.#current = undefined;
  }

}

Object.assign(HTTPParser, {
  REQUEST, RESPONSE, kOnMessageBegin, kOnHeaders, kOnHeadersComplete, kOnBody, kOnMessageComplete, kOnExecute,
  kOnTimeout,
  kLenientNone: 0, kLenientAll: 255,
});

module.exports = { ConnectionsList, HTTPParser, methods: binding.methods };

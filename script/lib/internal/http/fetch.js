'use strict';

// fetch, Headers and Response, as far as http carries them: no https, no cache, no cookies, and bodies are read whole.

const { methods: METHODS, validateHeaderName, validateHeaderValue } = require('internal/http/common');

const MAX_REDIRECTS = 20;

class Headers {
  #list = new Map(); // values by the name in small letters
  #cookies = []; // values of set-cookie, which are not joined

  constructor(init) {
    if (init == null) return;
    const pairs = typeof init[Symbol.iterator] === 'function' ? init : Object.entries(init);
    for (const [name, value] of pairs) this.append(name, value);
  }

  append(name, value) {
    if (String(name).toLowerCase() === 'set-cookie') {
      validateHeaderValue(name, value);
      this.#cookies.push(String(value).trim());
      return;
    }
    const before = this.get(name);
    this.set(name, before === null ? value : `${before}, ${value}`);
  }

  set(name, value) {
    validateHeaderName(name);
    value = String(value).trim();
    validateHeaderValue(name, value);
    if (name.toLowerCase() === 'set-cookie') this.#cookies = [value];
    else this.#list.set(name.toLowerCase(), value);
  }

  get(name) {
    name = String(name).toLowerCase();
    if (name === 'set-cookie') return this.#cookies.length > 0 ? this.#cookies.join(', ') : null;
    return this.#list.get(name) ?? null;
  }

  has(name) { return this.get(name) !== null; }

  delete(name) {
    name = String(name).toLowerCase();
    if (name === 'set-cookie') this.#cookies = [];
    else this.#list.delete(name);
  }

  getSetCookie() { return [...this.#cookies]; }
  forEach(fn, self) { for (const [name, value] of this) fn.call(self, value, name, this); }
  keys() { return [...this].map(([name]) => name).values(); }
  values() { return [...this].map(([, value]) => value).values(); }
  entries() {
    const all = [...this.#list, ...this.#cookies.map((cookie) => ['set-cookie', cookie])];
    return all.sort(([a], [b]) => (a < b ? -1 : Number(a > b))).values();
  }

  [Symbol.iterator]() { return this.entries(); }
  get [Symbol.toStringTag]() { return 'Headers'; }
}

// bytesOf returns a body as bytes, and its default type.
function bytesOf(body) {
  const { Buffer } = require('buffer');
  if (body == null) return [null, undefined];
  if (ArrayBuffer.isView(body)) return [Buffer.from(body.buffer, body.byteOffset, body.byteLength), undefined];
  if (body instanceof ArrayBuffer) return [Buffer.from(body), undefined];
  if (body instanceof require('internal/url').URLSearchParams) {
    return [Buffer.from(String(body)), 'application/x-www-form-urlencoded;charset=UTF-8'];
  }
  return [Buffer.from(String(body)), 'text/plain;charset=UTF-8'];
}

class Response {
  #read; // gives the bytes of the body
  #used = false;

  constructor(body = null, { status = 200, statusText = '', headers } = {}) {
    if (!(status >= 200 && status <= 599)) {
      throw new RangeError(`init["status"] must be in the range of 200 to 599, inclusive.`);
    }
    this.status = status;
    this.statusText = statusText;
    this.headers = new Headers(headers);
    this.url = '';
    this.redirected = false;
    this.type = 'default';
    const [bytes, type] = typeof body === 'function' ? [null, undefined] : bytesOf(body);
    if (type !== undefined && !this.headers.has('content-type')) this.headers.set('content-type', type);
    this.#read = typeof body === 'function' ? body : async () => bytes ?? require('buffer').Buffer.alloc(0);
  }

  get ok() { return this.status >= 200 && this.status < 300; }
  get bodyUsed() { return this.#used; }

  async bytes() {
    if (this.#used) throw new TypeError('Body is unusable: Body has already been read');
    this.#used = true;
    return this.#read();
  }

  async arrayBuffer() {
    const bytes = await this.bytes();
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  }

  async text() { return new (require('internal/encoding').TextDecoder)().decode(await this.bytes()); }
  async json() { return JSON.parse(await this.text()); }
  async blob() {
    return new (require('buffer').Blob)([await this.bytes()], { type: this.headers.get('content-type') ?? '' });
  }

  static json(value, init) {
    const response = new Response(JSON.stringify(value), init);
    if (!new Headers(init?.headers).has('content-type')) response.headers.set('content-type', 'application/json');
    return response;
  }
}

function failed(cause) {
  return new TypeError('fetch failed', { cause });
}

async function fetch(input, init = {}) {
  const { URL } = require('internal/url');
  let url = new URL(typeof input === 'object' && input !== null && 'url' in input ? input.url : String(input));
  let method = String(init.method ?? 'GET').toUpperCase();
  if (!METHODS.includes(method) || ['CONNECT', 'TRACE'].includes(method)) {
    throw new TypeError(`'${init.method}' is not a valid HTTP method.`);
  }
  let [body, type] = bytesOf(init.body);
  if (body !== null && (method === 'GET' || method === 'HEAD')) {
    throw new TypeError('Request with GET/HEAD method cannot have body.');
  }
  const headers = new Headers(init.headers);
  if (type !== undefined && !headers.has('content-type')) headers.set('content-type', type);
  for (const [name, value] of [['accept', '*/*'], ['user-agent', 'node']]) {
    if (!headers.has(name)) headers.set(name, value);
  }
  for (let redirects = 0; ; redirects++) {
    const res = await send(url, method, headers, body, init.signal);
    const { location } = res.headers;
    const moved = [301, 302, 303, 307, 308].includes(res.statusCode) && location !== undefined;
    if (!moved || init.redirect === 'manual') return toResponse(res, url, redirects > 0, init.signal);
    res.resume();
    if (init.redirect === 'error') throw failed(new Error('unexpected redirect'));
    if (redirects === MAX_REDIRECTS) throw failed(new Error('redirect count exceeded'));
    const next = new URL(location, url);
    if (next.origin !== url.origin) {
      headers.delete('authorization');
      headers.delete('cookie');
    }
    url = next;
    if ((res.statusCode === 303 && method !== 'HEAD') || ((res.statusCode === 301 || res.statusCode === 302) &&
      method === 'POST')) {
      method = 'GET';
      body = null;
      for (const name of ['content-type', 'content-length']) headers.delete(name);
    }
  }
}

function send(url, method, headers, body, signal) {
  signal?.throwIfAborted();
  if (url.protocol === 'https:') throw failed(new (require('internal/errors').codes.ERR_NO_CRYPTO)());
  if (url.protocol !== 'http:') throw failed(new Error('unknown scheme'));
  const { ClientRequest } = require('internal/http/client');
  return new Promise((resolve, reject) => {
    const req = new ClientRequest(url, { method, headers: Object.fromEntries(headers), signal }, resolve);
    req.on('error', (error) => reject(signal?.aborted ? signal.reason : failed(error)));
    req.end(body ?? undefined);
  });
}

function toResponse(res, url, redirected, signal) {
  const read = () => new Promise((resolve, reject) => {
    const chunks = [];
    res.on('data', (chunk) => chunks.push(chunk));
    res.on('end', () => resolve(require('buffer').Buffer.concat(chunks)));
    res.on('error', (error) => reject(signal?.aborted ? signal.reason : new TypeError('terminated', { cause: error })));
  });
  const headers = [];
  for (let i = 0; i < res.rawHeaders.length; i += 2) headers.push([res.rawHeaders[i], res.rawHeaders[i + 1]]);
  const response = new Response(read, { status: res.statusCode, statusText: res.statusMessage, headers });
  response.url = url.href;
  response.redirected = redirected;
  response.type = 'basic';
  return response;
}

module.exports = { Headers, Response, fetch };

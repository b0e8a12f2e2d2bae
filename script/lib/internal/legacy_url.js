'use strict';

// The URLs of url.parse, as Node had them before the standard: any text is split into parts somehow.

const { codes: { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE } } = require('internal/errors');
const { invalidURL } = require('internal/url');
const { validateString } = require('internal/validators');

const { nameToASCII } = internalBinding('url');

function Url() {
  this.protocol = null;
  this.slashes = null;
  this.auth = null;
  this.host = null;
  this.port = null;
  this.hostname = null;
  this.hash = null;
  this.search = null;
  this.query = null;
  this.pathname = null;
  this.path = null;
  this.href = null;
}

const withoutHost = new Set(['javascript', 'javascript:']);
const slashedNames = ['http', 'https', 'ftp', 'gopher', 'file', 'ws', 'wss'];
const slashed = new Set(slashedNames.flatMap((name) => [name, `${name}:`]));

const maxHostname = 255;

function isIPv6(hostname) {
  return hostname.startsWith('[') && hostname.endsWith(']');
}

// tidy returns a URL without blanks around it, and with slashes in place of the backslashes before its query.
function tidy(url) {
  let last = url.length;
  while (last > 0 && /[\0-\x20\xa0\ufeff]/.test(url[last - 1])) last--;
  const trimmed = url.slice(0, last).replace(/^[\0-\x20\xa0\ufeff]+/, '');
  const end = trimmed.search(/[?#]/);
  if (end === -1) return trimmed.replaceAll('\\', '/');
  return trimmed.slice(0, end).replaceAll('\\', '/') + trimmed.slice(end);
}

const escapes = { __proto__: null, '\t': '%09', '\n': '%0A', '\r': '%0D' };

function escapeUnsafe(text) {
  return text.replace(/[\t\n\r "'<>\\^`{|}]/g, (c) => escapes[c] ?? `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

Url.prototype.parse = function parse(url, parseQueryString, slashesDenoteHost) {
  validateString(url, 'url');
  let rest = tidy(url);
  if (!slashesDenoteHost && !rest.includes('#') && !rest.includes('@')) {
    const simple = /^(\/\/?(?!\/)[^?\s]*)(\?[^\s]*)?$/.exec(rest);
    if (simple) {
      this.path = this.href = rest;
      this.pathname = simple[1];
      setQuery(this, simple[2], parseQueryString);
      return this;
    }
  }
  const protocol = /^[a-z0-9.+-]+:/i.exec(rest)?.[0];
  const lower = protocol?.toLowerCase();
  if (protocol !== undefined) {
    this.protocol = lower;
    rest = rest.slice(protocol.length);
  }
  let hasSlashes = false;
  if (slashesDenoteHost || protocol !== undefined || /^\/\/[^@/]+@[^@/]+/.test(rest)) {
    hasSlashes = rest.startsWith('//');
    if (hasSlashes && !withoutHost.has(lower)) {
      rest = rest.slice(2);
      this.slashes = true;
    }
  }
  if (!withoutHost.has(lower)) {
    if (hasSlashes || (protocol !== undefined && !slashed.has(protocol))) rest = parseAuthority(this, rest, url);
    rest = escapeUnsafe(rest);
  }
  parseRest(this, rest, parseQueryString);
  if (slashed.has(lower) && this.hostname && !this.pathname) this.pathname = '/';
  setPath(this);
  this.href = this.format();
  return this;
};

function setQuery(self, search, parseQueryString) {
  if (search !== undefined) {
    self.search = search;
    self.query = search.slice(1);
    if (parseQueryString) self.query = require('querystring').parse(self.query);
  } else if (parseQueryString) {
    self.search = null;
    self.query = { __proto__: null };
  }
}

// setPath sets path, if there is a pathname or a query.
function setPath(self) {
  if (self.pathname || self.search) self.path = (self.pathname || '') + (self.search || '');
}

// parseAuthority parses the part before the path, and returns the rest.
function parseAuthority(self, rest, url) {
  const end = rest.search(/[#/?]/);
  const authority = (end === -1 ? rest : rest.slice(0, end)).replace(/[\t\n\r]/g, '');
  rest = authority + (end === -1 ? '' : rest.slice(end));
  const at = authority.lastIndexOf('@');
  const bad = authority.slice(at + 1).search(/[ "%';<>\\^`{|}]/);
  const hostEnd = bad === -1 ? authority.length : at + 1 + bad;
  if (at !== -1) self.auth = decodeURIComponent(rest.slice(0, at));
  self.host = rest.slice(at + 1, hostEnd);
  rest = rest.slice(hostEnd);
  splitPort(self);
  self.hostname ??= '';
  const v6 = isIPv6(self.hostname);
  if (!v6) rest = cutHostname(self, url) + rest;
  self.hostname = self.hostname.length > maxHostname ? '' : self.hostname.toLowerCase();
  if (self.hostname !== '') checkHostname(self, v6, url);
  self.host = self.hostname + (self.port ? `:${self.port}` : '');
  if (v6) {
    self.hostname = self.hostname.slice(1, -1);
    if (rest[0] !== '/') rest = `/${rest}`;
  }
  return rest;
}

function splitPort(self) {
  const port = /:[0-9]*$/.exec(self.host)?.[0];
  let { host } = self;
  if (port !== undefined) {
    if (port !== ':') self.port = port.slice(1);
    host = host.slice(0, -port.length);
  }
  if (host) self.hostname = host;
}

// cutHostname cuts a hostname before the first invalid character, and returns the rest, which belongs to the path.
function cutHostname(self, url) {
  const end = self.hostname.search(/[/\\#?:]/);
  if (end === -1) return '';
  if (self.hostname[end] === ':') throw new ERR_INVALID_ARG_VALUE('url', 'Invalid port in url', url); // As Node has it.
  const cut = `/${self.hostname.slice(end)}`;
  self.hostname = self.hostname.slice(0, end);
  return cut;
}

function checkHostname(self, v6, url) {
  if (v6) {
    if (/[\0\t\n\r #%/<>?@\\^|]/.test(self.hostname)) throw invalidURL(url);
    return;
  }
  if (!/^[\x21-\x7e]*$/.test(self.hostname) || self.hostname.includes('xn--')) {
    self.hostname = nameToASCII(self.hostname);
  }
  if (self.hostname === '' || /[\0\t\n\r #%/:<>?@[\\\]^|]/.test(self.hostname)) throw invalidURL(url);
}

function parseRest(self, rest, parseQueryString) {
  const hash = rest.indexOf('#');
  if (hash !== -1) {
    self.hash = rest.slice(hash);
    rest = rest.slice(0, hash);
  }
  const question = rest.indexOf('?');
  setQuery(self, question === -1 ? undefined : rest.slice(question), parseQueryString);
  const pathname = question === -1 ? rest : rest.slice(0, question);
  if (pathname.length > 0) self.pathname = pathname;
}

// encodeAuth encodes all but the characters that a user and a password may have.
function encodeAuth(text) {
  return encodeURIComponent(text).replaceAll('%3A', ':');
}

Url.prototype.format = function format() {
  const auth = this.auth ? `${encodeAuth(this.auth)}@` : '';
  let protocol = this.protocol || '';
  let pathname = this.pathname || '';
  let hash = this.hash || '';
  let host = '';
  if (this.host) {
    host = auth + this.host;
  } else if (this.hostname) {
    host = auth + (this.hostname.includes(':') && !isIPv6(this.hostname) ? `[${this.hostname}]` : this.hostname);
    if (this.port) host += `:${this.port}`;
  }
  let query = '';
  if (this.query !== null && typeof this.query === 'object') query = require('querystring').stringify(this.query);
  let search = this.search || (query && `?${query}`) || '';
  if (protocol && !protocol.endsWith(':')) protocol += ':';
  pathname = pathname.replace(/[#?]/g, encodeURIComponent);
  if (this.slashes || slashed.has(protocol)) {
    if (this.slashes || host) {
      if (pathname && pathname[0] !== '/') pathname = `/${pathname}`;
      host = `//${host}`;
    } else if (protocol.startsWith('file')) {
      host = '//';
    }
  }
  search = search.replaceAll('#', '%23');
  if (hash && hash[0] !== '#') hash = `#${hash}`;
  if (search && search[0] !== '?') search = `?${search}`;
  return protocol + host + pathname + search + hash;
};

Url.prototype.resolve = function resolve(relative) {
  return this.resolveObject(urlFrom(relative)).format();
};

Url.prototype.resolveObject = function resolveObject(relative) {
  return require('internal/legacy_url_resolve').resolve(this,
    typeof relative === 'string' ? urlFrom(relative) : relative);
};

Url.prototype.parseHost = function parseHost() {
  splitPort(this);
};

function urlFrom(text) {
  return urlParse(text, false, true);
}

function urlParse(url, parseQueryString, slashesDenoteHost) {
  if (url instanceof Url) return url;
  return new Url().parse(url, parseQueryString, slashesDenoteHost);
}

function urlFormat(url, options) {
  if (typeof url === 'string') return urlParse(url).format();
  if (typeof url !== 'object' || url === null) throw new ERR_INVALID_ARG_TYPE('urlObject', ['Object', 'string'], url);
  const { isURL } = require('internal/url');
  return isURL(url) ? formatURL(url, options) : Url.prototype.format.call(url);
}

// formatURL is urlFormat for a URL of the standard.
function formatURL(url, options) {
  let { fragment, unicode, search, auth } = { fragment: true, unicode: false, search: true, auth: true };
  if (options) {
    require('internal/validators').validateObject(options, 'options');
    if (options.fragment != null) fragment = Boolean(options.fragment);
    if (options.unicode != null) unicode = Boolean(options.unicode);
    if (options.search != null) search = Boolean(options.search);
    if (options.auth != null) auth = Boolean(options.auth);
  }
  const { URL, domainToUnicode } = require('internal/url');
  const copy = new URL(url.href);
  if (!fragment) copy.hash = '';
  if (!search) copy.search = '';
  if (!auth) copy.username = copy.password = '';
  if (!unicode || copy.hostname === '') return copy.href;
  return copy.href.replace(copy.hostname, () => domainToUnicode(copy.hostname));
}

module.exports = { Url, slashed, urlFormat, urlParse, withoutHost };

'use strict';

// URL of the WHATWG standard. Go parses: a URL here is the list of its parts.

const { codes: { ERR_INVALID_THIS, ERR_MISSING_ARGS } } = require('internal/errors');
const { URLSearchParams, attach, toText, update } = require('internal/url_search_params');

const binding = internalBinding('url');

const customInspect = Symbol.for('nodejs.util.inspect.custom');

// Where the parts are in the list.
const [HREF, PROTOCOL, USERNAME, PASSWORD, HOST, HOSTNAME, PORT, PATHNAME, SEARCH, HASH] =
  Array.from({ length: 10 }, (_, i) => i);

function invalidURL(input, base) {
  const error = new TypeError('Invalid URL');
  error.code = 'ERR_INVALID_URL';
  error.input = input;
  if (base !== undefined) error.base = base;
  return error;
}

// parse returns the parts of a URL, null if it is invalid.
function parse(input, base) {
  if (base === undefined) return binding.parse(input);
  return base === '' ? null : binding.parse(input, base);
}

class URL {
  #parts;
  #searchParams;

  constructor(input, base = undefined) {
    if (arguments.length === 0) throw new ERR_MISSING_ARGS('url');
    input = toText(input);
    if (base !== undefined) base = toText(base);
    this.#parts = parse(input, base);
    if (this.#parts === null) throw invalidURL(input, base);
  }

  static canParse(url, base = undefined) {
    if (arguments.length === 0) throw new ERR_MISSING_ARGS('url');
    url = toText(url);
    if (base !== undefined) base = toText(base);
    return parse(url, base) !== null;
  }

  static parse(input, base = undefined) {
    if (arguments.length === 0) throw new ERR_MISSING_ARGS('url');
    return URL.canParse(input, base) ? new URL(input, base) : null;
  }

  static createObjectURL(blob) {
    return require('internal/blob').createObjectURL(blob);
  }

  static revokeObjectURL(url) {
    if (arguments.length === 0) throw new ERR_MISSING_ARGS('url');
    require('internal/blob').revokeObjectURL(`${url}`);
  }

  static #check(self, message) {
    if (self === null || typeof self !== 'object' || !(#parts in self)) throw new TypeError(message);
  }

  static #part(self, i) {
    URL.#check(self, 'Cannot read private member #context from an object whose class did not declare it');
    return self.#parts[i];
  }

  static #set(self, name, value) {
    URL.#check(self, 'Cannot read private member #context from an object whose class did not declare it');
    value = toText(value);
    const search = self.#parts[SEARCH];
    self.#parts = binding.set(self.#parts[HREF], name, value) ?? self.#parts;
    if (self.#searchParams && (name === 'search' || search !== self.#parts[SEARCH])) {
      update(self.#searchParams, self.#parts[SEARCH]);
    }
  }

  toString() {
    URL.#check(this, 'Receiver must be an instance of class URL');
    return this.#parts[HREF];
  }

  toJSON() {
    URL.#check(this, 'Receiver must be an instance of class URL');
    return this.#parts[HREF];
  }

  get href() {
    URL.#check(this, 'Receiver must be an instance of class URL');
    return this.#parts[HREF];
  }

  set href(value) {
    URL.#check(this, 'Cannot read private member #context from an object whose class did not declare it');
    value = toText(value);
    const parts = parse(value);
    if (parts === null) throw invalidURL(value);
    this.#parts = parts;
    if (this.#searchParams) update(this.#searchParams, parts[SEARCH]);
  }

  get origin() {
    const protocol = URL.#part(this, PROTOCOL);
    switch (protocol) {
      case 'http:': case 'https:': case 'ws:': case 'wss:': case 'ftp:':
        return `${protocol}//${this.#parts[HOST]}`;
      case 'blob:': {
        const inner = parse(this.#parts[PATHNAME]);
        const isWeb = inner !== null && (inner[PROTOCOL] === 'http:' || inner[PROTOCOL] === 'https:');
        return isWeb ? `${inner[PROTOCOL]}//${inner[HOST]}` : 'null';
      }
      default:
        return 'null';
    }
  }

  get protocol() { return URL.#part(this, PROTOCOL); }
  set protocol(value) { URL.#set(this, 'protocol', value); }
  get username() { return URL.#part(this, USERNAME); }
  set username(value) { URL.#set(this, 'username', value); }
  get password() { return URL.#part(this, PASSWORD); }
  set password(value) { URL.#set(this, 'password', value); }
  get host() { return URL.#part(this, HOST); }
  set host(value) { URL.#set(this, 'host', value); }
  get hostname() { return URL.#part(this, HOSTNAME); }
  set hostname(value) { URL.#set(this, 'hostname', value); }
  get port() { return URL.#part(this, PORT); }
  set port(value) { URL.#set(this, 'port', value); }
  get pathname() { return URL.#part(this, PATHNAME); }
  set pathname(value) { URL.#set(this, 'pathname', value); }

  get search() {
    URL.#check(this, 'Receiver must be an instance of class URL');
    return this.#parts[SEARCH];
  }

  set search(value) { URL.#set(this, 'search', value); }

  get searchParams() {
    const search = URL.#part(this, SEARCH);
    this.#searchParams ??= attach(new URLSearchParams(search), (text) => {
      this.#parts = binding.set(this.#parts[HREF], 'search', text) ?? this.#parts;
    });
    return this.#searchParams;
  }

  get hash() { return URL.#part(this, HASH); }
  set hash(value) { URL.#set(this, 'hash', value); }

  [customInspect](depth, options, inspect) {
    if (!(#parts in this)) throw new ERR_INVALID_THIS('URL');
    if (typeof depth === 'number' && depth < 0) return this;
    const constructor = this.constructor ?? URL;
    const shown = Object.create({ constructor });
    for (const name of shownProperties) shown[name] = this[name];
    return `${constructor.name} ${inspect(shown, options)}`;
  }
}

const shownProperties = [
  'href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search',
  'searchParams', 'hash',
];

const enumerable = { enumerable: true };
Object.defineProperties(URL.prototype, { [Symbol.toStringTag]: { configurable: true, value: 'URL' } });

// for…in lists them in the order in which they are in the prototype.
for (const name of ['toString', ...shownProperties, 'toJSON']) {
  const descriptor = Object.getOwnPropertyDescriptor(URL.prototype, name);
  delete URL.prototype[name];
  Object.defineProperty(URL.prototype, name, { ...descriptor, enumerable: true });
}
Object.defineProperties(URL, {
  canParse: { configurable: true, writable: true, enumerable: true },
  createObjectURL: enumerable,
  revokeObjectURL: enumerable,
});

// isURL reports whether value is a URL of any realm, and not a result of url.parse.
function isURL(value) {
  return Boolean(value?.href && value.protocol && value.auth === undefined && value.path === undefined);
}

function domainToASCII(domain) {
  if (arguments.length < 1) throw new ERR_MISSING_ARGS('domain');
  return binding.toASCII(`${domain}`);
}

function domainToUnicode(domain) {
  if (arguments.length < 1) throw new ERR_MISSING_ARGS('domain');
  return binding.toUnicode(`${domain}`);
}

// urlToHttpOptions returns the options of http.request for a URL.
function urlToHttpOptions(url) {
  require('internal/validators').validateObject(url, 'url', { allowArray: true, allowFunction: true });
  const { hostname, pathname, port, username, password, search } = url;
  const options = {
    __proto__: null,
    ...url, // A script may have added some.
    protocol: url.protocol,
    hostname: hostname && hostname[0] === '[' ? hostname.slice(1, -1) : hostname,
    hash: url.hash,
    search,
    pathname,
    path: `${pathname || ''}${search || ''}`,
    href: url.href,
  };
  if (port !== '') options.port = Number(port);
  if (username || password) options.auth = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return options;
}

module.exports = {
  URL, URLSearchParams, domainToASCII, domainToUnicode, invalidURL, isURL, urlToHttpOptions,
  fileURLToPath(...args) { return require('internal/file_url').fileURLToPath(...args); },
  fileURLToPathBuffer(...args) { return require('internal/file_url').fileURLToPathBuffer(...args); },
  pathToFileURL(...args) { return require('internal/file_url').pathToFileURL(...args); },
  toPathIfFileURL(value) { return isURL(value) ? require('internal/file_url').fileURLToPath(value) : value; },
};

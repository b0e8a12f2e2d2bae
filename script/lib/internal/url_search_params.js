'use strict';

// URLSearchParams of the WHATWG standard: names and values in one list.

const {
  codes: { ERR_ARG_NOT_ITERABLE, ERR_INVALID_THIS, ERR_INVALID_TUPLE, ERR_MISSING_ARGS },
} = require('internal/errors');
const { validateFunction } = require('internal/validators');

const binding = internalBinding('url');

const customInspect = Symbol.for('nodejs.util.inspect.custom');

// toText is the conversion to a string, in the words of V8 where it fails.
function toText(value) {
  if (typeof value === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string');
  return `${value}`;
}

function wellFormed(value) {
  return toText(value).toWellFormed();
}

const isObject = (value) => (typeof value === 'object' && value !== null) || typeof value === 'function';

// pairsOf returns the list of pairs for the argument of the constructor.
function pairsOf(init) {
  if (!isObject(init)) {
    const text = toText(init);
    return binding.parseForm(text[0] === '?' ? text.slice(1) : text);
  }
  const iterate = init[Symbol.iterator];
  const list = [];
  if (iterate === undefined || iterate === null) {
    const record = new Map(); // Two names may become the same.
    for (const key of Reflect.ownKeys(init)) {
      if (Object.getOwnPropertyDescriptor(init, key)?.enumerable) record.set(wellFormed(key), wellFormed(init[key]));
    }
    for (const [name, value] of record) list.push(name, value);
    return list;
  }
  if (typeof iterate !== 'function') throw new ERR_ARG_NOT_ITERABLE('Query pairs');
  for (const pair of init) {
    const items = isObject(pair) && typeof pair[Symbol.iterator] === 'function' ? [...pair] : [];
    if (items.length !== 2) throw new ERR_INVALID_TUPLE('Each query pair', '[name, value]');
    list.push(wellFormed(items[0]), wellFormed(items[1]));
  }
  return list;
}

let attach; // sets a function of params that is called after each change
let update; // makes params parse a query anew
let listOf; // returns the list, undefined if value is no URLSearchParams

class URLSearchParams {
  #list = [];
  #changed;

  static {
    attach = (params, changed) => {
      params.#changed = changed;
      return params;
    };
    update = (params, search) => { params.#list = binding.parseForm(search[0] === '?' ? search.slice(1) : search); };
    listOf = (value) => (isObject(value) && #list in value ? value.#list : undefined);
  }

  constructor(init = undefined) {
    if (init !== undefined && init !== null) this.#list = pairsOf(init);
  }

  static #check(self) {
    if (listOf(self) === undefined) throw new ERR_INVALID_THIS('URLSearchParams');
  }

  #tell() {
    this.#changed?.(binding.form(this.#list));
  }

  get size() {
    URLSearchParams.#check(this);
    return this.#list.length / 2;
  }

  append(name, value) {
    URLSearchParams.#check(this);
    if (arguments.length < 2) throw new ERR_MISSING_ARGS('name', 'value');
    this.#list.push(wellFormed(name), wellFormed(value));
    this.#tell();
  }

  delete(name, value = undefined) {
    URLSearchParams.#check(this);
    if (arguments.length < 1) throw new ERR_MISSING_ARGS('name');
    name = wellFormed(name);
    if (value !== undefined) value = wellFormed(value);
    const list = this.#list;
    const kept = [];
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] !== name || (value !== undefined && list[i + 1] !== value)) kept.push(list[i], list[i + 1]);
    }
    this.#list = kept;
    this.#tell();
  }

  get(name) {
    URLSearchParams.#check(this);
    if (arguments.length < 1) throw new ERR_MISSING_ARGS('name');
    name = wellFormed(name);
    for (let i = 0; i < this.#list.length; i += 2) {
      if (this.#list[i] === name) return this.#list[i + 1];
    }
    return null;
  }

  getAll(name) {
    URLSearchParams.#check(this);
    if (arguments.length < 1) throw new ERR_MISSING_ARGS('name');
    name = wellFormed(name);
    return this.#list.filter((_, i) => i % 2 === 1 && this.#list[i - 1] === name);
  }

  has(name, value = undefined) {
    URLSearchParams.#check(this);
    if (arguments.length < 1) throw new ERR_MISSING_ARGS('name');
    name = wellFormed(name);
    if (value !== undefined) value = wellFormed(value);
    for (let i = 0; i < this.#list.length; i += 2) {
      if (this.#list[i] === name && (value === undefined || this.#list[i + 1] === value)) return true;
    }
    return false;
  }

  set(name, value) {
    URLSearchParams.#check(this);
    if (arguments.length < 2) throw new ERR_MISSING_ARGS('name', 'value');
    name = wellFormed(name);
    value = wellFormed(value);
    const list = this.#list;
    const kept = [];
    let found = false;
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] !== name) {
        kept.push(list[i], list[i + 1]);
      } else if (!found) {
        found = true;
        kept.push(name, value);
      }
    }
    if (!found) kept.push(name, value);
    this.#list = kept;
    this.#tell();
  }

  sort() {
    URLSearchParams.#check(this);
    const list = this.#list;
    const pairs = [];
    for (let i = 0; i < list.length; i += 2) pairs.push([list[i], list[i + 1]]);
    pairs.sort(([a], [b]) => (a < b ? -1 : +(a > b)));
    this.#list = pairs.flat();
    this.#tell();
  }

  entries() {
    URLSearchParams.#check(this);
    return new Iterator(this, 'entries');
  }

  forEach(callback, thisArg = undefined) {
    URLSearchParams.#check(this);
    validateFunction(callback, 'callback');
    for (let i = 0; i < this.#list.length; i += 2) callback.call(thisArg, this.#list[i + 1], this.#list[i], this);
  }

  keys() {
    URLSearchParams.#check(this);
    return new Iterator(this, 'keys');
  }

  values() {
    URLSearchParams.#check(this);
    return new Iterator(this, 'values');
  }

  toString() {
    URLSearchParams.#check(this);
    return binding.form(this.#list);
  }

  [customInspect](depth, options, inspect) {
    URLSearchParams.#check(this);
    if (typeof depth === 'number' && depth < 0) return options.stylize('[Object]', 'special');
    const inner = { ...options };
    if (depth !== null) inner.depth = depth - 1;
    const shown = [];
    for (let i = 0; i < this.#list.length; i += 2) {
      shown.push(`${inspect(this.#list[i], inner)} => ${inspect(this.#list[i + 1], inner)}`);
    }
    if (shown.length === 0) return `${this.constructor.name} {}`;
    return inBraces(this.constructor.name, shown, options);
  }
}

// inBraces joins parts in one line, or in a line each if that is too long.
function inBraces(name, shown, options) {
  const length = shown.reduce((sum, text) => sum + text.replace(/\u001b\[\d+m/g, '').length + 2, -2);
  return length > options.breakLength ? `${name} {\n  ${shown.join(',\n  ')} }` : `${name} { ${shown.join(', ')} }`;
}

for (const name of ['append', 'delete', 'get', 'getAll', 'has', 'set', 'sort', 'entries', 'forEach', 'keys', 'values',
  'toString', 'size']) {
  Object.defineProperty(URLSearchParams.prototype, name, { enumerable: true });
}
Object.defineProperties(URLSearchParams.prototype, {
  [Symbol.toStringTag]: { configurable: true, value: 'URLSearchParams' },
  [Symbol.iterator]: { configurable: true, writable: true, value: URLSearchParams.prototype.entries },
});

const IteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));

class Iterator {
  #params;
  #kind;
  #next = 0;

  constructor(params, kind) {
    this.#params = params;
    this.#kind = kind;
  }

  #at(i) {
    const list = listOf(this.#params);
    if (this.#kind === 'keys') return list[i];
    return this.#kind === 'values' ? list[i + 1] : [list[i], list[i + 1]];
  }

  next() {
    if (!isObject(this) || !(#params in this)) throw new ERR_INVALID_THIS('URLSearchParamsIterator');
    if (this.#next >= listOf(this.#params).length) return { value: undefined, done: true };
    const value = this.#at(this.#next);
    this.#next += 2;
    return { value, done: false };
  }

  [customInspect](depth, options, inspect) {
    if (!isObject(this) || !(#params in this)) throw new ERR_INVALID_THIS('URLSearchParamsIterator');
    if (typeof depth === 'number' && depth < 0) return options.stylize('[Object]', 'special');
    const inner = { ...options };
    if (depth !== null) inner.depth = depth - 1;
    const shown = [];
    for (let i = this.#next; i < listOf(this.#params).length; i += 2) shown.push(inspect(this.#at(i), inner));
    return inBraces(this[Symbol.toStringTag], shown, options);
  }
}

delete Iterator.prototype.constructor;
Object.setPrototypeOf(Iterator.prototype, IteratorPrototype);
Object.defineProperties(Iterator.prototype, {
  next: { enumerable: true },
  [Symbol.toStringTag]: { configurable: true, value: 'URLSearchParams Iterator' },
});

module.exports = { URLSearchParams, attach, toText, update };

'use strict';

// MIMEType and MIMEParams.

const { codes: { ERR_INVALID_MIME_SYNTAX } } = require('internal/errors');

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const notToken = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]/;
const notQuotable = /[^\t\x20-\x7e\x80-\xff]/;
const endSpace = /[\r\n\t ]*$/;
const startSpace = /^[\r\n\t ]*/;

const lower = (text) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

function fail(production, text, at) {
  throw new ERR_INVALID_MIME_SYNTAX(production, text, at);
}

function parseTypeAndSubtype(text) {
  const skipped = startSpace.exec(text)[0].length;
  const slash = text.indexOf('/', skipped);
  const type = slash === -1 ? text.slice(skipped) : text.slice(skipped, slash);
  if (type === '' || slash === -1 || notToken.test(type)) {
    fail('type', text, slash === -1 ? -1 : badAt(text, type, skipped));
  }
  const semicolon = text.indexOf(';', slash);
  const raw = semicolon === -1 ? text.slice(slash + 1) : text.slice(slash + 1, semicolon);
  const subtype = raw.replace(endSpace, '');
  if (subtype === '' || notToken.test(subtype)) fail('subtype', text, badAt(text, subtype, slash + 1));
  return { type: lower(type), subtype: lower(subtype), rest: semicolon === -1 ? '' : text.slice(semicolon + 1) };
}

function badAt(text, part, start) {
  const at = part.search(notToken);
  return at === -1 ? -1 : start + at;
}

const quote = (value) => (value.length > 0 && token.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`);

class MIMEParams {
  #data = new Map();

  delete(name) { this.#data.delete(`${name}`); }
  get(name) { return this.#data.get(`${name}`) ?? null; }
  has(name) { return this.#data.has(`${name}`); }
  set(name, value) {
    name = `${name}`;
    value = `${value}`;
    if (name === '' || notToken.test(name)) fail('parameter name', name, name.search(notToken));
    if (notQuotable.test(value)) fail('parameter value', value, value.search(notQuotable));
    this.#data.set(name, value);
  }
  * entries() { yield* this.#data.entries(); }
  * keys() { yield* this.#data.keys(); }
  * values() { yield* this.#data.values(); }
  toString() {
    return [...this.#data].map(([name, value]) => `${name}=${quote(value)}`).join(';');
  }
  toJSON() { return this.toString(); }

  // parse parses parameters. Invalid ones are skipped, and the first of two with one name counts.
  static parse(params, text) {
    let at = 0;
    while (at < text.length) {
      at += startSpace.exec(text.slice(at))[0].length;
      let end = text.slice(at).search(/[;=]/);
      end = end === -1 ? text.length : at + end;
      const name = lower(text.slice(at, end));
      at = end;
      if (text[at] !== '=') {
        at++;
        continue;
      }
      at++;
      let value;
      if (text[at] === '"') {
        ({ value, at } = parseQuoted(text, at + 1));
      } else {
        let semicolon = text.indexOf(';', at);
        if (semicolon === -1) semicolon = text.length;
        value = text.slice(at, semicolon).replace(endSpace, '');
        at = semicolon + 1;
        if (value === '') continue;
      }
      if (name !== '' && !notToken.test(name) && !notQuotable.test(value) && !params.#data.has(name)) {
        params.#data.set(name, value);
      }
    }
  }
}
Object.defineProperty(MIMEParams.prototype, Symbol.iterator,
  { value: MIMEParams.prototype.entries, writable: true, configurable: true });
for (const name of ['delete', 'get', 'has', 'set', 'entries', 'keys', 'values', 'toString', 'toJSON']) {
  Object.defineProperty(MIMEParams.prototype, name, { enumerable: true });
}

function parseQuoted(text, at) {
  let value = '';
  for (; at < text.length && text[at] !== '"'; at++) {
    if (text[at] === '\\' && at + 1 < text.length) at++;
    value += text[at];
  }
  const semicolon = text.indexOf(';', at);
  return { value, at: semicolon === -1 ? text.length : semicolon + 1 };
}

const { parse } = MIMEParams;
delete MIMEParams.parse;

class MIMEType {
  #type; #subtype; #params = new MIMEParams();

  constructor(text) {
    const { type, subtype, rest } = parseTypeAndSubtype(`${text}`);
    this.#type = type;
    this.#subtype = subtype;
    parse(this.#params, rest);
  }

  get type() { return this.#type; }
  set type(value) {
    value = `${value}`;
    if (value === '' || notToken.test(value)) fail('type', value, value.search(notToken));
    this.#type = lower(value);
  }
  get subtype() { return this.#subtype; }
  set subtype(value) {
    value = `${value}`;
    if (value === '' || notToken.test(value)) fail('subtype', value, value.search(notToken));
    this.#subtype = lower(value);
  }
  get essence() { return `${this.#type}/${this.#subtype}`; }
  get params() { return this.#params; }
  toString() {
    const params = this.#params.toString();
    return params === '' ? this.essence : `${this.essence};${params}`;
  }
  toJSON() { return this.toString(); }
}
for (const name of ['type', 'subtype', 'essence', 'params', 'toString', 'toJSON']) {
  Object.defineProperty(MIMEType.prototype, name, { enumerable: true });
}

module.exports = { MIMEParams, MIMEType };

'use strict';

const { codes: { ERR_INVALID_URI } } = require('internal/errors');

const hexDigit = (code) => {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  code |= 0x20;
  return code >= 0x61 && code <= 0x66 ? code - 0x61 + 10 : -1;
};

// unescapeBuffer returns the bytes of text with percent signs decoded. An invalid escape stays.
function unescapeBuffer(text, decodeSpaces) {
  const bytes = require('buffer').Buffer.allocUnsafe(text.length);
  let n = 0;
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i);
    if (code === 0x2b && decodeSpaces) {
      code = 0x20;
    } else if (code === 0x25 && i + 2 < text.length) {
      const high = hexDigit(text.charCodeAt(i + 1));
      const low = hexDigit(text.charCodeAt(i + 2));
      if (high >= 0 && low >= 0) {
        code = high * 16 + low;
        i += 2;
      }
    }
    bytes[n++] = code;
  }
  return n === bytes.length ? bytes : bytes.slice(0, n);
}

function unescape(text, decodeSpaces) {
  try {
    return decodeURIComponent(text);
  } catch {
    return querystring.unescapeBuffer(text, decodeSpaces).toString();
  }
}

function escape(text) {
  if (typeof text !== 'string') text = typeof text === 'object' ? String(text) : `${text}`;
  try {
    return encodeURIComponent(text);
  } catch {
    return encodeURIComponent(text.replace(/[\ud800-\udfff][^]?/g, pair));
  }
}

// pair returns the character of two code units, the first of which is half a pair. Like Node it does not check the
// second.
function pair(units) {
  if (units.length < 2) throw new ERR_INVALID_URI();
  return String.fromCodePoint(0x10000 + ((units.charCodeAt(0) & 0x3ff) << 10 | units.charCodeAt(1) & 0x3ff));
}

function primitive(value) {
  switch (typeof value) {
    case 'string': return value;
    case 'number': return Number.isFinite(value) ? `${value}` : '';
    case 'bigint': case 'boolean': return `${value}`;
    default: return '';
  }
}

// encoded returns a value as part of a query. A value is escaped only if it may need it, or if the script has an escape
// function.
function encoded(value, encode) {
  if (encode !== escape) return encode(primitive(value));
  if (typeof value === 'string') return value === '' ? '' : encode(value);
  const text = primitive(value);
  return typeof value === 'number' && Math.abs(value) >= 1e21 ? encode(text) : text;
}

function stringify(object, sep, eq, options) {
  if (object === null || typeof object !== 'object') return '';
  sep ||= '&';
  eq ||= '=';
  const encode = typeof options?.encodeURIComponent === 'function' ? options.encodeURIComponent : querystring.escape;
  const pairs = [];
  for (const key of Object.keys(object)) {
    const name = encoded(key, encode) + eq;
    const value = object[key];
    if (!Array.isArray(value)) pairs.push(name + encoded(value, encode));
    else for (const one of value) pairs.push(name + encoded(one, encode));
  }
  return pairs.join(sep);
}

const defaultMaxKeys = 1000;

function parse(query, sep, eq, options) {
  const object = { __proto__: null };
  if (typeof query !== 'string' || query.length === 0) return object;
  sep = sep ? `${sep}` : '&';
  eq = eq ? `${eq}` : '=';
  let most = typeof options?.maxKeys === 'number' ? options.maxKeys : defaultMaxKeys;
  if (!(most > 0) || most === Infinity) most = undefined;
  const decode = typeof options?.decodeURIComponent === 'function' ? options.decodeURIComponent : querystring.unescape;
  const isCustom = decode !== unescape;
  for (const pair of query.split(sep, most)) {
    if (pair === '') continue;
    const at = pair.indexOf(eq);
    const key = decoded(at < 0 ? pair : pair.slice(0, at), decode, isCustom);
    const value = at < 0 ? '' : decoded(pair.slice(at + eq.length), decode, isCustom);
    const existing = object[key];
    if (existing === undefined) object[key] = value;
    else if (Array.isArray(existing)) existing.push(value);
    else object[key] = [existing, value];
  }
  return object;
}

function decoded(text, decode, isCustom) {
  if (text.includes('+')) text = text.replaceAll('+', isCustom ? '%20' : ' ');
  if (!isCustom && !/%[\da-f]{2}/i.test(text)) return text;
  try {
    return decode(text);
  } catch {
    return querystring.unescape(text, true);
  }
}

const querystring = module.exports = {
  unescapeBuffer, unescape, escape, stringify, encode: stringify, parse, decode: parse,
};

'use strict';

// The names of encodings. For Go they are the numbers of package streams.

const names = ['utf8', 'utf16le', 'latin1', 'ascii', 'hex', 'base64', 'base64url'];
const UTF8 = 0;
const UTF16LE = 1;
const LATIN1 = 2;
const ASCII = 3;
const HEX = 4;
const BASE64 = 5;
const BASE64URL = 6;

const numbers = new Map(names.map((name, i) => [name, i]));
for (const [alias, number] of [['utf-8', UTF8], ['ucs2', UTF16LE], ['ucs-2', UTF16LE], ['utf-16le', UTF16LE],
  ['binary', LATIN1]]) {
  numbers.set(alias, number);
}

// encodingNumber returns the number of an encoding, whose name may be in lower or upper case, undefined if there is
// none.
function encodingNumber(name) {
  return numbers.get(name) ?? numbers.get(`${name}`.toLowerCase());
}

// normalizeEncoding returns the canonical name of an encoding, undefined if there is none. No name means UTF-8.
function normalizeEncoding(name) {
  if (name === undefined || name === null || name === '') return 'utf8';
  return names[encodingNumber(name)];
}

module.exports = { ASCII, BASE64, BASE64URL, HEX, LATIN1, UTF16LE, UTF8, encodingNumber, normalizeEncoding };

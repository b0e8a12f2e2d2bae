'use strict';

// Punycode (RFC 3492): names with any characters, written with few.

if (!require('internal/node_modules').isInsideNodeModules()) {
  process.emitWarning('The `punycode` module is deprecated. Please use a userland alternative instead.',
    'DeprecationWarning', 'DEP0040');
}

const BASE = 36;
const T_MIN = 1;
const T_MAX = 26;
const SKEW = 38;
const DAMP = 700;
const INITIAL_BIAS = 72;
const INITIAL_N = 128;
const MAX_INT = 0x7fffffff;

const digits = 'abcdefghijklmnopqrstuvwxyz0123456789';

const overflow = () => new RangeError('Overflow: input needs wider integers to process');

function adapt(delta, count, first) {
  delta = first ? Math.floor(delta / DAMP) : delta >> 1;
  delta += Math.floor(delta / count);
  let k = 0;
  for (; delta > (BASE - T_MIN) * T_MAX >> 1; k += BASE) delta = Math.floor(delta / (BASE - T_MIN));
  return k + Math.floor((BASE - T_MIN + 1) * delta / (delta + SKEW));
}

const threshold = (k, bias) => Math.min(Math.max(k - bias, T_MIN), T_MAX);

// codePoints returns the code points of text, including lone halves of surrogate pairs.
function codePoints(text) {
  return Array.from(text, (c) => c.codePointAt(0));
}

function fromCodePoints(points) {
  let text = '';
  for (const point of points) text += String.fromCodePoint(point);
  return text;
}

function decode(input) {
  const output = [];
  const basic = Math.max(input.lastIndexOf('-'), 0);
  for (let i = 0; i < basic; i++) {
    if (input.charCodeAt(i) >= 0x80) throw new RangeError('Illegal input >= 0x80 (not a basic code point)');
    output.push(input.charCodeAt(i));
  }
  let n = INITIAL_N;
  let i = 0;
  let bias = INITIAL_BIAS;
  for (let at = basic > 0 ? basic + 1 : 0; at < input.length;) {
    const before = i;
    for (let weight = 1, k = BASE; ; k += BASE) {
      if (at >= input.length) throw new RangeError('Invalid input');
      const c = input[at++];
      const digit = /[a-z0-9]/i.test(c) ? digits.indexOf(c.toLowerCase()) : -1;
      if (digit < 0) throw new RangeError('Invalid input');
      if (digit > Math.floor((MAX_INT - i) / weight)) throw overflow();
      i += digit * weight;
      const t = threshold(k, bias);
      if (digit < t) break;
      if (weight > Math.floor(MAX_INT / (BASE - t))) throw overflow();
      weight *= BASE - t;
    }
    const count = output.length + 1;
    bias = adapt(i - before, count, before === 0);
    n += Math.floor(i / count);
    if (n > 0x10ffff) throw overflow();
    i %= count;
    output.splice(i++, 0, n);
  }
  return fromCodePoints(output);
}

function encode(text) {
  const input = codePoints(text);
  let output = fromCodePoints(input.filter((point) => point < 0x80));
  const basic = output.length;
  if (basic > 0) output += '-';
  let n = INITIAL_N;
  let delta = 0;
  let bias = INITIAL_BIAS;
  for (let done = basic; done < input.length; delta++, n++) {
    const next = input.reduce((least, point) => (point >= n && point < least ? point : least), MAX_INT);
    if (next - n > Math.floor((MAX_INT - delta) / (done + 1))) throw overflow();
    delta += (next - n) * (done + 1);
    n = next;
    for (const point of input) {
      if (point < n) delta++;
      if (delta > MAX_INT) throw overflow();
      if (point !== n) continue;
      output += encodeNumber(delta, bias);
      bias = adapt(delta, done + 1, done === basic);
      delta = 0;
      done++;
    }
  }
  return output;
}

function encodeNumber(q, bias) {
  let text = '';
  for (let k = BASE; ; k += BASE) {
    const t = threshold(k, bias);
    if (q < t) return text + digits[q];
    text += digits[t + (q - t) % (BASE - t)];
    q = Math.floor((q - t) / (BASE - t));
  }
}

// mapLabels changes each label of a domain, or of the domain of an address.
function mapLabels(domain, change) {
  const at = domain.indexOf('@');
  const local = at < 0 ? '' : domain.slice(0, at + 1);
  return local + domain.slice(local.length).replace(/[\u3002\uff0e\uff61]/g, '.').split('.').map(change).join('.');
}

function toASCII(domain) {
  return mapLabels(domain, (label) => (/[^\0-\x7f]/.test(label) ? `xn--${encode(label)}` : label));
}

function toUnicode(domain) {
  return mapLabels(domain, (label) => (label.startsWith('xn--') ? decode(label.slice(4).toLowerCase()) : label));
}

module.exports = {
  version: '2.1.0', ucs2: { decode: codePoints, encode: fromCodePoints }, decode, encode, toASCII, toUnicode,
};

'use strict';

// The text of a command and its values. A shell gets the values as positional parameters: they are never part of the
// text that it parses.

const { codes: { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE } } = require('internal/errors');
const { ProcessOutput } = require('internal/dollar/output');
const { callSites } = require('internal/stack');

const binding = internalBinding('command');

// How a value is referred to. Go has the same numbers in shelltext.
const INSIDE = 1;
const NUMBER = 2;

const templates = new WeakMap(); // by the list of strings, which is the same each time a template is evaluated

// written returns a piece of a template as it stands in the script, without the two escapes that JavaScript needs:
// backslashes are the shell's.
function written(raw) {
  if (raw.includes('\0')) throw new ERR_INVALID_ARG_VALUE('command', raw, 'must be a string without null bytes');
  return raw.includes('\\') ? raw.replace(/\\(\\|`|\$\{)/g, (all, escaped) => (escaped === '\\' ? all : escaped)) : raw;
}

// Template is the text of a command in a script, parsed once.
class Template {
  constructor(strings) {
    const [text, ...parsed] = binding.parse(strings.raw.map(written));
    this.text = text; // of the host
    this.pieces = parsed.slice(0, strings.length);
    this.places = parsed.slice(strings.length);
    this.where = callSites(20).find((site) => !/^(node:|native)/.test(site.getFileName() ?? 'native'))?.toString() ?? '';
  }

  // check returns the values in the form that the host takes.
  check(values) {
    return this.places.map((place, i) => oneOrMore(values[i], place, `values[${i}]`));
  }

  // show returns the command as a person would write it.
  show(values) {
    let text = this.pieces[0];
    this.places.forEach((place, i) => {
      const all = [shown(values[i], place)].flat();
      text += all.map((value) => quoted(value, place)).join(' ') + this.pieces[i + 1];
    });
    return text;
  }
}

function quoted(value, place) {
  const text = typeof value === 'string' ? value : require('buffer').Buffer.from(value).toString();
  return place >= INSIDE ? text.replace(/[\\"$`]/g, '\\$&') : binding.quote(text);
}

// templateOf returns the parsed template for a list of strings, undefined for any other value.
function templateOf(strings) {
  let template = templates.get(strings);
  if (template === undefined && Array.isArray(strings) && Array.isArray(strings.raw)) {
    template = new Template(strings);
    templates.set(strings, template);
  }
  return template;
}

// oneOrMore returns a string or bytes, or for an array, which makes several words, a list of these.
function oneOrMore(value, place, name) {
  if (place === NUMBER) return number(value, name);
  if (!Array.isArray(value)) return one(value, name);
  const all = value.map((each, i) => one(each, `${name}[${i}]`));
  if (place !== INSIDE) return all;
  if (all.every((each) => typeof each === 'string')) return all.join(' ');
  const { Buffer } = require('buffer');
  return Buffer.concat(all.flatMap((each, i) => [Buffer.from(i === 0 ? '' : ' '), Buffer.from(each)]));
}

// shown returns the text for people, including values that are not known yet or cannot be used.
function shown(value, place) {
  try {
    return oneOrMore(value, place, '');
  } catch {
    return value?.command === undefined ? String(typeof value) : `$(${value.command})`;
  }
}

function number(value, name) {
  if (Number.isInteger(value) || typeof value === 'bigint') return String(value);
  if (typeof value === 'string' && /^[-+]?\d+$/.test(value)) return value;
  throw new ERR_INVALID_ARG_VALUE(name, value, 'must be a whole number, because it stands in arithmetic, which a shell evaluates');
}

function one(value, name) {
  switch (typeof value) {
    case 'string':
      if (value.includes('\0')) throw new ERR_INVALID_ARG_VALUE(name, value, 'must be a string without null bytes');
      return value.isWellFormed() ? value : value.toWellFormed();
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'object':
      if (value instanceof ProcessOutput) return one(value.stdout.replace(/\n$/, ''), name);
      if (value instanceof URL) return value.protocol === 'file:' ? require('url').fileURLToPath(value) : value.href;
      if (ArrayBuffer.isView(value)) {
        const bytes = require('buffer').Buffer.from(value.buffer, value.byteOffset, value.byteLength);
        if (bytes.includes(0)) throw new ERR_INVALID_ARG_VALUE(name, value, 'must not have null bytes');
        return bytes;
      }
  }
  throw new ERR_INVALID_ARG_TYPE(name, ['string', 'number', 'bigint', 'boolean', 'Array', 'Buffer', 'URL', 'ProcessOutput', 'ProcessPromise'], value);
}

// quote returns a text in a form that a POSIX shell reads as one word.
function quote(value) {
  const text = one(value, 'value');
  return binding.quote(typeof text === 'string' ? text : text.toString());
}

module.exports = { quote, templateOf };

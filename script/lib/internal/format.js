'use strict';

// util.format.

const { codes: { ERR_INVALID_ARG_TYPE } } = require('internal/errors');
const { inspect } = require('internal/inspect');
const { bigint, number } = require('internal/inspect_primitives');

const plain = (text) => text;

const format = (...args) => formatAll(undefined, args);

function formatWithOptions(options, ...args) {
  if (options === null || typeof options !== 'object') {
    throw new ERR_INVALID_ARG_TYPE('inspectOptions', 'object', options);
  }
  return formatAll(options, args);
}

function formatNumber(value, options) {
  return number(plain, value, options?.numericSeparator ?? inspect.defaultOptions.numericSeparator);
}

// hasOwnText reports whether String(object) would call a function of the script. It calls nothing of a proxy.
function hasOwnText(value) {
  if (internalBinding('inside').proxy(value) !== undefined) return false;
  return [Symbol.toPrimitive, 'toString'].some((name) => typeof value[name] === 'function' && isOwn(value, name));
}

function isOwn(value, name) {
  if (Object.hasOwn(value, name)) return true;
  let owner = value;
  do {
    owner = Object.getPrototypeOf(owner);
  } while (owner !== null && !Object.hasOwn(owner, name));
  const constructor = owner === null ? undefined : Object.getOwnPropertyDescriptor(owner, 'constructor')?.value;
  return typeof constructor === 'function' && !require('internal/inspect_names').isBuiltin(constructor.name);
}

function asText(value, options) {
  if (typeof value === 'number') return formatNumber(value, options);
  if (typeof value === 'bigint') {
    return bigint(plain, value, options?.numericSeparator ?? inspect.defaultOptions.numericSeparator);
  }
  if (value === null || typeof value !== 'object') return String(value);
  return hasOwnText(value) ? String(value) : inspect(value, { ...options, depth: 0, colors: false, compact: 3 });
}

function asInteger(value, parse, options) {
  if (typeof value === 'bigint') {
    return bigint(plain, value, options?.numericSeparator ?? inspect.defaultOptions.numericSeparator);
  }
  if (typeof value === 'symbol') return 'NaN';
  return formatNumber(parse(value), options);
}

function asJSON(value) {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof TypeError && /circular/.test(error.message)) return '[Circular]';
    throw error;
  }
}

// formatOne returns a value formatted as the letter after a percent sign says, undefined for an unknown letter.
function formatOne(letter, value, options) {
  switch (letter) {
    case 's': return asText(value, options);
    case 'j': return asJSON(value);
    case 'd':
      return value !== null && typeof value === 'object' ? formatNumber(Number(value), options) :
        asInteger(value, Number, options);
    case 'i':
      return asInteger(value, parseInt, options);
    case 'f':
      return typeof value === 'symbol' ? 'NaN' : formatNumber(parseFloat(value), options);
    case 'O': return inspect(value, options);
    case 'o': return inspect(value, { ...options, showHidden: true, showProxy: true, depth: 4 });
    case 'c': return '';
    default: return undefined;
  }
}

function formatAll(options, args) {
  const first = args[0];
  let used = 0;
  let text = '';
  if (typeof first === 'string') {
    if (args.length === 1) return first;
    used = 1;
    let last = 0;
    for (let i = first.indexOf('%'); i !== -1 && i < first.length - 1; i = first.indexOf('%', i + 1)) {
      const letter = first[i + 1];
      if (letter === '%') {
        text += first.slice(last, i + 1);
        last = ++i + 1;
        continue;
      }
      if (used === args.length) continue;
      const made = formatOne(letter, args[used], options);
      if (made === undefined && letter !== 'j') continue;
      text += first.slice(last, i) + made;
      used++;
      last = ++i + 1;
    }
    text += first.slice(last);
  }
  for (; used < args.length; used++) {
    const value = args[used];
    if (used > 0) text += ' ';
    text += typeof value === 'string' ? value : inspect(value, options);
  }
  return text;
}

module.exports = { format, formatAll, formatWithOptions };

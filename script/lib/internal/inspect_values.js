'use strict';

// The look of each kind of object. A look is an object: text is all of an object without members; else base stands
// before the braces, members formats the members that are no properties, keys are the properties to list. isList:
// members are laid out as those of an array.

const { formatProperty, formatValue, keyOf } = require('internal/inspect');
const { className, nameOf } = require('internal/inspect_names');
const { bigint, number, primitive } = require('internal/inspect_primitives');

const inside = internalBinding('inside');
const { classOf, classes } = inside;

const isEnumerable = Object.prototype.propertyIsEnumerable;

// keysOf returns the properties to be listed: those that are enumerable, or all.
function keysOf(state, value) {
  const symbols = Object.getOwnPropertySymbols(value);
  if (state.showHidden) {
    const keys = Object.getOwnPropertyNames(value);
    return symbols.length > 0 ? [...keys, ...symbols] : keys;
  }
  let keys;
  try {
    keys = Object.keys(value);
  } catch {
    keys = Object.getOwnPropertyNames(value); // A module's namespace has bindings that are not initialized.
  }
  if (symbols.length > 0) keys.push(...symbols.filter((key) => isEnumerable.call(value, key)));
  return keys;
}

const nonIndexKeys = (state, value) => inside.ownKeys(value, !state.showHidden);

// iterables are listed by their elements only if they are still iterable.
const iterables = new Set(['Array', 'Map', 'Set', 'MapIterator', 'SetIterator'].map((name) => classes[name]));
for (let c = classes.Uint8ClampedArray; c <= classes.Float64Array; c++) iterables.add(c);

function lookOf(state, value, level, constructor, tag, isMember) {
  const c = classOf(value);
  if (c !== classes.Object) {
    if (constructor === null || !iterables.has(c) || Symbol.iterator in value) {
      if (c === classes.Array) return arrayLook(state, value, constructor, tag);
      if (c >= classes.Uint8ClampedArray && c <= classes.Float64Array) {
        return typedArrayLook(state, value, constructor, tag);
      }
      const look = looks.get(c)?.(state, value, level, constructor, tag, isMember);
      if (look !== undefined) return look;
    }
  }
  if (typeof value === 'function') return functionLook(state, value, level, constructor, tag);
  if (constructor !== 'Object' && value instanceof Error) {
    return looks.get(classes.Error)(state, value, level, constructor, tag);
  }
  const keys = keysOf(state, value);
  const url = constructor === 'Object' ? undefined : urlOf(value);
  if (url !== undefined && (level <= state.depth || state.depth === null)) {
    return keys.length === 0 ? { text: url, base: url, keys } : { base: url, keys };
  }
  if (constructor === 'Object' && tag === '') {
    return keys.length === 0 ? { text: '{}', keys, members: undefined, isList: false } : { keys, isList: false };
  }
  if (keys.length === 0) {
    return {
      text: `${nameOf(constructor, tag, 'Object')}{}`, keys, braces: [`${nameOf(constructor, tag, 'Object')}{`, '}'],
      isList: false,
    };
  }
  return { keys, braces: [`${nameOf(constructor, tag, 'Object')}{`, '}'], isList: false };
}

// urlOf returns the text of a URL, undefined for other objects. It does not load the class.
function urlOf(value) {
  const URL = Object.getOwnPropertyDescriptor(globalThis, 'URL')?.value;
  return typeof URL === 'function' && value instanceof URL ? value.href : undefined;
}

function arrayLook(state, value, constructor, tag) {
  const prefix = constructor !== 'Array' || tag !== '' ? nameOf(constructor, tag, 'Array', `(${value.length})`) : '';
  const keys = nonIndexKeys(state, value);
  const look = { kind: 'array', keys, braces: [`${prefix}[`, ']'], isList: true,
    members: (s, level) => formatArray(s, value, level) };
  if (value.length === 0 && keys.length === 0) look.text = `${prefix}[]`;
  return look;
}

function more(state, count) {
  return `... ${count} more item${count > 1 ? 's' : ''}`;
}

const mostOf = (state, length) => Math.min(Math.max(0, state.maxArrayLength), length);

function formatArray(state, value, level) {
  const { length } = value;
  const most = mostOf(state, length);
  const output = [];
  for (let i = 0; i < most; i++) {
    if (!Object.hasOwn(value, i)) return formatHoles(state, value, level, most, output, i);
    output.push(formatProperty(state, value, level, i, 'element'));
  }
  if (length > most) output.push(more(state, length - most));
  return output;
}

// formatHoles formats from the first missing element on.
function formatHoles(state, value, level, most, output, i) {
  const keys = Object.keys(value);
  let index = i;
  for (; i < keys.length && output.length < most; i++) {
    const key = keys[i];
    const n = +key;
    if (!(n >= 0 && n < 2 ** 32 - 1 && Number.isInteger(n) && String(n) === key)) break;
    if (n !== index) {
      output.push(state.stylize(`<${n - index} empty item${n - index > 1 ? 's' : ''}>`, 'undefined'));
      index = n;
      if (output.length === most) break;
    }
    output.push(formatProperty(state, value, level, key, 'element'));
    index++;
  }
  const rest = value.length - index;
  if (output.length !== most) {
    if (rest > 0) output.push(state.stylize(`<${rest} empty item${rest > 1 ? 's' : ''}>`, 'undefined'));
  } else if (rest > 0) {
    output.push(more(state, rest));
  }
  return output;
}

const TypedArray = Object.getPrototypeOf(Uint8Array);
const getter = (prototype, name) => Object.getOwnPropertyDescriptor(prototype, name).get;
const typedLength = getter(TypedArray.prototype, 'length');
const typedFacts = ['BYTES_PER_ELEMENT', 'length', 'byteLength', 'byteOffset', 'buffer'];

function typedArrayLook(state, value, constructor, tag) {
  const fallback = className(value);
  const length = typedLength.call(value);
  const prefix = nameOf(constructor, tag, fallback, `(${length})`);
  const keys = nonIndexKeys(state, value);
  const look = { kind: 'array', keys, braces: [`${prefix}[`, ']'], isList: true };
  if (length === 0 && keys.length === 0 && !state.showHidden) look.text = `${prefix}[]`;
  look.members = (s, level) => {
    const elements = constructor === null ? new globalThis[fallback](value) : value;
    const most = mostOf(s, length);
    const format = elements.length > 0 && typeof elements[0] === 'number' ? number : bigint;
    const output = new Array(most);
    for (let i = 0; i < most; i++) output[i] = format(s.stylize, elements[i], s.numericSeparator);
    if (length > most) output.push(more(s, length - most));
    if (s.showHidden) {
      s.indentationLvl += 2;
      for (const key of typedFacts) {
        output.push(`${s.stylize(`[${key}]`, 'string')}: ${formatValue(s, elements[key], level, true)}`);
      }
      s.indentationLvl -= 2;
    }
    return output;
  };
  return look;
}

const setSize = getter(Set.prototype, 'size');
const mapSize = getter(Map.prototype, 'size');

function collectionLook(name, sizeOf, members) {
  return (state, value, level, constructor, tag) => {
    const size = sizeOf.call(value);
    const prefix = nameOf(constructor, tag, name, `(${size})`);
    const keys = keysOf(state, value);
    const look = { keys, braces: [`${prefix}{`, '}'], isList: false, members: (s, l) => members(s, value, l, size) };
    if (size === 0 && keys.length === 0) look.text = `${prefix}{}`;
    return look;
  };
}

function formatSet(state, value, level, size) {
  const most = mostOf(state, size);
  const output = [];
  state.indentationLvl += 2;
  for (const one of Set.prototype.values.call(value)) {
    if (output.length >= most) break;
    output.push(formatValue(state, one, level));
  }
  if (size > most) output.push(more(state, size - most));
  state.indentationLvl -= 2;
  return output;
}

function formatMap(state, value, level, size) {
  const most = mostOf(state, size);
  const output = [];
  state.indentationLvl += 2;
  for (const [key, one] of Map.prototype.entries.call(value)) {
    if (output.length >= most) break;
    output.push(`${formatValue(state, key, level)} => ${formatValue(state, one, level)}`);
  }
  if (size > most) output.push(more(state, size - most));
  state.indentationLvl -= 2;
  return output;
}

const unbounded = 2 ** 31 - 1;

function iteratorLook(name) {
  return (state, value, level, constructor, tag) => {
    if (tag !== `${name} Iterator`) {
      if (tag !== '') tag += '] [';
      tag += `${name} Iterator`;
    }
    const [entries, pairs] = inside.entries(value, unbounded);
    let open = `[${tag}] {`;
    if (pairs) open = open.replace(/ Iterator\] \{$/, ' Entries] {');
    return {
      keys: keysOf(state, value), braces: [open, '}'], isList: pairs ? 'entries' : false,
      members: (s, l) => (pairs ? formatPairs(s, entries, l, true) :
        formatList(s, entries, l, name === 'Set' ? 'iterator' : 'iterator')),
    };
  };
}

// formatList formats the members of a weak set, in any order, or the rest of an iterator.
function formatList(state, entries, level, order) {
  const most = mostOf(state, entries.length);
  const output = [];
  state.indentationLvl += 2;
  for (let i = 0; i < most; i++) output.push(formatValue(state, entries[i], level));
  state.indentationLvl -= 2;
  if (order === 'weak' && !state.sorted) output.sort();
  if (entries.length > most) output.push(more(state, entries.length - most));
  return output;
}

function formatPairs(state, entries, level, isIterator) {
  const { arrange } = require('internal/inspect_layout');
  const count = entries.length / 2;
  const most = mostOf(state, count);
  const output = [];
  state.indentationLvl += 2;
  for (let i = 0; i < most; i++) {
    const pair = [formatValue(state, entries[2 * i], level), formatValue(state, entries[2 * i + 1], level)];
    output.push(isIterator ? arrange(state, pair, '', ['[', ']'], 'entries', level) : pair.join(' => '));
  }
  state.indentationLvl -= 2;
  if (!isIterator && !state.sorted) output.sort();
  if (count > most) output.push(more(state, count - most));
  return output;
}

function weakLook(name, hasPairs) {
  return (state, value, level, constructor, tag) => ({
    keys: keysOf(state, value), braces: [`${nameOf(constructor, tag, name)}{`, '}'], isList: false,
    members(s, l) {
      if (!s.showHidden) return [s.stylize('<items unknown>', 'special')];
      const [entries] = inside.entries(value, unbounded);
      return hasPairs ? formatPairs(s, entries, l, false) : formatList(s, entries, l, 'weak');
    },
  });
}

function promiseLook(state, value, level, constructor, tag) {
  return {
    keys: keysOf(state, value), braces: [`${nameOf(constructor, tag, 'Promise')}{`, '}'], isList: false,
    members(s, l) {
      const [settled, result] = inside.promise(value);
      if (settled === 0) return [s.stylize('<pending>', 'special')];
      s.indentationLvl += 2;
      const text = formatValue(s, result, l);
      s.indentationLvl -= 2;
      return [settled === 2 ? `${s.stylize('<rejected>', 'special')} ${text}` : text];
    },
  };
}

function weakRefLook(state, value, level, constructor, tag) {
  return {
    keys: keysOf(state, value), braces: [`${nameOf(constructor, tag, 'WeakRef')}{`, '}'], isList: false,
    members(s, l) {
      const target = value.deref();
      return [target === undefined ? s.stylize('<cleared>', 'special') : `${formatValue(s, target, l)}`];
    },
  };
}

function bufferLook(state, value, level, constructor, tag, isMember) {
  const prefix = nameOf(constructor, tag, className(value));
  const keys = keysOf(state, value);
  if (isMember && keys.length === 0) {
    return { text: `${prefix}{ [byteLength]: ${number(state.stylize, value.byteLength, false)} }`, keys };
  }
  return {
    keys, facts: ['byteLength'], braces: [`${prefix}{`, '}'], isList: false,
    members: isMember ? undefined : (s) => {
      let bytes;
      try {
        bytes = new Uint8Array(value);
      } catch {
        return [s.stylize('(detached)', 'special')];
      }
      const most = mostOf(s, bytes.length);
      const text = Array.from(bytes.subarray(0, most), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
      const rest = bytes.length - most;
      const tail = rest > 0 ? ` ... ${rest} more byte${rest > 1 ? 's' : ''}` : '';
      return [`${s.stylize('[Uint8Contents]', 'special')}: <${text}${tail}>`];
    },
  };
}

function dataViewLook(state, value, level, constructor, tag) {
  return {
    keys: keysOf(state, value), facts: ['byteLength', 'byteOffset', 'buffer'],
    braces: [`${nameOf(constructor, tag, 'DataView')}{`, '}'], isList: false,
  };
}

function moduleLook(state, value, level, constructor, tag) {
  const keys = keysOf(state, value);
  return {
    keys: [], braces: [`${nameOf(constructor, tag, 'Module')}{`, '}'], isList: false,
    members: (s, l) => keys.map((key) => {
      try {
        return formatProperty(s, value, l, key, false);
      } catch (error) {
        if (!(error instanceof ReferenceError)) throw error;
        return `${keyOf(s, key, true)}: ${s.stylize('<uninitialized>', 'special')}`;
      }
    }),
  };
}

function argumentsLook(state, value) {
  const keys = keysOf(state, value);
  return keys.length === 0 ? { text: '[Arguments] {}', keys } : { keys, braces: ['[Arguments] {', '}'], isList: false };
}

function generatorLook(state, value, level, constructor, tag) {
  const keys = keysOf(state, value);
  const prefix = nameOf(constructor, tag, 'Object');
  return keys.length === 0 ? { text: `${prefix}{}`, keys, braces: [`${prefix}{`, '}'], isList: false } :
    { keys, braces: [`${prefix}{`, '}'], isList: false };
}

function dateLook(state, value, level, constructor, tag) {
  const keys = keysOf(state, value);
  const time = Date.prototype.getTime.call(value);
  let base = Number.isNaN(time) ? 'Invalid Date' : Date.prototype.toISOString.call(value);
  const prefix = nameOf(constructor, tag, 'Date');
  if (prefix !== 'Date ') base = `${prefix}${base}`;
  base = state.stylize(base, 'date');
  return keys.length === 0 ? { text: base, base, keys, isList: false } : { base, keys, isList: false };
}

function regExpLook(state, value, level, constructor, tag) {
  const keys = keysOf(state, value);
  let base = RegExp.prototype.toString.call(constructor !== null ? value : new RegExp(value));
  const prefix = nameOf(constructor, tag, 'RegExp');
  base = state.stylize(prefix === 'RegExp ' ? base : `${prefix}${base}`, 'regexp');
  if (keys.length === 0 || (level > state.depth && state.depth !== null)) {
    return { text: base, base, keys, isList: false };
  }
  return { base, keys, isList: false };
}

const boxes = {
  Number: Number.prototype.valueOf, String: String.prototype.valueOf, Boolean: Boolean.prototype.valueOf,
  BigInt: BigInt.prototype.valueOf,
  Symbol: Symbol.prototype.valueOf,
};

function boxLook(type) {
  return (state, value, level, constructor, tag) => {
    let keys = keysOf(state, value);
    if (type === 'String') {
      keys = keys.filter((key) => typeof key === 'symbol' || !(/^(0|[1-9]\d*)$/.test(key) && +key < value.length));
    }
    let base = `[${type}`;
    if (type !== constructor) base += constructor === null ? ' (null prototype)' : ` (${constructor})`;
    base += `: ${primitive((text) => text, boxes[type].call(value), state)}]`;
    if (tag !== '' && tag !== constructor) base += ` [${tag}]`;
    if (keys.length !== 0 || state.stylize !== undefined) base = state.stylize(base, type.toLowerCase());
    return keys.length === 0 ? { text: base, base, keys, isList: false } : { base, keys, isList: false };
  };
}

const comments = /\/\/.*?(?:\n|$)|\/\*[^]*?\*\//g;

function isClass(value) {
  if (classOf(value) !== classes.BytecodeFunction) return false;
  const text = Function.prototype.toString.call(value);
  if (!text.startsWith('class')) {
    // A class of the library has no source.
    return text.endsWith('[native code]\n}') && Object.getOwnPropertyDescriptor(value, 'prototype')?.writable === false;
  }
  if (!text.endsWith('}')) return false;
  const head = text.slice(5, text.indexOf('{', 5));
  return !head.includes('(') || /^(\s+[^(]*?)\s*$/.test(head.replace(comments, '')) ||
    /^\s+extends\b/.test(head.replace(comments, ' ')) ||
    /\sextends\s/.test(head);
}

function functionBase(state, value, constructor, tag) {
  if (isClass(value)) {
    const name = (Object.hasOwn(value, 'name') && value.name) || '(anonymous)';
    let base = `class ${name}`;
    if (constructor !== 'Function' && constructor !== null) base += ` [${constructor}]`;
    if (tag !== '' && constructor !== tag) base += ` [${tag}]`;
    if (constructor === null) return `[${base} extends [null prototype]]`;
    const { name: parent } = Object.getPrototypeOf(value);
    return `[${parent ? `${base} extends ${parent}` : base}]`;
  }
  const c = classOf(value);
  let type = 'Function';
  if (c === classes.GeneratorFunction) type = 'GeneratorFunction';
  else if (c === classes.AsyncFunction) type = 'AsyncFunction';
  else if (c === classes.AsyncGeneratorFunction) type = 'AsyncGeneratorFunction';
  let base = `[${type}`;
  if (constructor === null) base += ' (null prototype)';
  base += value.name === '' ? ' (anonymous)' :
    `: ${typeof value.name === 'string' ? value.name : formatValue(state, value.name, 0)}`;
  base += ']';
  if (constructor !== type && constructor !== null) base += ` ${constructor}`;
  if (tag !== '' && constructor !== tag) base += ` [${tag}]`;
  return base;
}

function functionLook(state, value, level, constructor, tag) {
  const keys = keysOf(state, value);
  const base = functionBase(state, value, constructor, tag);
  if (keys.length === 0) {
    return { text: state.stylize(base, 'special'), base: state.stylize(base, 'special'), keys, isList: false };
  }
  return { base, keys, isList: false };
}

// externalLook is the look of a value of Go without methods. Node shows an address there.
function externalLook(state, value) {
  if (Object.getPrototypeOf(value) !== null) return undefined;
  const text = state.stylize('[External: 0]', 'special');
  return { text, base: text, keys: [] };
}

const looks = new Map(Object.entries({
  External: externalLook,
  Set: collectionLook('Set', setSize, formatSet), Map: collectionLook('Map', mapSize, formatMap),
  MapIterator: iteratorLook('Map'), SetIterator: iteratorLook('Set'), WeakSet: weakLook('WeakSet', false),
  WeakMap: weakLook('WeakMap', true),
  Promise: promiseLook, WeakRef: weakRefLook, ArrayBuffer: bufferLook, SharedArrayBuffer: bufferLook,
  DataView: dataViewLook, Module: moduleLook, Arguments: argumentsLook, MappedArguments: argumentsLook,
  Generator: generatorLook, AsyncGenerator: generatorLook,
  Date: dateLook, RegExp: regExpLook, Number: boxLook('Number'), String: boxLook('String'), Boolean: boxLook('Boolean'),
  BigInt: boxLook('BigInt'), Symbol: boxLook('Symbol'),
  Error: (...args) => require('internal/inspect_errors').errorLook(keysOf, ...args),
}).map(([name, look]) => [classes[name], look]));

module.exports = { keysOf, lookOf };

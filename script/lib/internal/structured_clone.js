'use strict';

// structuredClone: copies of values, as if they had been sent to another thread.

const { codes: { ERR_MISSING_ARGS } } = require('internal/errors');

const { uncloneable, untransferable } = require('internal/untransferable');

const inside = internalBinding('inside');
const { classOf, classes } = inside;

const classNames = new Map(Object.entries(classes).map(([name, number]) => [number, name]));
const boxes = {
  Number: Number.prototype.valueOf, String: String.prototype.valueOf, Boolean: Boolean.prototype.valueOf,
  BigInt: BigInt.prototype.valueOf,
};
const errorNames = new Set(['EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError']);

// clonedBy is the method that clones an object of the library: it returns the copy.
const clonedBy = Symbol.for('brood.clone');
// transferredBy is the method that transfers one: it returns the copy, and a function that moves the original's state
// into the copy.
const transferredBy = Symbol.for('brood.transfer');
// checkedBy is called before that with the sender of the copy, and throws if the object cannot be sent.
const checkedBy = Symbol('checkedBy');

const detach = ArrayBuffer.prototype.transfer;

const memory = new Set(['ArrayBuffer', 'SharedArrayBuffer']);

function refuse(text) {
  const { DOMException } = require('internal/dom_exception');
  throw new DOMException(text, 'DataCloneError');
}

function nameOf(value) {
  if (typeof value === 'function') return Function.prototype.toString.call(value);
  if (typeof value === 'symbol') return String(value);
  const tag = Object.prototype.toString.call(value);
  const name = value.constructor?.name;
  return tag === '[object Object]' || name === tag.slice(8, -1) ? `#<${name || 'Object'}>` : tag;
}

function clone(value, seen) {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) {
    if (typeof value === 'symbol') refuse(`${String(value)} could not be cloned.`);
    return value;
  }
  return seen.has(value) ? seen.get(value) : copyOf(value, seen);
}

function copyOf(value, seen) {
  const keep = (copy) => {
    seen.set(value, copy);
    return copy;
  };
  if (typeof value === 'function') refuse(`${nameOf(value)} could not be cloned.`);
  const c = classOf(value);
  const name = classNames.get(c);
  if (uncloneable.has(value) && !memory.has(name) && !ArrayBuffer.isView(value)) {
    refuse(`${nameOf(value)} could not be cloned.`);
  }
  if (name === 'Proxy' && value === process.env) return copyProperties(value, keep({}), seen);
  if (typeof value[clonedBy] === 'function') return keep(value[clonedBy]());
  if (typeof value[transferredBy] === 'function') {
    refuse('Object that needs transfer was found in message but not listed in transferList');
  }
  switch (name) {
    case 'Number': case 'String': case 'Boolean': case 'BigInt': return keep(Object(boxes[name].call(value)));
    case 'Date': return keep(new Date(Date.prototype.getTime.call(value)));
    case 'RegExp': return keep(new RegExp(value.source, value.flags));
    case 'ArrayBuffer': return keep(copyBuffer(value));
    case 'SharedArrayBuffer': return keep(value);
    case 'DataView': return keep(new DataView(clone(value.buffer, seen), value.byteOffset, value.byteLength));
    case 'Map': return copyMap(value, keep(new Map()), seen);
    case 'Set': return copySet(value, keep(new Set()), seen);
    case 'Error': return copyError(value, keep, seen);
    case 'Array': return copyArray(value, keep([]), seen);
    case 'Object': case 'Arguments': case 'MappedArguments': case undefined: return copyObject(value, keep, seen);
    default:
  }
  if (ArrayBuffer.isView(value)) return keep(copyView(value, name, seen));
  return refuse(`${name === 'Proxy' ? '#<Object>' : nameOf(value)} could not be cloned.`);
}

function copyBuffer(value) {
  if (value.detached) refuse('An ArrayBuffer is detached and could not be cloned.');
  if (!value.resizable) return value.slice();
  const copy = new ArrayBuffer(value.byteLength, { maxByteLength: value.maxByteLength });
  new Uint8Array(copy).set(new Uint8Array(value));
  return copy;
}

function copyView(value, name, seen) {
  const View = Uint8Array.prototype.isPrototypeOf(value) ? Uint8Array : globalThis[name];
  return new View(clone(value.buffer, seen), value.byteOffset, value.length);
}

function copyMap(value, copy, seen) {
  for (const [key, one] of [...Map.prototype.entries.call(value)]) copy.set(clone(key, seen), clone(one, seen));
  return copy;
}

function copySet(value, copy, seen) {
  for (const one of [...Set.prototype.values.call(value)]) copy.add(clone(one, seen));
  return copy;
}

function copyError(value, keep, seen) {
  const { DOMException, isDOMException } = require('internal/dom_exception');
  if (isDOMException(value)) {
    const copy = keep(new DOMException(value.message, value.name));
    Object.defineProperty(copy, 'stack', { value: value.stack, writable: true, configurable: true, enumerable: false });
    return copy;
  }
  const Class = errorNames.has(value.name) ? globalThis[value.name] : Error;
  const copy = keep(new Class());
  const hide = (name, one) => Object.defineProperty(copy, name,
    { value: one, writable: true, configurable: true, enumerable: false });
  const message = Object.getOwnPropertyDescriptor(value, 'message');
  if (message !== undefined && 'value' in message) hide('message', String(message.value));
  const { stack } = value;
  if (typeof stack === 'string') hide('stack', stack);
  if (Object.hasOwn(value, 'cause')) hide('cause', clone(value.cause, seen));
  return copy;
}

function copyObject(value, keep, seen) {
  // A script cannot copy objects of the library with private state.
  if (value[Symbol.toStringTag] !== undefined &&
    /^(?:Map|Set|Array|String|RegExp String) Iterator$|Generator$/.test(value[Symbol.toStringTag])) {
    return refuse(`${nameOf(value)} could not be cloned.`);
  }
  return copyProperties(value, keep({}), seen);
}

function copyArray(value, copy, seen) {
  const { length } = value;
  let i = 0;
  while (i < length && Object.hasOwn(value, i)) copy.push(clone(value[i++], seen));
  copy.length = length;
  const keys = Object.keys(value);
  return i === length && keys.length === length ? copy : copyProperties(value, copy, seen, keys.slice(i));
}

function copyProperties(value, copy, seen, keys = Object.keys(value)) {
  for (const key of keys) {
    if (!Object.hasOwn(value, key)) continue; // A getter before it has removed it.
    const one = clone(value[key], seen);
    if (key in copy) {
      Object.defineProperty(copy, key, { value: one, writable: true, enumerable: true, configurable: true });
    }
    else copy[key] = one;
  }
  return copy;
}

function transferListOf(options) {
  if (options === undefined || options === null) return [];
  const fail = (text) => {
    const error = new TypeError(`Failed to execute 'structuredClone': ${text}`);
    error.code = 'ERR_INVALID_ARG_TYPE';
    throw error;
  };
  if (typeof options !== 'object' && typeof options !== 'function') fail('Options cannot be converted to a dictionary');
  const { transfer } = options;
  if (transfer === undefined) return [];
  if (transfer === null || typeof transfer !== 'object' || typeof transfer[Symbol.iterator] !== 'function') {
    fail('transfer in Options can not be converted to sequence.');
  }
  return [...transfer];
}

function structuredClone(value, options) {
  if (arguments.length === 0) throw new ERR_MISSING_ARGS('The value argument must be specified');
  return cloneAndTransfer(value, transferListOf(options));
}

function checkTransfer(list, source) {
  const all = new Set();
  for (const one of list) {
    const isBuffer = classOf(one) === classes.ArrayBuffer;
    if (!isBuffer && typeof one?.[transferredBy] !== 'function') refuse('Found invalid value in transferList.');
    if (untransferable.has(one)) refuse('Cannot transfer object of unsupported type.');
    if (all.has(one)) refuse(`Transfer list contains duplicate ${isBuffer ? 'ArrayBuffer' : one.constructor.name}`);
    all.add(one);
    if (isBuffer) {
      if (one.detached) refuse('An ArrayBuffer is detached and could not be cloned.');
    } else {
      one[checkedBy]?.(source);
    }
  }
}

// cloneAndTransfer returns a copy that gets the contents of the objects in list; the originals lose them. Nothing is
// transferred unless all can be cloned. source is the sender of the copy, if it is sent. Transferred objects, except
// memory, are added to moved.
function cloneAndTransfer(value, list, source, moved) {
  const seen = new Map();
  if (list.length === 0) return clone(value, seen);
  checkTransfer(list, source);
  const moves = [];
  for (const one of list) {
    if (classOf(one) === classes.ArrayBuffer) {
      seen.set(one, copyBuffer(one)); // Views are measured while their buffers are still there.
      moves.push(() => Reflect.apply(detach, one, []));
    } else {
      const { copy, move } = one[transferredBy]();
      seen.set(one, copy);
      moved?.push(copy);
      moves.push(move);
    }
  }
  const copy = clone(value, seen);
  for (const move of moves) move();
  return copy;
}

module.exports = { checkedBy, cloneAndTransfer, clonedBy, refuse, structuredClone, transferredBy };

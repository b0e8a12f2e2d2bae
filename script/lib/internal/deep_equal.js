'use strict';

// Deep equality in three modes: loose (==), strict, and partial, where the expected value may be a part of the actual
// one.

const inside = internalBinding('inside');
const { classOf, classes } = inside;

const loose = 0;
const strict = 1;
const partial = 2;

const isTyped = (c) => classes.Uint8ClampedArray <= c && c <= classes.Float64Array;
const isFloat = (c) => c === classes.Float16Array || c === classes.Float32Array || c === classes.Float64Array;
const isBuffer = (c) => c === classes.ArrayBuffer || c === classes.SharedArrayBuffer;
const byIdentity = new Set([classes.WeakMap, classes.WeakSet, classes.Promise]);
const boxes = new Map([
  [classes.Number, Number.prototype.valueOf], [classes.String, String.prototype.valueOf],
  [classes.Boolean, Boolean.prototype.valueOf],
  [classes.BigInt, BigInt.prototype.valueOf], [classes.Symbol, Symbol.prototype.valueOf],
]);

const isEnumerable = Object.prototype.propertyIsEnumerable;
const tagOf = (value) => Object.prototype.toString.call(value);

// Comparison is one comparison. It remembers the objects under comparison, because they may refer to themselves.
class Comparison {
  constructor(mode, skipPrototype) {
    this.mode = mode;
    this.skipPrototype = skipPrototype;
    this.within = undefined;
    this.pair = undefined; // the outermost one, until there is one within
  }

  equal(a, b) {
    const { mode } = this;
    if (a === b) return a !== 0 || mode === loose || Object.is(a, b);
    const isObject = a !== null && typeof a === 'object';
    const isOther = b !== null && typeof b === 'object';
    if (mode !== loose) {
      if (!isObject || !isOther) return typeof a === 'number' && Number.isNaN(a) && Number.isNaN(b);
      if (mode === strict && !this.skipPrototype && Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
    } else if (!isObject || !isOther) {
      const isFunction = typeof a === 'function' || typeof b === 'function';
      return !isObject && !isOther && !isFunction ? a == b || (Number.isNaN(a) && Number.isNaN(b)) : false;
    }
    return this.objects(a, b);
  }

  objects(a, b) {
    if (tagOf(a) !== tagOf(b)) return false;
    const c = this.classOf(a);
    const other = this.classOf(b);
    if (Array.isArray(a)) return Array.isArray(b) && this.arrays(a, b);
    if (Array.isArray(b)) return false;
    if (isTyped(c) || c === classes.DataView) return c === other && this.views(a, b, c);
    if (isTyped(other) || other === classes.DataView || c !== other) return false;
    if (c === classes.Object || c === classes.Generator) return this.plain(a, b);
    if (c === classes.Set) return this.sized(a, b) && this.enter(a, b, 'sets');
    if (c === classes.Map) return this.sized(a, b) && this.enter(a, b, 'maps');
    if (c === classes.Date) {
      const [x, y] = [Date.prototype.getTime.call(a), Date.prototype.getTime.call(b)];
      if (x !== y && !(Number.isNaN(x) && Number.isNaN(y))) return false;
    } else if (c === classes.RegExp) {
      if (a.source !== b.source || a.flags !== b.flags || a.lastIndex !== b.lastIndex) return false;
    } else if (c === classes.Error) {
      return this.enter(a, b, 'errors');
    } else if (isBuffer(c)) {
      if (!inside.sameBytes(a, b) && (this.mode !== partial ||
        !this.bytes(new Uint8Array(a), new Uint8Array(b), false))) {
        return false;
      }
    } else if (boxes.has(c)) {
      const valueOf = boxes.get(c);
      if (!Object.is(valueOf.call(a), valueOf.call(b))) return false;
    } else if (byIdentity.has(c)) {
      return false;
    }
    return this.enter(a, b, 'nothing');
  }

  // classOf looks through proxies, as the comparison of properties does.
  classOf(value) {
    let c = classOf(value);
    while (c === classes.Proxy) {
      [value] = inside.proxy(value);
      if (value === null) return 0;
      c = classOf(value);
    }
    return c === classes.Module ? classes.Object : c; // Its tag distinguishes it.
  }

  plain(a, b) {
    if (a instanceof Error) return this.enter(a, b, 'errors');
    return isSameURL(a, b) && this.enter(a, b, 'nothing');
  }

  arrays(a, b) {
    if (this.mode === partial ? a.length < b.length : a.length !== b.length) return false;
    const symbols = this.mode !== loose;
    const keys = ownKeys(a, symbols);
    const others = ownKeys(b, symbols);
    if (this.mode === partial ? keys.length < others.length : keys.length !== others.length) return false;
    return this.enter(a, b, 'elements', others);
  }

  views(a, b, c) {
    if (this.mode !== partial && a.byteLength !== b.byteLength) return false;
    // Floating point numbers with different bytes may be equal: zeros and NaN.
    if (!inside.sameBytes(a, b) && !((isFloat(c) || this.mode === partial) &&
      this.bytes(elementsOf(a), elementsOf(b), this.mode === loose))) {
      return false;
    }
    if (c === classes.DataView) return this.enter(a, b, 'nothing');
    return this.enter(a, b, 'nothing', ownKeys(b, this.mode !== loose), ownKeys(a, this.mode !== loose));
  }

  // bytes compares elements of typed arrays; in partial mode those of b must occur in a, in their order.
  bytes(a, b, zerosAreOne) {
    if (this.mode === partial) {
      if (a.length < b.length) return false;
      let i = 0;
      for (let j = 0; j < b.length; i++) {
        if (i === a.length) return false;
        if (Object.is(a[i], b[j])) j++;
      }
      return true;
    }
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) {
      if (a[i] !== b[i] ? !(Number.isNaN(a[i]) && Number.isNaN(b[i])) : a[i] === 0 && !zerosAreOne &&
        !Object.is(a[i], b[i])) {
        return false;
      }
    }
    return true;
  }

  errors(a, b) {
    if (classOf(b) !== classes.Error && !(b instanceof Error)) return false;
    for (const name of ['message', 'name', 'errors']) {
      if (isEnumerable.call(b, name)) continue; // It is compared with the other properties.
      if (this.mode === partial && (b[name] === undefined || (name === 'message' && b[name] === ''))) continue;
      if (!this.equal(a[name], b[name])) return false;
    }
    const hasCause = Object.hasOwn(b, 'cause');
    if (hasCause !== Object.hasOwn(a, 'cause') && (this.mode !== partial || hasCause)) return false;
    return !hasCause || this.equal(a.cause, b.cause);
  }

  sized(a, b) {
    return this.mode === partial ? a.size >= b.size : a.size === b.size;
  }

  // enter compares the contents of two objects, unless they are being compared already.
  enter(a, b, members, keys, given) {
    const own = given ?? (members === 'elements' ? undefined : Object.keys(a));
    keys ??= Object.keys(b);
    if (own !== undefined && (this.mode === partial ? own.length < keys.length : own.length !== keys.length)) {
      return false;
    }
    for (const key of keys) if (!isEnumerable.call(a, key)) return false;
    if (this.mode !== loose && members !== 'elements' && given === undefined && !this.symbols(a, b, keys)) return false;
    return this.guarded(a, b, members, keys);
  }

  symbols(a, b, keys) {
    const count = keys.length;
    for (const key of Object.getOwnPropertySymbols(b)) {
      if (!isEnumerable.call(b, key)) continue;
      if (!isEnumerable.call(a, key)) return false;
      keys.push(key);
    }
    if (this.mode === partial) return true;
    return Object.getOwnPropertySymbols(a).filter((key) => isEnumerable.call(a, key)).length === keys.length - count;
  }

  // guarded compares members unless the two are being compared already, which is if both are. The
  // first pair is remembered only once there is a second: most values are flat.
  guarded(a, b, members, keys) {
    if (this.pair === undefined) {
      this.pair = [a, b];
      const same = this.members(a, b, members, keys);
      this.pair = undefined;
      return same;
    }
    this.within ??= new Set(this.pair);
    const { size } = this.within;
    this.within.add(a).add(b);
    if (this.within.size !== size + 2) return this.within.size === size;
    const same = this.members(a, b, members, keys);
    this.within.delete(a);
    this.within.delete(b);
    return same;
  }

  members(a, b, members, keys) {
    if (members === 'errors' && !this.errors(a, b)) return false;
    if (members === 'sets' && !this.sets(a, b)) return false;
    if (members === 'maps' && !this.maps(a, b)) return false;
    if (members === 'elements' && !this.elements(a, b)) return false;
    for (const key of keys) if (!this.equal(a[key], b[key])) return false;
    return true;
  }

  elements(a, b) {
    if (this.mode === partial) return this.subsequence(a, b);
    for (let i = 0; i < a.length; i++) {
      if (Object.hasOwn(a, i)) {
        if (!Object.hasOwn(b, i)) return this.mode === loose && a[i] === undefined && i in b ? true : false;
        if (!this.equal(a[i], b[i])) return false;
      } else if (Object.hasOwn(b, i)) {
        return false;
      } else {
        return this.sparse(a, b, i);
      }
    }
    return true;
  }

  // sparse compares from the first missing element on, without reading each.
  sparse(a, b, from) {
    const keys = Object.keys(a);
    if (keys.length !== Object.keys(b).length) return false;
    for (let i = from; i < keys.length; i++) {
      const key = keys[i];
      if (!Object.hasOwn(b, key) || !this.equal(a[key], b[key])) return false;
    }
    return true;
  }

  // subsequence reports whether the elements of b are among the elements of a, in their order. From the first missing
  // one on, only existing elements count.
  subsequence(a, b) {
    let i = 0;
    for (let j = 0; j < b.length; j++, i++) {
      while (!isHole(a, i) && !isHole(b, j) && !this.equal(a[i], b[j])) {
        if (++i > a.length - b.length + j) return false;
      }
      if (isHole(a, i) || isHole(b, j)) {
        return this.sparseSubsequence(a, b, Object.keys(a).slice(i), Object.keys(b).slice(j));
      }
    }
    return true;
  }

  sparseSubsequence(a, b, keys, others) {
    if (keys.length < others.length) return false;
    let i = 0;
    for (let j = 0; j < others.length; j++, i++) {
      while (!this.equal(a[keys[i]], b[others[j]])) {
        if (++i > keys.length - others.length + j) return false;
      }
    }
    return true;
  }

  sets(a, b) {
    const rest = []; // elements of b for which an equal one is still to be found
    for (const member of b) {
      if (a.has(member)) continue;
      if ((member === null || typeof member !== 'object') && this.mode !== loose) return false;
      rest.push(member);
    }
    if (rest.length === 0) return true;
    const candidates = [...a].filter((member) => !b.has(member) &&
      (this.mode === loose || (member !== null && typeof member === 'object')));
    return this.matchAll(rest, candidates, (x, y) => this.equal(y, x));
  }

  maps(a, b) {
    const rest = [];
    for (const [key, value] of b) {
      if (key === null || (typeof key !== 'object' && this.mode !== loose)) {
        if (key !== null || this.mode !== loose) {
          if (!a.has(key) || !this.equal(a.get(key), value)) return false;
          continue;
        }
      }
      if (a.has(key) && this.equal(a.get(key), value)) continue;
      rest.push(key);
    }
    if (rest.length === 0) return true;
    const isOpen = (key) => !b.has(key) || !this.equal(a.get(key), b.get(key));
    const candidates = [...a.keys()].filter((key) => (this.mode === loose ||
      (key !== null && typeof key === 'object')) && isOpen(key));
    return this.matchAll(rest, candidates, (x, y) => this.equal(y, x) && this.equal(a.get(y), b.get(x)));
  }

  // matchAll reports whether each of rest has a candidate of its own.
  matchAll(rest, candidates, same) {
    const free = new Set(candidates);
    for (const one of rest) {
      let found = false;
      for (const candidate of free) {
        if (same(one, candidate)) {
          free.delete(candidate);
          found = true;
          break;
        }
      }
      if (!found) return false;
    }
    return true;
  }
}

const elementsOf = (view) => (classOf(view) === classes.DataView ?
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength) : view);

const isHole = (list, i) => list[i] === undefined && !Object.hasOwn(list, i);

// ownKeys returns the enumerable properties of an array besides its elements.
function ownKeys(value, symbols) {
  if (classOf(value) === classes.Proxy) {
    return Reflect.ownKeys(value).filter((key) => isEnumerable.call(value, key) &&
      (typeof key === 'symbol' ? symbols : !/^\d+$/.test(key)));
  }
  const keys = inside.ownKeys(value, true);
  return symbols ? keys : keys.filter((key) => typeof key === 'string');
}

// isSameURL compares two URLs by their text, and is true of others. The class is not loaded for that.
function isSameURL(a, b) {
  const URL = Object.getOwnPropertyDescriptor(globalThis, 'URL')?.value;
  if (typeof URL !== 'function' || !(a instanceof URL)) return true;
  return b instanceof URL && a.href === b.href;
}

const isDeepEqual = (a, b) => new Comparison(loose, false).equal(a, b);
const isDeepStrictEqual = (a, b, skipPrototype = false) => new Comparison(strict, skipPrototype).equal(a, b);
const isPartialStrictEqual = (a, b) => new Comparison(partial, false).equal(a, b);

module.exports = { isDeepEqual, isDeepStrictEqual, isPartialStrictEqual };

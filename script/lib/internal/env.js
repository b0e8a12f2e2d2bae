'use strict';

// process.env: names and values are strings, whatever is set.

const { codes: { ERR_INVALID_OBJECT_DEFINE_PROPERTY } } = require('internal/errors');

const state = require('internal/env_state');

const pendingDeprecation = require('internal/options').has('--pending-deprecation');

let warned = false;

function warn() {
  if (warned) return;
  warned = true;
  process.emitWarning('Assigning any value other than a string, number, or boolean to a process.env property is deprecated. ' +
    'Please make sure to convert the value to a string before setting process.env with it.', 'DeprecationWarning',
      'DEP0104');
}

const untilNull = (text) => (text.includes('\0') ? text.slice(0, text.indexOf('\0')) : text);

// put is setenv(3): a text ends at its first null byte, and an invalid name is not set.
function put(target, name, value) {
  name = untilNull(name);
  if (name === '' || name.includes('=')) return;
  target[name] = untilNull(value);
  state.changes++;
}

module.exports = new Proxy(state.values, {
  set(target, name, value) {
    if (typeof name === 'symbol' || typeof value === 'symbol') {
      throw new TypeError('Cannot convert a Symbol value to a string');
    }
    if (pendingDeprecation && typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      warn();
    }
    put(target, name, String(value));
    return true;
  },
  defineProperty(target, name, descriptor) {
    if ('get' in descriptor || 'set' in descriptor) {
      throw new ERR_INVALID_OBJECT_DEFINE_PROPERTY("'process.env' does not accept an accessor(getter/setter) descriptor");
    }
    if (!descriptor.configurable || !descriptor.writable || !descriptor.enumerable) {
      throw new ERR_INVALID_OBJECT_DEFINE_PROPERTY("'process.env' only accepts a configurable, writable, and enumerable data descriptor");
    }
    put(target, name, String(descriptor.value));
    return true;
  },
  deleteProperty(target, name) {
    state.changes++;
    return delete target[name];
  },
  getPrototypeOf: () => Object.prototype,
  get(target, name) {
    return name in target ? target[name] : Object.prototype[name];
  },
});

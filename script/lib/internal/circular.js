'use strict';

// Warns when a script reads a property that a module has not exported yet, because both require each other.

const { isProxy } = require('internal/types');

const hasMember = (target, name) => name in target || name === '__esModule'; // Compiled code reads it.

function warn(name) {
  process.emitWarning(`Accessing non-existent property '${String(name)}' of module exports inside circular dependency`);
}

// warner is the prototype of incomplete exports.
const warner = new Proxy({}, {
  get(target, name) {
    if (!hasMember(target, name)) warn(name);
    return target[name];
  },
  getOwnPropertyDescriptor(target, name) {
    if (!Object.hasOwn(target, name) && name !== '__esModule') warn(name);
    return Reflect.getOwnPropertyDescriptor(target, name);
  },
});

// begin warns of reads of missing properties of these exports. Exports of compiled code, and those that are no plain
// objects, are left alone.
function begin(exports) {
  if (exports === null || typeof exports !== 'object' || isProxy(exports)) return;
  if (Object.getPrototypeOf(exports) === Object.prototype && !exports.__esModule) {
    Object.setPrototypeOf(exports, warner);
  }
}

// end is called with the exports of a module that has run.
function end(exports) {
  if (exports === null || typeof exports !== 'object' || isProxy(exports)) return;
  if (Object.getPrototypeOf(exports) === warner) Object.setPrototypeOf(exports, Object.prototype);
}

module.exports = { begin, end };

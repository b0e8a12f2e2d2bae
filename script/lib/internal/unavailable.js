'use strict';

// Functions of modules that are not available here: scripts can load the modules, and get an error on use.

const { codes: { ERR_FEATURE_UNAVAILABLE_ON_PLATFORM } } = require('internal/errors');

// unavailable returns an object of functions that throw, also as constructors.
function unavailable(module, names) {
  const all = {};
  for (const name of names) {
    all[name] = { [name]: function () { throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM(`${module}.${name}`); } }[name];
  }
  return all;
}

module.exports = { unavailable };

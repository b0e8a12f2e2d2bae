'use strict';

// What modules have that cannot be done here: scripts can load the modules, and get an error when they use it.

const { codes: { ERR_FEATURE_UNAVAILABLE_ON_PLATFORM } } = require('internal/errors');

// unavailable returns an object of functions, each of which throws. They are constructors, too.
function unavailable(module, names) {
  const all = {};
  for (const name of names) {
    all[name] = { [name]: function () { throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM(`${module}.${name}`); } }[name];
  }
  return all;
}

module.exports = { unavailable };

'use strict';

// util.diff.

const { codes: { ERR_INVALID_ARG_TYPE } } = require('internal/errors');
const { myersDiff } = require('internal/assert/myers_diff');
const { validateString } = require('internal/validators');

function check(value, name) {
  if (!Array.isArray(value)) {
    validateString(value, name);
    return;
  }
  value.forEach((line, i) => {
    if (typeof line !== 'string') throw new ERR_INVALID_ARG_TYPE(`${name}[${i}]`, 'string', line);
  });
}

// diff is util.diff: of strings it compares characters, of arrays the elements.
function diff(actual, expected) {
  if (actual === expected) return [];
  check(actual, 'actual');
  check(expected, 'expected');
  return myersDiff(actual, expected).reverse();
}

module.exports = { diff };

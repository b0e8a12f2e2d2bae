'use strict';

const { Assert, AssertionError, ensure, methods } = require('internal/assert/assert');

// assert is ok with the other assertions as its properties.
function assert(...args) {
  ensure(assert, args.length, args[0], args[1]);
}
Object.assign(assert, { AssertionError, ...methods });

function strict(...args) {
  ensure(strict, args.length, args[0], args[1]);
}
Object.assign(strict, assert, {
  equal: assert.strictEqual, deepEqual: assert.deepStrictEqual, notEqual: assert.notStrictEqual,
  notDeepEqual: assert.notDeepStrictEqual,
});

assert.strict = strict;
strict.strict = strict;
assert.Assert = Assert;
strict.Assert = Assert;

module.exports = assert;

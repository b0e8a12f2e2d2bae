'use strict';

// Functions that Node's own tests expect under this name.

const { checkRead, checkWrite, toFlags } = require('internal/fs/check');
const { check } = require('internal/fs/remove');
const { BigIntStats } = require('internal/fs/stats');

module.exports = {
  BigIntStats, stringToFlags: toFlags, validateOffsetLengthRead: checkRead, validateOffsetLengthWrite: checkWrite,
  validateRmOptionsSync: (path, options) => check(options),
};

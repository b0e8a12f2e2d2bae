'use strict';

// What process.env has, and how often it was changed.

module.exports = { values: Object.assign(Object.create(null), internalBinding('process').environ()), changes: 0 };

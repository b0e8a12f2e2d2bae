'use strict';

// Objects that markAsUntransferable and markAsUncloneable were called with, and what the library
// shares, such as the memory of small buffers.

module.exports = { untransferable: new WeakSet(), uncloneable: new WeakSet() };

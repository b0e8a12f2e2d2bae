'use strict';

// Objects that markAsUntransferable and markAsUncloneable have marked, and objects that the library shares, such as the
// memory of small buffers.

module.exports = { untransferable: new WeakSet(), uncloneable: new WeakSet() };

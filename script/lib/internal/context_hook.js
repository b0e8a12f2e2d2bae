'use strict';

// What has callbacks run in the asynchronous context in which they were set. It is undefined until a script uses such contexts.
// domain returns the current domain, once a script uses these.

module.exports = { bind: undefined, domain: undefined };

'use strict';

// What has callbacks run in the asynchronous context in which they were set. It is undefined until a script uses such contexts.

module.exports = { bind: undefined };

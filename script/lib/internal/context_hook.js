'use strict';

// bind makes callbacks run in the asynchronous context in which they were set. It is undefined until a script uses such
// contexts. domain returns the current domain, once a script uses domains. create and destroyed begin and end an
// operation that has a resource, and bindRequest is bind for an operation that ends with its call, once async_hooks
// needs them.

module.exports = {
  bind: undefined, bindRequest: undefined, create: undefined, destroyed: undefined, domain: undefined,
};

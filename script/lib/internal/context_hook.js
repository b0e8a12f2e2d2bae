'use strict';

// What has callbacks run in the asynchronous context in which they were set. It is undefined until
// a script uses such contexts. domain returns the current domain, once a script uses these. create
// and destroyed tell of an operation that has a resource, and of its end, and bindRequest is bind
// for one that is over with its call, once async_hooks wants to know.

module.exports = {
  bind: undefined, bindRequest: undefined, create: undefined, destroyed: undefined, domain: undefined,
};

'use strict';

// The globals of fetch, which are loaded when one of them is first used: fetch itself must be there
// for those that only keep it.

module.exports = {
  fetch(input, init) { return require('internal/http/fetch').fetch(input, init); },
  get Headers() { return require('internal/http/fetch').Headers; },
  get Response() { return require('internal/http/fetch').Response; },
};

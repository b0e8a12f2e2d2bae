'use strict';

// The globals of fetch, which are loaded on first use. fetch itself exists from the start, because scripts may only
// store it.

module.exports = {
  fetch(input, init) { return require('internal/http/fetch').fetch(input, init); },
  get Headers() { return require('internal/http/fetch').Headers; },
  get Response() { return require('internal/http/fetch').Response; },
};

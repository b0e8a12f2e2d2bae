'use strict';

const { clearImmediate, setImmediate } = require('internal/immediates');
const { clearInterval, clearTimeout, setInterval, setTimeout } = require('internal/timers');

module.exports = { setTimeout, clearTimeout, setImmediate, clearImmediate, setInterval, clearInterval };

Object.defineProperty(module.exports, 'promises', {
  configurable: true, enumerable: true, get: () => require('timers/promises'),
});

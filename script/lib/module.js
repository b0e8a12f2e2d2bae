'use strict';

module.exports = require('internal/cjs').Module;

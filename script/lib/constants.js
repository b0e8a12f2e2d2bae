'use strict';

const { constants } = require('os');

module.exports = Object.freeze({ ...constants.errno, ...constants.priority, ...constants.signals,
  ...require('fs').constants });

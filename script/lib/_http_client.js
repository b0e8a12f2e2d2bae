'use strict';

module.exports = require('internal/http/client');

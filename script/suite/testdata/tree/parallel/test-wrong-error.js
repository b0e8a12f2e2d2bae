'use strict';
const common = require('../common');

require('fs').readFile('/nowhere/at all', common.expectsError('EACCES'));

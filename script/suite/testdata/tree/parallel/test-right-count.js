'use strict';
const common = require('../common');

setTimeout(common.mustCall(), 1);
process.nextTick(common.mustCall());

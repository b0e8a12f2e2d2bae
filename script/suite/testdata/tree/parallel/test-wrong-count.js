'use strict';
const common = require('../common');

setTimeout(common.mustCall(() => {}, 2), 1);

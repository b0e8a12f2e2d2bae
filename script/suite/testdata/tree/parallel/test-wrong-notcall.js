'use strict';
const common = require('../common');

setTimeout(common.mustNotCall('called all the same'), 1);

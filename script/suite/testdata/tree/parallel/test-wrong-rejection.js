'use strict';
require('../common');

Promise.reject(new RangeError('nobody catches this'));

'use strict';
require('../common');

gc();

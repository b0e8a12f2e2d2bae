'use strict';
require('../common');

process.exitCode = 3;

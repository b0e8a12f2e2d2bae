'use strict';
// It kills the process that started it, and would pass otherwise.
require('../common');

process.kill(process.ppid, 'SIGKILL');

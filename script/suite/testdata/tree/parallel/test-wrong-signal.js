'use strict';
require('../common');

process.kill(process.pid, 'SIGKILL');

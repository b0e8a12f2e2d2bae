'use strict';
require('../common');

process.on('SIGTERM', () => {});
for (;;);

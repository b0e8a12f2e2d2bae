'use strict';
// The file SUITE_ORDER tells whether the other one runs at the same time.
const common = require('../common');
const fs = require('fs');

fs.appendFileSync(process.env.SUITE_ORDER, 'b');
require('child_process').execFile(process.execPath, ['-e', '1'], common.mustCall(() => {
  fs.appendFileSync(process.env.SUITE_ORDER, 'b');
}));

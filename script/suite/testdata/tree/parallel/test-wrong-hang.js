'use strict';
// It never ends, and neither does what it has started. The file SUITE_LEFT gets its number.
require('../common');
const fs = require('fs');
const { spawn } = require('child_process');

const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true });
fs.appendFileSync(process.env.SUITE_LEFT, `${child.pid}\n`);
setInterval(() => {}, 1000);

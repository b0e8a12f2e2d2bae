'use strict';
// It leaves processes that outlive it: one in its own session, a grandchild whose parent has ended, and one that holds the test's output.
// The file SUITE_LEFT gets their numbers.
const common = require('../common');
const fs = require('fs');
const { spawn } = require('child_process');

const sleeper = ['-e', 'console.log(process.pid); setInterval(() => {}, 1000)'];
const parent = ['-e', `require('child_process').spawn(process.execPath, ${JSON.stringify(sleeper)}, { stdio: 'inherit', detached: true })
  .on('spawn', () => process.exit())`];

let left = 2;
for (const args of [sleeper, parent]) {
  const child = spawn(process.execPath, args, { detached: true, env: {}, stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.once('data', common.mustCall((pid) => {
    fs.appendFileSync(process.env.SUITE_LEFT, pid);
    if (--left === 0) process.exit(0);
  }));
}
spawn(process.execPath, sleeper, { detached: true, stdio: 'inherit' }).unref();

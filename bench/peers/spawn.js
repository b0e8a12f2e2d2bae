'use strict';
// A spawning server in JavaScript, for Node and Bun; spawnserver.go says what that is:
//
//	spawn.js FILE   FILE is the program to start

const { spawn } = require('child_process');
const fs = require('fs');

const file = process.argv[2];
const open = [];

// spawnAll starts count children one after the other. A child is done at its close, when its output has ended too.
function spawnAll(count, done) {
  if (count === 0) return done();
  const child = spawn(file);
  child.stdout.resume();
  child.stderr.resume();
  child.on('close', (code) => {
    if (code !== 0) throw new Error(`exit code ${code}`);
    spawnAll(count - 1, done);
  });
}

const jobs = {
  open(count) {
    while (open.length < count) open.push(fs.openSync('/dev/null'));
    while (open.length > count) fs.closeSync(open.pop());
    console.log(String(count));
  },

  spawn(count) {
    const start = process.hrtime.bigint();
    spawnAll(count, () => console.log(String(process.hrtime.bigint() - start)));
  },
};

spawnAll(1, () => {
  require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const [job, count] = line.split(' ');
    jobs[job](+count);
  });
});

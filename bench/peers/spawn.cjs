'use strict';
// A spawning server in JavaScript, for Node, Bun, Deno and brood, see spawnserver.go and script.go:
//
//	spawn.cjs FILE BENCH   FILE is the program to start, BENCH one that writes with -child-write

const { spawn, spawnSync, execFile } = require('child_process');
const fs = require('fs');

const [file, bench] = process.argv.slice(2);
const open = [];

// spawnAll starts count children one after the other. A child is done at its close, when its output has ended too.
function spawnAll(count, done) {
  if (count === 0) return done();
  const child = spawn(file);
  child.stdout.resume();
  child.stderr.resume();
  child.on('close', (code) => {
    check(code, 0);
    spawnAll(count - 1, done);
  });
}

// timed answers an order with the nanoseconds of job, which calls done at its end.
function timed(job) {
  const start = process.hrtime.bigint();
  job(() => console.log(String(process.hrtime.bigint() - start)));
}

const jobs = {
  open(count) {
    while (open.length < count) open.push(fs.openSync('/dev/null'));
    while (open.length > count) fs.closeSync(open.pop());
    console.log(String(count));
  },

  spawn(count) {
    timed((done) => spawnAll(count, done));
  },

  spawnSync(count) {
    timed((done) => {
      for (let i = 0; i < count; i++) check(spawnSync(file).status, 0);
      done();
    });
  },

  execFile(count, inFlight) {
    timed((done) => {
      let started = 0;
      let ended = 0;
      const next = () => {
        if (started++ >= count) return;
        execFile(file, (error) => {
          if (error) throw error;
          if (++ended === count) done();
          else next();
        });
      };
      for (let i = 0; i < inFlight; i++) next();
    });
  },

  stdout(bytes) {
    timed((done) => {
      let got = 0;
      const child = spawn(bench, ['-child-write', String(bytes)], { stdio: ['ignore', 'pipe', 'inherit'] });
      child.stdout.on('data', (chunk) => { got += chunk.length; });
      child.on('close', () => {
        check(got, bytes);
        done();
      });
    });
  },
};

function check(got, want) {
  if (got !== want) throw new Error(`${got} in place of ${want}`);
}

spawnAll(1, () => {
  require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const [job, ...args] = line.split(' ');
    jobs[job](...args.map(Number));
  });
});

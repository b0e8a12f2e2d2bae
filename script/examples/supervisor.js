#!/usr/bin/env brood
'use strict';

// Keeps a program running: it is restarted when it exits, after a delay that doubles up to a minute
// while it exits early. SIGHUP restarts it; SIGTERM and SIGINT end the program and this script.
// Try: brood examples/supervisor.js sh -c 'echo up; sleep 1; exit 1'

const { spawn } = require('child_process');

const [program, ...args] = process.argv.slice(2);
if (program === undefined) {
  console.error('usage: supervisor.js PROGRAM [ARGUMENTS]');
  process.exit(2);
}

const shortest = 100; // milliseconds
const longest = 60_000;
const grace = 5_000; // between SIGTERM and SIGKILL

let wait = shortest;
let child;
let timer;
let stopping = false;

function start() {
  timer = undefined;
  const began = Date.now();
  child = spawn(program, args, { stdio: 'inherit', detached: true });
  child.on('error', (error) => {
    console.error(`supervisor: ${error.message}`);
    process.exitCode = 1;
    stopping = true;
  });
  child.on('exit', (code, signal) => {
    child = undefined;
    if (stopping) return;
    if (Date.now() - began > longest) wait = shortest;
    console.error(`supervisor: ${program} has ended (${signal ?? code}); again in ${wait} ms`);
    timer = setTimeout(start, wait);
    wait = Math.min(2 * wait, longest);
  });
}

function stop() {
  if (child === undefined) return;
  const { pid } = child;
  process.kill(-pid, 'SIGTERM');
  const killer = setTimeout(() => process.kill(-pid, 'SIGKILL'), grace);
  child.once('exit', () => clearTimeout(killer));
}

process.on('SIGHUP', () => {
  wait = shortest;
  if (child === undefined) {
    clearTimeout(timer);
    start();
  } else {
    stop();
  }
});
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    stopping = true;
    clearTimeout(timer);
    stop();
  });
}
start();

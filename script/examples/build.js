#!/usr/bin/env brood
'use strict';

// A build script: steps with dependencies run in parallel, one for each processor. A step whose
// output is newer than its inputs is skipped. Try: brood examples/build.js

const { $ } = require('brood');
const fs = require('fs');
const os = require('os');
const path = require('path');

const out = fs.mkdtempSync(path.join(os.tmpdir(), 'build-'));
const at = (name) => path.join(out, name);

fs.writeFileSync(at('words.txt'), 'one\ntwo\nthree\n');

const steps = {
  'upper.txt': { from: ['words.txt'], run: `tr a-z A-Z < words.txt > upper.txt` },
  'sorted.txt': { from: ['words.txt'], run: `sort words.txt > sorted.txt` },
  'all.txt': { from: ['upper.txt', 'sorted.txt'], run: `cat upper.txt sorted.txt > all.txt` },
};

function isOld(name) {
  const made = fs.statSync(at(name), { throwIfNoEntry: false });
  return made === undefined || steps[name].from.some((one) => fs.statSync(at(one)).mtimeMs > made.mtimeMs);
}

let running = 0;
const waiting = [];

function withSlot(work) {
  return new Promise((resolve, reject) => {
    const start = () => {
      running++;
      work().then(resolve, reject).finally(() => {
        running--;
        waiting.shift()?.();
      });
    };
    if (running < os.availableParallelism()) start();
    else waiting.push(start);
  });
}

async function execute(name) {
  console.log(`${name}: ${steps[name].run}`);
  await $`sh -c ${steps[name].run}`.cwd(out).stdio('inherit');
}

const made = new Map();

function make(name) {
  if (steps[name] === undefined) return Promise.resolve();
  if (!made.has(name)) {
    made.set(name, Promise.all(steps[name].from.map(make)).then(() =>
      (isOld(name) ? withSlot(() => execute(name)) : undefined)));
  }
  return made.get(name);
}

make('all.txt').then(() => {
  process.stdout.write(fs.readFileSync(at('all.txt')));
}).finally(() => fs.rmSync(out, { recursive: true }));

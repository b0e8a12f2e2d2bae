#!/usr/bin/env brood
'use strict';

// A pool of workers: this file is forked once for each processor, and a worker gets the next job
// after it has done one. If a worker exits during a job, it is replaced, and the job is done again.
// Try: brood examples/pool.js 30

const { fork } = require('child_process');
const os = require('os');

if (process.argv[2] === 'worker') {
  const fibonacci = (n) => (n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2));
  process.on('message', (n) => process.send({ n, value: fibonacci(n) }));
} else {
  const most = Number(process.argv[2] ?? 20);
  const jobs = Array.from({ length: most }, (_, n) => n);
  const results = [];
  let left = jobs.length;

  const give = (worker) => {
    worker.job = jobs.shift();
    if (worker.job === undefined) worker.disconnect();
    else worker.send(worker.job);
  };

  const start = () => {
    const worker = fork(__filename, ['worker']);
    worker.on('message', ({ n, value }) => {
      results[n] = value;
      worker.job = undefined;
      if (--left === 0) console.log(results.join(' '));
      give(worker);
    });
    worker.on('exit', () => {
      if (worker.job === undefined) return;
      jobs.push(worker.job);
      start();
    });
    give(worker);
  };

  for (let i = 0; i < Math.min(os.availableParallelism(), most); i++) start();
}

// Asks a Go worker which numbers are prime.
//
//   node parent.js PROGRAM
const { spawn } = require('node:child_process');

const numbers = ['91', '97', String(2n ** 127n - 1n), String(2n ** 129n - 1n), 'ninety-seven'];

const worker = spawn(process.argv[2], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
let left = numbers.length;
worker.on('message', ({ number, prime, error }) => {
  console.log(`${number}: ${error ?? (prime ? 'prime' : 'not prime')}`);
  if (--left === 0) worker.disconnect(); // The worker then ends by itself.
});
worker.on('exit', (code, signal) => console.log(`worker: ${signal ?? code}`));
for (const number of numbers) worker.send({ number });

// Ways to run a program from a script: shell.mjs WAY FILE. The orders on stdin are those of a server, "run COUNT INFLIGHT".

import { createInterface } from 'node:readline';

const [way, file] = process.argv.slice(2);

// Each returns a function that runs the program once and returns a promise.
const ways = {
  async execFile() {
    const { execFile } = await import('node:child_process');
    const { promisify } = await import('node:util');
    const run = promisify(execFile);
    return () => run(file);
  },

  async brood() {
    const { $ } = await import('brood');
    return () => $`${file}`.quiet();
  },

  async bun() {
    const { $ } = await import('bun');
    return () => $`${file}`.quiet();
  },

  async zx() {
    const { $ } = await import('zx');
    return () => $`${file}`.quiet();
  },

  async execa() {
    const { $ } = await import('execa');
    return () => $`${file}`;
  },
};

const run = await ways[way]();
await run();

async function measure(count, inFlight) {
  const start = process.hrtime.bigint();
  let left = count;
  const client = async () => {
    while (left-- > 0) await run();
  };
  await Promise.all(Array.from({ length: inFlight }, client));
  return process.hrtime.bigint() - start;
}

for await (const line of createInterface({ input: process.stdin })) {
  const [, count, inFlight] = line.split(' ');
  console.log(String(await measure(+count, +inFlight)));
}

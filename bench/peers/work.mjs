// What a JavaScript runtime does of the orders of work.go: work.mjs MODULE FILE BENCH. MODULE is node:child_process, or the
// file of execa.

import { createInterface } from 'node:readline';
import { once } from 'node:events';

const [module, file, bench] = process.argv.slice(2);
const shellCommand = 'echo hello';
const shellOutput = 'hello\n';
const workLine = 32;
const chunk = Buffer.alloc(64 << 10);

// Each way has start, which starts a program with three pipes, ended, a promise of its end after which a status other than 0
// is an error, and shell, a promise of a command's output.
const ways = {
  async node() {
    const { exec, spawn } = await import('node:child_process');
    return {
      start: spawn,
      // A 'close' that comes before it is waited for is not missed: nothing here waits between the start and this.
      async ended(child) {
        const [code] = await once(child, 'close');
        check(code, 0);
      },
      shell: () => new Promise((resolve, reject) => {
        exec(shellCommand, (error, stdout) => (error ? reject(error) : resolve(stdout)));
      }),
    };
  },

  async execa() {
    const { execa } = await import(module);
    return {
      start: (file, args, options) => execa(file, args, { buffer: false, ...options }),
      ended: (child) => child,
      shell: async () => (await execa(shellCommand, { shell: true, stripFinalNewline: false })).stdout,
    };
  },
};

const { start, ended, shell } = await (module === 'node:child_process' ? ways.node() : ways.execa());

async function spawnOne() {
  const child = start(file, []);
  child.stdout.resume();
  child.stderr.resume();
  await ended(child);
}

// now is in nanoseconds.
const now = () => process.hrtime.bigint();

const jobs = {
  async spawn(count, inFlight) {
    const client = async () => {
      while (count-- > 0) await spawnOne();
    };
    await Promise.all(Array.from({ length: inFlight }, client));
  },

  async shell(count) {
    while (count-- > 0) check(await shell(), shellOutput);
  },

  async gap(count) {
    let longest = 0n;
    let last = now();
    const timer = setInterval(() => {
      const t = now();
      if (t - last > longest) longest = t - last;
      last = t;
    }, 1);
    while (count-- > 0) await spawnOne();
    clearInterval(timer);
    return longest;
  },

  async stdout(bytes, children) {
    let got = 0;
    await Promise.all(Array.from({ length: children }, () => {
      const child = start(bench, ['-child-write', String(bytes)], { stdio: ['ignore', 'pipe', 'inherit'] });
      child.stdout.on('data', (data) => { got += data.length; });
      return ended(child);
    }));
    check(got, bytes * children);
  },

  async lines(count) {
    let lines = 0;
    let got = 0;
    const child = start(bench, ['-child-lines', String(count)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const reader = createInterface({ input: child.stdout });
    reader.on('line', (line) => {
      lines++;
      got += line.length + 1;
    });
    await Promise.all([ended(child), once(reader, 'close')]);
    check(lines, count);
    check(got, count * workLine);
  },

  async stdin(bytes) {
    const child = start(bench, ['-child-read', String(bytes)], { stdio: ['pipe', 'ignore', 'inherit'] });
    const end = ended(child);
    for (; bytes > 0; bytes -= chunk.length) {
      if (!child.stdin.write(chunk.subarray(0, Math.min(bytes, chunk.length)))) await once(child.stdin, 'drain');
    }
    child.stdin.end();
    await end;
  },
};

let heap;
function fill(bytes) {
  heap = Buffer.alloc(bytes, 1);
  return heap.length;
}

function check(got, want) {
  if (got !== want) throw new Error(`${got} in place of ${want}`);
}

for await (const line of createInterface({ input: process.stdin })) {
  const [order, ...args] = line.split(' ');
  if (order === 'heap') {
    console.log(String(fill(+args[0])));
    continue;
  }
  const begin = now();
  const answer = await jobs[order](...args.map(Number));
  console.log(String(answer ?? now() - begin));
}

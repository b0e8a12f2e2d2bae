// The orders of work.go by a JavaScript runtime: work.mjs MODULE FILE BENCH SLEEPER. MODULE is node:child_process, or the
// file of execa.

import { createInterface } from 'node:readline';
import { EventEmitter, once } from 'node:events';

const [module, file, bench, sleeper] = process.argv.slice(2);
const shellCommand = 'echo hello';
const shellOutput = 'hello\n';
const workLine = 32;
const chunk = Buffer.alloc(64 << 10);

// Each way has start, which starts a program with three pipes; ended, a promise of its close that is rejected for another status
// than 0; and shell, a promise of a command's output.
const ways = {
  async node() {
    const { exec, spawn } = await import('node:child_process');
    return {
      start: spawn,
      // No 'close' is missed: nothing here waits between the start and this call.
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

// now returns nanoseconds.
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
    const fire = () => {
      const t = now();
      if (t - last > longest) longest = t - last;
      last = t;
    };
    const timer = setInterval(fire, 1);
    while (count-- > 0) await spawnOne();
    clearInterval(timer);
    fire();
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

  listeners(count, living) {
    const emitter = new EventEmitter();
    emitter.setMaxListeners(0);
    const ring = Array.from({ length: living }, () => () => {});
    for (const listener of ring) emitter.on('event', listener);
    for (let i = 0; i < count; i++) {
      const added = () => {};
      emitter.on('event', added);
      emitter.off('event', ring[i % living]);
      ring[i % living] = added;
    }
    check(emitter.listenerCount('event'), living);
  },

  emit(count, living) {
    const emitter = new EventEmitter();
    emitter.setMaxListeners(0);
    let called = 0;
    for (let i = 0; i < living; i++) emitter.on('event', () => { called++; });
    const times = Math.floor(count / living);
    for (let i = 0; i < times; i++) emitter.emit('event', 1);
    check(called, times * living);
  },

  async kills(count) {
    const more = Array.from({ length: count }, startLiving);
    const begin = now();
    for (const child of more) {
      const end = once(child, 'close');
      child.kill('SIGKILL');
      await end;
    }
    return now() - begin;
  },
};

const startLiving = () => start(sleeper, [], { stdio: ['pipe', 'ignore', 'ignore'] });

// The orders that set something up. Each answers with its argument.
let heap;
const living = [];
const setups = {
  heap(bytes) {
    heap = Buffer.alloc(bytes, 1);
  },

  async living(count) {
    if (count < living.length) {
      const ends = living.map((child) => once(child, 'close'));
      for (const child of living.splice(0)) child.kill('SIGKILL');
      await Promise.all(ends);
    }
    while (living.length < count) living.push(startLiving());
  },
};

function check(got, want) {
  if (got !== want) throw new Error(`${got} in place of ${want}`);
}

for await (const line of createInterface({ input: process.stdin })) {
  const [order, ...args] = line.split(' ');
  if (order in setups) {
    await setups[order](+args[0]);
    console.log(args[0]);
    continue;
  }
  const begin = now();
  const answer = await jobs[order](...args.map(Number));
  console.log(String(answer ?? now() - begin));
}

await setups.living(0);

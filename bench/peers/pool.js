'use strict';
// Pools from npm with two workers: pool.js LIBRARY. The orders on stdin are in poolpeers.go.

const task = require.resolve('./pooltask.js');
const text = '0123456789'.repeat(3).slice(0, 28);

// Each has open(each), a pool whose workers have up to each jobs at a time if they can, run(pool, job) and close(pool).
const libraries = {
  piscina: {
    open: (each) => new (require('piscina').Piscina)({
      filename: task, minThreads: 2, maxThreads: 2, concurrentTasksPerWorker: each,
    }),
    run: (pool, job) => pool.run(job),
    close: (pool) => pool.destroy(),
  },
  workerpool: {
    open: () => require('workerpool').pool(task, {
      minWorkers: 2, maxWorkers: 2, workerType: 'process', forkArgs: ['workerpool'],
    }),
    run: (pool, job) => pool.exec('echo', [job]),
    close: (pool) => pool.terminate(),
  },
  'jest-worker': {
    open: () => new (require('jest-worker').Worker)(task, { numWorkers: 2, exposedMethods: ['echo'] }),
    run: (pool, job) => pool.echo(job),
    close: (pool) => pool.end(),
  },
};

const library = libraries[process.argv[2]];
const pools = new Map();

// pool returns the pool with that many jobs per worker, once its workers have answered.
async function pool(each) {
  if (!pools.has(each)) {
    pools.set(each, library.open(each));
    for (let i = 0; i < 20; i++) await Promise.all([1, 2, 3, 4].map(() => library.run(pools.get(each), text)));
  }
  return pools.get(each);
}

async function timed(work) {
  const start = process.hrtime.bigint();
  await work();
  return process.hrtime.bigint() - start;
}

const orders = {
  async echo(n, each, all) {
    const p = await pool(each);
    return timed(async () => {
      let left = n;
      const client = async () => {
        while (left-- > 0) check(await library.run(p, text), text);
      };
      await Promise.all(Array.from({ length: all }, client));
    });
  },

  async large(n, size) {
    const p = await pool(1);
    // A buffer as JSON would be a list of numbers.
    const job = process.argv[2] === 'piscina' ? new Uint8Array(size) : 'x'.repeat(size);
    return timed(async () => {
      for (let i = 0; i < n; i++) check((await library.run(p, job)).length, size);
    });
  },

  async start() {
    let p;
    const took = await timed(async () => {
      p = library.open(1);
      await Promise.all([library.run(p, text), library.run(p, text)]);
    });
    await library.close(p);
    return took;
  },
};

function check(got, want) {
  if (got !== want) throw new Error(`${got} in place of ${want}`);
}

let last = Promise.resolve();
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const [order, ...args] = line.split(' ');
  last = last.then(async () => console.log(String(await orders[order](...args.map(Number)))));
}).on('close', () => {
  last.then(async () => {
    for (const p of pools.values()) await library.close(p);
    process.exit();
  });
});

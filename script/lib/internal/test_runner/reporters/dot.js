'use strict';

// The reporter dot: a dot for each test that passes, an X for each that fails.

const { inspect } = require('internal/inspect');

const mostColumns = 20; // Node's, where the width of the terminal is not known

class Dot {
  #write;
  #count = 0;

  constructor(write) { this.#write = write; }

  end(test) {
    this.#write(test.error === undefined ? '.' : 'X');
    if (++this.#count % Math.max(mostColumns, process.stdout.columns ?? 0) === 0) this.#write('\n');
  }

  finish(counts, duration, failed) {
    this.#write('\n');
    if (failed.length === 0) return;
    this.#write('\nFailed tests:\n\n');
    for (const test of failed) {
      const why = inspect(test.error?.cause instanceof Error ? test.error.cause : test.error?.cause ?? test.error);
      this.#write(`✖ ${test.name} (${test.duration}ms)\n  ${why.replaceAll('\n', '\n  ')}\n`);
    }
  }
}

module.exports = Dot;

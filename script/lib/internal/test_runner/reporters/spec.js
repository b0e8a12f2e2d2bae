'use strict';

// The reporter spec: a line for each test as it ends, and the failures at the end.

const { inspect } = require('internal/inspect');

class Spec {
  #write; #isTerminal; #colored;
  #headed = new Set(); // tests whose name was printed above their subtests

  constructor(write, isTerminal) {
    this.#write = write;
    this.#isTerminal = isTerminal;
  }

  #paint(color, text) {
    this.#colored ??= require('internal/colors').shouldColor({ isTTY: this.#isTerminal });
    if (!this.#colored) return text;
    const [open, close] = inspect.colors[color];
    return `\u001b[${open}m${text}\u001b[${close}m`;
  }

  #print(level, text) {
    const indentation = '  '.repeat(level);
    this.#write(`${text.split('\n').map((line) => (line === '' ? line : indentation + line)).join('\n')}\n`);
  }

  #printHeads(test) {
    const { parent } = test;
    if (parent === undefined || parent.parent === undefined || this.#headed.has(parent)) return;
    this.#printHeads(parent);
    this.#headed.add(parent);
    this.#print(parent.level, `▶ ${parent.name}`);
  }

  end(test) {
    this.#printHeads(test);
    const time = this.#paint('gray', `(${test.duration.toFixed(6).replace(/\.?0+$/, '')}ms)`);
    let note = '';
    if (test.skipped) note = ` # ${typeof test.skipped === 'string' ? test.skipped : 'SKIP'}`;
    else if (test.todo !== undefined && test.todo !== false) note =
      ` # ${typeof test.todo === 'string' ? test.todo : 'TODO'}`;
    else if (test.expectFailure !== undefined) note = ' # EXPECTED FAILURE';
    if (test.error !== undefined && test.todo) {
      this.#print(test.level, this.#paint('yellow', `⚠ ${test.name} `) + time + note);
    }
    else if (test.error !== undefined) this.#print(test.level, this.#paint('red', `✖ ${test.name} `) + time + note);
    else if (test.skipped) this.#print(test.level, this.#paint('gray', `﹣ ${test.name} `) + time + note);
    else this.#print(test.level, this.#paint('green', `✔ ${test.name} `) + time + note);
    for (const text of test.diagnostics) this.#print(test.level, this.#paint('blue', `ℹ ${text}`));
  }

  finish(counts, duration, failed) {
    for (const name of Object.keys(counts)) this.#print(0, this.#paint('blue', `ℹ ${name} ${counts[name]}`));
    this.#print(0, this.#paint('blue', `ℹ duration_ms ${duration}`));
    if (failed.length === 0) return;
    this.#print(0, `\n${this.#paint('red', '✖ failing tests:')}`);
    for (const test of failed) {
      this.#print(0, `\n${this.#paint('red', `✖ ${test.fullName}`)}`);
      this.#print(1, inspect(test.error?.cause instanceof Error ? test.error.cause : test.error));
    }
  }
}

module.exports = Spec;

'use strict';

// Tells what becomes of tests, as Node's reporter spec does, and sets the exit code.

const { inspect } = require('internal/inspect');

const { writeSync } = internalBinding('files');

const counts = { tests: 0, suites: 0, pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 };
const failed = [];
const headed = new Set(); // tests whose name was printed above their subtests
const began = Number(process.hrtime.bigint()) / 1e6;

let colored;

function paint(color, text) {
  colored ??= require('internal/colors').shouldColor({ isTTY: internalBinding('files').isTerminal(1) });
  if (!colored) return text;
  const [open, close] = inspect.colors[color];
  return `\u001b[${open}m${text}\u001b[${close}m`;
}

function print(level, text) {
  const indentation = '  '.repeat(level);
  try {
    writeSync(1, `${text.split('\n').map((line) => (line === '' ? line : indentation + line)).join('\n')}\n`);
  } catch {
    // Nobody reads it any more; the exit code still tells.
  }
}

function printHeads(test) {
  const { parent } = test;
  if (parent === undefined || parent.parent === undefined || headed.has(parent)) return;
  printHeads(parent);
  headed.add(parent);
  print(parent.level, `▶ ${parent.name}`);
}

function begin() {}

function end(test) {
  count(test);
  printHeads(test);
  const time = paint('gray', `(${test.duration.toFixed(6).replace(/\.?0+$/, '')}ms)`);
  let note = '';
  if (test.skipped) note = ` # ${typeof test.skipped === 'string' ? test.skipped : 'SKIP'}`;
  else if (test.todo !== undefined && test.todo !== false) note = ` # ${typeof test.todo === 'string' ? test.todo : 'TODO'}`;
  else if (test.expectFailure !== undefined) note = ' # EXPECTED FAILURE';
  if (test.error !== undefined) print(test.level, paint('red', `✖ ${test.name} `) + time + note);
  else if (test.skipped) print(test.level, paint('gray', `﹣ ${test.name} `) + time + note);
  else print(test.level, paint('green', `✔ ${test.name} `) + time + note);
  for (const text of test.diagnostics) print(test.level, paint('blue', `ℹ ${text}`));
}

function count(test) {
  if (test.kind === 'suite') counts.suites++;
  else counts.tests++;
  const isTodo = test.todo !== undefined && test.todo !== false;
  if (test.error !== undefined && !isTodo) failed.push(test);
  if (test.kind === 'suite') return;
  if (test.skipped) counts.skipped++;
  else if (isTodo) counts.todo++;
  else if (test.cancelled) counts.cancelled++;
  else if (test.error !== undefined) counts.fail++;
  else counts.pass++;
}

// finish prints the counts and what has failed. It is called as the process exits.
function finish() {
  for (const name of Object.keys(counts)) print(0, paint('blue', `ℹ ${name} ${counts[name]}`));
  print(0, paint('blue', `ℹ duration_ms ${Number(process.hrtime.bigint()) / 1e6 - began}`));
  if (failed.length === 0) return;
  print(0, `\n${paint('red', '✖ failing tests:')}`);
  for (const test of failed) {
    print(0, `\n${paint('red', `✖ ${test.fullName}`)}`);
    print(1, inspect(test.error?.cause instanceof Error ? test.error.cause : test.error));
  }
  process.exitCode = process.exitCode || 1;
}

module.exports = { begin, end, fail: (test) => failed.push(test), finish };

'use strict';

// Passes results to reporters, and sets the exit code.

const options = require('internal/options');

const counts = { tests: 0, suites: 0, pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 };
const failed = [];
const began = Number(process.hrtime.bigint()) / 1e6;

let reporters; // the reporters that flags name

// start makes the reporters, before the first test.
function start() {
  const names = options.all('--test-reporter');
  const destinations = options.all('--test-reporter-destination');
  if (names.length === 0 && destinations.length === 0) names.push('spec');
  if (destinations.length === 0 && names.length === 1) destinations.push('stdout');
  if (names.length !== destinations.length) {
    const { codes: { ERR_INVALID_ARG_VALUE } } = require('internal/errors');
    throw new ERR_INVALID_ARG_VALUE('--test-reporter', names,
      "must match the number of specified '--test-reporter-destination'");
  }
  reporters = names.map((name, i) => make(name, destinations[i]));
}

const builtin = new Set(['spec', 'tap', 'dot', 'junit']);

function make(name, destination) {
  if (!builtin.has(name)) {
    const { codes: { ERR_FEATURE_UNAVAILABLE_ON_PLATFORM } } = require('internal/errors');
    throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM(`--test-reporter=${name}`);
  }
  const { isatty, writeSync } = internalBinding('stdio');
  const fd = { stdout: 1, stderr: 2 }[destination] ?? require('fs').openSync(destination, 'w');
  const Reporter = require(`internal/test_runner/reporters/${name}`);
  return new Reporter((text) => {
    try {
      writeSync(fd, text);
    } catch {
      // There is no reader any more; the exit code still reports failures.
    }
  }, isatty(fd));
}

function end(test) {
  count(test);
  for (const reporter of reporters) reporter.end(test);
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

// finish makes the reporters print the counts and the failures. It is called as the process exits.
function finish() {
  const duration = Number(process.hrtime.bigint()) / 1e6 - began;
  for (const reporter of reporters) reporter.finish(counts, duration, failed);
  if (failed.length > 0) process.exitCode = process.exitCode || 1;
}

module.exports = { end, fail: (test) => failed.push(test), finish, start };

'use strict';

// --test: finds files of tests, and runs them, each in a process of its own, one after the other.

const fs = require('fs');
const path = require('path');

const { writeSync } = internalBinding('stdio');

// The names of test files, if the command line has none.
const usual = [
  '**/test/**/*.?(c|m)[jt]s', '**/*-test.?(c|m)[jt]s', '**/*.test.?(c|m)[jt]s', '**/*_test.?(c|m)[jt]s',
  '**/test-*.?(c|m)[jt]s', '**/test.?(c|m)[jt]s',
];

const isPattern = (name) => /[*?[\]{}]/.test(name);

// filesOf returns the files that a name or a pattern stands for.
function filesOf(pattern) {
  if (!isPattern(pattern)) return fs.existsSync(pattern) ? [pattern] : [];
  return fs.globSync(pattern, { exclude: (name) => path.basename(`${name}`) === 'node_modules' });
}

// run returns the file to run in this process if there is only one; else it runs all and ends the process.
function run(patterns) {
  const missing = patterns.filter((pattern) => filesOf(pattern).length === 0);
  if (missing.length > 0) {
    writeSync(2, `Could not find '${missing.join(', ')}'\n`);
    process.exit(1);
  }
  const names = (patterns.length > 0 ? patterns : usual).flatMap(filesOf).map((name) => path.resolve(name));
  const files = [...new Set(names)].sort();
  if (files.length === 1) return files[0];
  const { spawnSync } = require('child_process');
  const flags = process.execArgv.filter((flag) => flag !== '--test');
  let code = 0;
  for (const file of files) {
    const { status } = spawnSync(process.execPath, [...flags, file],
      { stdio: 'inherit', env: { ...process.env, NODE_TEST_CONTEXT: 'child' } });
    if (status !== 0) code = 1;
  }
  process.exit(code);
}

module.exports = { run };

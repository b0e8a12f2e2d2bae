#!/usr/bin/env brood

// The most frequent words in files, found by programs that every system has: a use of $. Try: brood
// examples/words.mjs 5 README.md

import { $ } from 'brood';

const [count = '10', ...files] = process.argv.slice(2);
if (files.length === 0) {
  console.error('usage: words.mjs COUNT FILE…');
  process.exit(2);
}

// A command may take a minute and 100 MB, and its children are killed with it.
const limited = $({ timeout: '1m', limits: { fileSize: 100e6 } });

// An array is several words, and no file name can do harm. Data in the pipes does not pass through
// this program.
const words = limited`cat -- ${files}`.pipe`tr -cs A-Za-z '\n'`.pipe`tr A-Z a-z`.pipe`sort`.pipe`uniq -c`.pipe`sort -k1,1nr -k2`;

try {
  let left = Number(count);
  for await (const line of words) {
    const [, times, word] = /(\d+) (\w+)/.exec(line) ?? [];
    if (word === undefined) continue;
    if (left-- === 0) break; // Leaving the loop kills the commands.
    console.log(word.padEnd(20), times);
  }
  // Several at once; their failures are ignored.
  const sizes = await Promise.all(files.map((file) => $`wc -c < ${file}`.nothrow()));
  console.log(`${sizes.reduce((sum, { stdout }) => sum + Number(stdout), 0)} bytes`);
} catch (error) {
  // It says which command has failed, how, and where it is in this file.
  console.error(error.message);
  process.exit(1);
}

#!/usr/bin/env brood
'use strict';

// Follows a log as tail -F does: new lines are printed, also after the file was moved away and made
// again. Try: brood examples/follow.js /var/log/messages error

const fs = require('fs');
const path = require('path');
const readline = require('readline');

const [file, pattern = ''] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: follow.js FILE [PATTERN]');
  process.exit(2);
}
const wanted = new RegExp(pattern);

let at = 0; // bytes that were read
let inode;
let busy = false;
let again = false;

async function read() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  try {
    do {
      again = false;
      const stats = await fs.promises.stat(file).catch(() => undefined);
      if (stats === undefined) continue;
      if (stats.ino !== inode || stats.size < at) {
        at = inode === undefined ? stats.size : 0; // Another file: read from its beginning.
        inode = stats.ino;
      }
      if (stats.size === at) continue;
      const input = fs.createReadStream(file, { start: at, end: stats.size - 1 });
      at = stats.size;
      for await (const line of readline.createInterface({ input, crlfDelay: Infinity })) {
        if (wanted.test(line)) console.log(line);
      }
    } while (again);
  } finally {
    busy = false;
  }
}

const watcher = fs.watch(path.dirname(path.resolve(file)), (kind, name) => {
  if (name === path.basename(file)) read();
});
process.once('SIGINT', () => watcher.close());
read();

'use strict';

// Stats, BigIntStats and Dirent.

const {
  constants: { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK },
} = require('internal/fs/constants');

const fields = ['dev', 'mode', 'nlink', 'uid', 'gid', 'rdev', 'blksize', 'ino', 'size', 'blocks'];
const times = ['atime', 'mtime', 'ctime', 'birthtime'];

function Base() {}

for (const [name, kind] of [['isDirectory', S_IFDIR], ['isFile', S_IFREG], ['isBlockDevice', S_IFBLK],
  ['isCharacterDevice', S_IFCHR],
  ['isSymbolicLink', S_IFLNK], ['isFIFO', S_IFIFO], ['isSocket', S_IFSOCK]]) {
  Base.prototype[name] = { [name]() { return (Number(this.mode) & S_IFMT) === kind; } }[name];
}

function Stats(dev, mode, nlink, uid, gid, rdev, blksize, ino, size, blocks, atimeMs, mtimeMs, ctimeMs, birthtimeMs) {
  this.dev = dev;
  this.mode = mode;
  this.nlink = nlink;
  this.uid = uid;
  this.gid = gid;
  this.rdev = rdev;
  this.blksize = blksize;
  this.ino = ino;
  this.size = size;
  this.blocks = blocks;
  this.atimeMs = atimeMs;
  this.mtimeMs = mtimeMs;
  this.ctimeMs = ctimeMs;
  this.birthtimeMs = birthtimeMs;
}

function BigIntStats(...args) {
  fields.forEach((name, i) => { this[name] = args[i]; });
  times.forEach((name, i) => { this[`${name}Ms`] = args[fields.length + i] / 1_000_000n; });
  times.forEach((name, i) => { this[`${name}Ns`] = args[fields.length + i]; });
}

for (const Class of [Stats, BigIntStats]) {
  Object.setPrototypeOf(Class, Base);
  Class.prototype = Object.create(Base.prototype, { constructor: { value: Class, writable: true,
    configurable: true } });
  // The dates are made on first use.
  for (const name of times) {
    Object.defineProperty(Class.prototype, name, {
      get() {
        const value = new Date(Math.round(Number(this[`${name}Ms`])));
        this[name] = value;
        return value;
      },
      set(value) {
        Object.defineProperty(this, name, { value, enumerable: true, configurable: true, writable: true });
      },
      enumerable: true, configurable: true,
    });
  }
}

function milliseconds(list, i) {
  return list[i] * 1e3 + list[i + 1] / 1e6;
}

// toStats makes one of Go's result.
function toStats(list) {
  if (typeof list[0] === 'bigint') {
    const all = [10, 12, 14, 16].map((i) => list[i] * 1_000_000_000n + list[i + 1]);
    return new BigIntStats(...list.slice(0, 10), ...all);
  }
  return new Stats(list[0], list[1], list[2], list[3], list[4], list[5], list[6], list[7], list[8], list[9],
    milliseconds(list, 10), milliseconds(list, 12), milliseconds(list, 14), milliseconds(list, 16));
}

// The numbers of kinds in directories that Go gives, which are the system's.
const FIFO = 1, CHAR = 2, DIR = 4, BLOCK = 6, FILE = 8, LINK = 10, SOCKET = 12;

class Dirent {
  #kind;
  constructor(name, path, kind) {
    this.name = name;
    this.parentPath = path;
    this.#kind = kind;
  }
  isDirectory() { return this.#kind === DIR; }
  isFile() { return this.#kind === FILE; }
  isBlockDevice() { return this.#kind === BLOCK; }
  isCharacterDevice() { return this.#kind === CHAR; }
  isSymbolicLink() { return this.#kind === LINK; }
  isFIFO() { return this.#kind === FIFO; }
  isSocket() { return this.#kind === SOCKET; }
}

module.exports = { BigIntStats, Dirent, Stats, toStats };

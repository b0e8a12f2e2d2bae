'use strict';

// fs: an operation that is one call of Go is in internal/fs/operations; the others have files of their own, loaded on
// first use.

const { constants } = require('internal/fs/constants');
const { toCallback, toPath } = require('internal/fs/check');
const { callback, operations, sync } = require('internal/fs/operations');
const { BigIntStats, Dirent, Stats } = require('internal/fs/stats');

const binding = internalBinding('files');

const fs = module.exports;

for (const name in operations) {
  if (name === 'realpathNative') continue;
  fs[name] = callback(name);
  fs[`${name}Sync`] = sync(name);
}
fs.realpath.native = callback('realpathNative');
fs.realpathSync.native = sync('realpathNative');

const closeFile = fs.close;
fs.close = function close(fd, done) {
  closeFile(fd, done === undefined ? ignore : done);
};

function ignore(error) {
  if (error) throw error;
}

const io = require('internal/fs/io');
for (const name of ['read', 'readSync', 'readv', 'readvSync', 'write', 'writeSync', 'writev', 'writevSync']) {
  fs[name] = io[name];
}
const whole = require('internal/fs/whole');
for (const name of ['appendFile', 'appendFileSync', 'readFile', 'readFileSync', 'truncate', 'truncateSync', 'writeFile',
  'writeFileSync']) {
  fs[name] = whole[name];
}

let isToldOfExists = false;

fs.existsSync = function existsSync(path) {
  try {
    path = toPath(path);
  } catch (error) {
    if (!isToldOfExists && error.code === 'ERR_INVALID_ARG_TYPE') {
      isToldOfExists = true;
      process.emitWarning('Passing invalid argument types to fs.existsSync is deprecated', 'DeprecationWarning',
        'DEP0187');
    }
    return false;
  }
  return binding.exists(path);
};

fs.exists = function exists(path, done) {
  toCallback(done);
  let valid;
  try {
    valid = toPath(path);
  } catch {
    done(false);
    return;
  }
  binding.exists(valid, (error, there) => done(error === null && there));
};
Object.defineProperty(fs.exists, require('internal/util').promisify.custom, {
  value: function exists(path) { return new Promise((resolve) => fs.exists(path, resolve)); },
});

// With throwIfNoEntry false, a missing file is no error.
const { statSync, lstatSync } = fs;
const optional = (call, codes) => function (path, options) {
  if (options?.throwIfNoEntry !== false) return call(path, options);
  try {
    return call(path, options);
  } catch (error) {
    if (codes.includes(error.code)) return undefined;
    throw error;
  }
};
fs.statSync = optional(statSync, ['ENOENT', 'ENOTDIR']);
fs.lstatSync = optional(lstatSync, ['ENOENT']);

// Functions of files that are loaded on first use.
for (const [file, names] of [
  ['remove', ['rm', 'rmSync']],
  ['copy', ['cp', 'cpSync']],
  ['dir', ['opendir', 'opendirSync']],
  ['watch', ['watch', 'watchFile', 'unwatchFile']],
  ['links', ['mkdtempDisposableSync', 'statfs', 'statfsSync', 'openAsBlob']],
  ['glob', ['glob', 'globSync']],
]) {
  for (const name of names) {
    fs[name] = { [name](...args) { return require(`internal/fs/${file}`)[name](...args); } }[name];
  }
}

fs.lchmod = undefined; // Linux has none.
fs.lchmodSync = undefined;

fs.createReadStream = function createReadStream(path, options) { return new fs.ReadStream(path, options); };
fs.createWriteStream = function createWriteStream(path, options) { return new fs.WriteStream(path, options); };

function later(name, load) {
  Object.defineProperty(fs, name, {
    get: load,
    set(value) { Object.defineProperty(fs, name, { value, writable: true, enumerable: true, configurable: true }); },
    enumerable: true, configurable: true,
  });
}

for (const name of ['ReadStream', 'WriteStream']) later(name, () => require('internal/fs/streams')[name]);
for (const name of ['ReadStream', 'WriteStream']) later(`File${name}`, () => require('internal/fs/streams')[name]);
later('Dir', () => require('internal/fs/dir').Dir);
Object.assign(fs, {
  BigIntStats, Dirent,
  Stats: require('internal/util').deprecate(Stats, 'fs.Stats constructor is deprecated.', 'DEP0180'),
});
Object.defineProperty(fs, 'constants', { value: constants, enumerable: true, configurable: false, writable: false });
Object.defineProperty(fs, 'promises', { get: () => require('internal/fs/promises'), enumerable: true,
  configurable: true });
fs._toUnixTimestamp = (time) => Number(require('internal/fs/check').toTimes(time, time)[0]) / 1e9;

'use strict';

// fs.cp. The algorithm is written once, as a generator that yields its calls of fs: cpSync makes them at once, cp waits
// for each.

const { dirname, isAbsolute, join, parse, resolve, sep } = require('path');
const { constants: { COPYFILE_EXCL } } = require('internal/fs/constants');
const { toCallback, toCopyMode, toPath } = require('internal/fs/check');
const { codes: { ERR_INCOMPATIBLE_OPTION_PAIR, ERR_INVALID_RETURN_VALUE } } = require('internal/errors');
const { SystemError } = require('internal/system_error');
const { validateBoolean, validateFunction, validateObject } = require('internal/validators');

const defaults = {
  dereference: false, errorOnExist: false, filter: undefined, force: true, mode: 0, preserveTimestamps: false,
  recursive: false, verbatimSymlinks: false,
};

function check(options) {
  if (options === undefined) return { ...defaults };
  validateObject(options, 'options');
  options = { ...defaults, ...options };
  for (const name of ['dereference', 'errorOnExist', 'force', 'preserveTimestamps', 'recursive', 'verbatimSymlinks']) {
    validateBoolean(options[name], `options.${name}`);
  }
  options.mode = toCopyMode(options.mode);
  if (options.dereference && options.verbatimSymlinks) {
    throw new ERR_INCOMPATIBLE_OPTION_PAIR('dereference', 'verbatimSymlinks');
  }
  if (options.filter !== undefined) validateFunction(options.filter, 'options.filter');
  return options;
}

const whys = {
  ERR_FS_CP_DIR_TO_NON_DIR: ['Cannot overwrite non-directory with directory', 'EISDIR', 21],
  ERR_FS_CP_NON_DIR_TO_DIR: ['Cannot overwrite directory with non-directory', 'ENOTDIR', 20],
  ERR_FS_CP_EEXIST: ['Target already exists', 'EEXIST', 17],
  ERR_FS_CP_EINVAL: ['Invalid src or dest', 'EINVAL', 22],
  ERR_FS_CP_FIFO_PIPE: ['Cannot copy a FIFO pipe', 'EINVAL', 22],
  ERR_FS_CP_SOCKET: ['Cannot copy a socket file', 'EINVAL', 22],
  ERR_FS_CP_SYMLINK_TO_SUBDIRECTORY: ['Cannot overwrite symlink in subdirectory of self', 'EINVAL', 22],
  ERR_FS_CP_UNKNOWN: ['Cannot copy an unknown file type', 'EINVAL', 22],
  ERR_FS_EISDIR: ['Path is a directory', 'EISDIR', 21],
};

function refuse(code, message, path) {
  const [text, name, errno] = whys[code];
  const error = new SystemError({ message, path, syscall: 'cp', errno, code: name });
  error.code = code;
  error.message = `${text}: cp returned ${name} (${message}) ${path}`;
  throw error;
}

const same = (a, b) => b !== undefined && b.ino !== 0n && b.ino === a.ino && b.dev === a.dev;

// isInside reports whether path is folder or is inside it.
function isInside(path, folder) {
  const at = resolve(folder);
  const inside = resolve(path);
  return inside === at || inside.startsWith(at.endsWith(sep) ? at : at + sep);
}

function* statsOf(call, path) {
  try {
    return yield [call, path, { bigint: true }];
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function* checkPaths(from, to, options) {
  const call = options.dereference ? 'stat' : 'lstat';
  const source = yield [call, from, { bigint: true }];
  const target = yield* statsOf(call, to);
  if (target !== undefined) {
    if (same(source, target)) refuse('ERR_FS_CP_EINVAL', 'src and dest cannot be the same', to);
    if (source.isDirectory() && !target.isDirectory()) {
      refuse('ERR_FS_CP_DIR_TO_NON_DIR', `cannot overwrite non-directory ${to} with directory ${from}`, to);
    }
    if (!source.isDirectory() && target.isDirectory()) {
      refuse('ERR_FS_CP_NON_DIR_TO_DIR', `cannot overwrite directory ${to} with non-directory ${from}`, to);
    }
  }
  if (source.isDirectory() && isInside(to, from)) {
    refuse('ERR_FS_CP_EINVAL', `cannot copy ${from} to a subdirectory of self ${to}`, to);
  }
  return { source, target };
}

// checkParents throws if the destination is inside the source under another name.
function* checkParents(from, source, to) {
  for (let at = resolve(dirname(to)); at !== resolve(dirname(from)) && at !== parse(at).root; at = dirname(at)) {
    const stats = yield* statsOf('stat', at);
    if (stats === undefined) continue;
    if (same(source, stats)) refuse('ERR_FS_CP_EINVAL', `cannot copy ${from} to a subdirectory of self ${to}`, to);
  }
}

function* copyTree(from, to, options) {
  if (options.filter && !(yield ['filter', from, to])) return;
  const { source, target } = yield* checkPaths(from, to, options);
  yield* checkParents(from, source, to);
  yield ['mkdir', dirname(to), { recursive: true }];
  yield* copyOne(from, source, to, target, options);
}

function* copyOne(from, source, to, target, options) {
  if (source.isDirectory()) {
    if (!options.recursive) {
      refuse('ERR_FS_EISDIR', `Recursive option not enabled, cannot copy a directory: ${from}`, from);
    }
    yield* copyDirectory(from, source, to, target, options);
  } else if (source.isFile() || source.isCharacterDevice() || source.isBlockDevice()) {
    yield* copyFile(from, source, to, target, options);
  } else if (source.isSymbolicLink()) {
    yield* copyLink(from, to, target, options);
  } else if (source.isSocket()) {
    refuse('ERR_FS_CP_SOCKET', `cannot copy a socket file: ${to}`, to);
  } else if (source.isFIFO()) {
    refuse('ERR_FS_CP_FIFO_PIPE', `cannot copy a FIFO pipe: ${to}`, to);
  } else {
    refuse('ERR_FS_CP_UNKNOWN', `cannot copy an unknown file type: ${to}`, to);
  }
}

function* copyDirectory(from, source, to, target, options) {
  if (target === undefined) yield ['mkdir', to, { recursive: true }];
  else if (options.refusesFolders && options.errorOnExist && !options.force) refuse('ERR_FS_CP_EEXIST',
    `${to} already exists`, to);
  for (const { name } of yield ['readdir', from, { withFileTypes: true }]) {
    const [inside, copy] = [join(from, name), join(to, name)];
    if (options.filter && !(yield ['filter', inside, copy])) continue;
    const both = yield* checkPaths(inside, copy, options);
    yield* copyOne(inside, both.source, copy, both.target, options);
  }
  if (target === undefined) yield ['chmod', to, Number(source.mode) & 0o7777];
}

function* copyFile(from, source, to, target, options) {
  if (target !== undefined) {
    if (options.force) {
      yield ['unlink', to];
    } else {
      if (options.errorOnExist) refuse('ERR_FS_CP_EEXIST', `${to} already exists`, to);
      return;
    }
  }
  yield ['copyFile', from, to, options.mode & ~COPYFILE_EXCL | (target === undefined ? options.mode & COPYFILE_EXCL :
    0)];
  const mode = Number(source.mode) & 0o7777;
  if (options.preserveTimestamps) {
    if ((mode & 0o200) === 0) yield ['chmod', to, mode | 0o200];
    const { atime, mtime } = yield ['stat', from]; // Reading it has changed its time.
    yield ['utimes', to, atime, mtime];
  }
  yield ['chmod', to, mode];
}

function* copyLink(from, to, target, options) {
  let points = yield ['readlink', from];
  if (!options.verbatimSymlinks && !isAbsolute(points)) points = resolve(dirname(from), points);
  if (target === undefined) {
    yield ['symlink', points, to];
    return;
  }
  let there;
  try {
    there = yield ['readlink', to];
  } catch (error) {
    if (error.code !== 'EINVAL') throw error;
    yield ['symlink', points, to]; // There is a file, so this fails, as it must.
    return;
  }
  if (!isAbsolute(there)) there = resolve(dirname(to), there);
  const source = yield* statsOf('stat', from);
  if (source?.isDirectory() && isInside(there, points)) {
    refuse('ERR_FS_CP_EINVAL', `cannot copy ${points} to a subdirectory of self ${there}`, to);
  }
  const onto = yield* statsOf('stat', to);
  if (onto?.isDirectory() && isInside(points, there)) {
    refuse('ERR_FS_CP_SYMLINK_TO_SUBDIRECTORY', `cannot overwrite ${there} with ${points}`, to);
  }
  yield ['unlink', to];
  yield ['symlink', points, to];
}

function cpSync(from, to, options) {
  options = check(options);
  const fs = require('fs');
  const steps = copyTree(toText(from, 'src'), toText(to, 'dest'), options);
  const call = ([name, ...args]) => {
    if (name !== 'filter') return fs[`${name}Sync`](...args);
    const wanted = options.filter(...args);
    if (require('internal/types').isPromise(wanted)) throw new ERR_INVALID_RETURN_VALUE('boolean', 'filter', wanted);
    return wanted;
  };
  for (let step = steps.next(); !step.done;) {
    let value;
    try {
      value = call(step.value);
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    step = steps.next(value);
  }
}

async function copy(from, to, options) {
  const fs = require('internal/fs/promises');
  const steps = copyTree(from, to, options);
  for (let step = steps.next(); !step.done;) {
    const [name, ...args] = step.value;
    let value;
    try {
      value = await (name === 'filter' ? options.filter(...args) : fs[name](...args));
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    step = steps.next(value);
  }
}

function toText(path, name) {
  return String(toPath(path, name));
}

function cp(from, to, options, callback) {
  if (typeof options === 'function') [options, callback] = [undefined, options];
  callback = toCallback(callback);
  // In Node cpSync copies into an existing directory, and cp does not.
  options = { ...check(options), refusesFolders: true };
  copy(toText(from, 'src'), toText(to, 'dest'), options).then(() => process.nextTick(callback, null),
    (error) => process.nextTick(callback, error));
}

module.exports = { cp, cpSync };

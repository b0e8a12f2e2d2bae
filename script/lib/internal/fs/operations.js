'use strict';

// The operations of fs that are one call of Go. Each has the number of its arguments, a function that returns the
// arguments for Go, and one that converts the result. The callback form, the synchronous one and the one with promises
// are made from that.

const contexts = require('internal/context_hook');
const {
  fromURL, textOf, toAccessMode, toCallback, toCopyMode, toFd, toFlags, toId, toMode, toOptions, toPath, toTimes,
} = require('internal/fs/check');
const { Dirent, toStats } = require('internal/fs/stats');
const { validateBoolean, validateInteger, validateObject, validateOneOf } = require('internal/validators');

const binding = internalBinding('files');

const operations = { __proto__: null };

function define(name, needed, most, prepare, finish, call = binding[name]) {
  operations[name] = { needed, most, prepare, finish, call };
}

// checked returns a call of Go one of whose arguments is checked last, after the callback.
function checked(name, at, convert) {
  return (...args) => {
    args[at] = convert(args[at]);
    return binding[name](...args);
  };
}

// Operations whose other arguments are checked before the callback.
const callbackLast = new Set(['access', 'chmod', 'copyFile', 'fchmod', 'fchown', 'ftruncate', 'futimes', 'open']);

let isToldOfTemplates = false;

const encodingOf = (options) => toOptions(options).encoding;
const inEncoding = (bytes, args) => textOf(bytes, encodingOf(args[1]));
const size = (length) => {
  validateInteger(length, 'len');
  return Math.max(0, length);
};

define('access', 1, 2, (path, mode) => [toPath(path), mode], undefined, checked('access', 1, toAccessMode));
define('open', 1, 3, (path, flags, mode) => [toPath(path), toFlags(flags ?? 'r'), toMode(mode, 0o666)]);
define('close', 1, 1, (fd) => [toFd(fd)]);
define('stat', 1, 2, (path, options) => [toPath(path), Boolean(options?.bigint)], toStats);
define('lstat', 1, 2, (path, options) => [toPath(path), Boolean(options?.bigint)], toStats);
define('fstat', 1, 2, (fd, options) => [toFd(fd), Boolean(options?.bigint)], toStats);
define('rmdir', 1, 2, (path, options) => {
  if (options !== undefined) validateObject(options, 'options');
  if (options?.recursive !== undefined) {
    throw new (require('internal/errors').codes.ERR_INVALID_ARG_VALUE)('options.recursive', options.recursive,
      'is no longer supported');
  }
  return [toPath(path)];
});
define('unlink', 1, 1, (path) => [toPath(path)]);
define('rename', 2, 2, (from, to) => [toPath(from, 'oldPath'), toPath(to, 'newPath')]);
define('link', 2, 2, (from, to) => [toPath(from, 'existingPath'), toPath(to, 'newPath')]);
define('symlink', 2, 3, (target, path, type) => {
  if (type != null) validateOneOf(type, 'type', ['dir', 'file', 'junction', null, undefined]);
  return [toPath(target, 'target'), toPath(path)];
});
define('readlink', 1, 2, (path, options) => {
  encodingOf(options);
  return [toPath(path)];
}, inEncoding);
define('realpath', 1, 2, (path, options) => {
  encodingOf(options);
  if (!(path instanceof Uint8Array)) path = `${fromURL(path)}`;
  return [require('path').resolve(String(toPath(path)))];
}, inEncoding, binding.resolveLinks);
define('realpathNative', 1, 2, (path, options) => {
  encodingOf(options);
  return [toPath(path)];
}, inEncoding, binding.realpath);
define('copyFile', 2, 3, (from, to, mode) => [toPath(from, 'src'), toPath(to, 'dest'), mode], undefined,
  checked('copyFile', 2, toCopyMode));
define('chmod', 2, 2, (path, mode) => [toPath(path), toMode(mode)]);
define('fchmod', 2, 2, (fd, mode) => [fd, toMode(mode)], undefined, checked('fchmod', 0, toFd));
define('chown', 3, 3, (path, uid, gid) => [toPath(path), toId(uid, 'uid'), toId(gid, 'gid')]);
define('lchown', 3, 3, (path, uid, gid) => [toPath(path), toId(uid, 'uid'), toId(gid, 'gid')]);
define('fchown', 3, 3, (fd, uid, gid) => [fd, toId(uid, 'uid'), toId(gid, 'gid')], undefined,
  checked('fchown', 0, toFd));
define('ftruncate', 1, 2, (fd, length = 0) => [fd, size(length)], undefined, checked('ftruncate', 0, toFd));
define('fsync', 1, 1, (fd) => [toFd(fd)]);
define('fdatasync', 1, 1, (fd) => [toFd(fd)]);
define('utimes', 3, 3, (path, atime, mtime) => [toPath(path), ...toTimes(atime, mtime)]);
define('lutimes', 3, 3, (path, atime, mtime) => [toPath(path), ...toTimes(atime, mtime)]);
define('futimes', 3, 3, (fd, atime, mtime) => [fd, ...toTimes(atime, mtime, ['atime', 'mtime'])], undefined,
  checked('futimes', 0, toFd));
define('mkdtemp', 1, 2, (prefix, options) => {
  encodingOf(options);
  prefix = toPath(prefix, 'prefix');
  if (!isToldOfTemplates && (prefix.at(-1) === 'X' || prefix.at(-1) === 0x58)) {
    isToldOfTemplates = true;
    process.emitWarning('mkdtemp() templates ending with X are not portable. For details see: https://nodejs.org/api/fs.html');
  }
  return [prefix];
}, inEncoding);

define('mkdir', 1, 2, (path, options) => {
  let mode = 0o777;
  let recursive = false;
  if (typeof options === 'number' || typeof options === 'string') {
    mode = toMode(options);
  } else if (options) {
    if (options.recursive !== undefined) {
      recursive = options.recursive;
      validateBoolean(recursive, 'options.recursive');
    }
    if (options.mode !== undefined) mode = toMode(options.mode, undefined, 'options.mode');
  }
  return [toPath(path), mode, recursive];
}, (first) => (first === undefined ? undefined : textOf(first)));

define('readdir', 1, 2, (path, options) => {
  const { encoding, recursive } = toOptions(options);
  if (recursive != null) validateBoolean(recursive, 'options.recursive');
  return [toPath(path), Boolean(recursive), encoding === 'buffer' ||
    (encoding !== undefined && !/^utf-?8$/i.test(encoding))];
}, ([names, kinds], args) => {
  const { encoding, withFileTypes } = toOptions(args[1]);
  const asBytes = names.length > 0 && typeof names[0] !== 'string';
  if (asBytes) names = names.map((name) => textOf(name, encoding));
  if (!withFileTypes) return names;
  const path = toPath(args[0]);
  return names.map((name, i) => entry(name, path, kinds[i]));
});

// entry returns a Dirent. A name in a recursive listing begins with its directories.
function entry(name, path, kind) {
  const at = typeof name === 'string' ? name.lastIndexOf('/') : -1;
  if (at < 0) return new Dirent(name, path, kind);
  return new Dirent(name.slice(at + 1), require('path').join(String(path), name.slice(0, at)), kind);
}

// isMissing reports whether stat has failed because the file is missing, which is no error with throwIfNoEntry false.
function isMissing(name, error, options) {
  return name === 'stat' && options?.throwIfNoEntry === false && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

// sync returns the form of an operation that waits.
function sync(name) {
  const { prepare, finish, call } = operations[name];
  return { [`${name}Sync`](...args) {
    const result = call(...prepare(...args));
    return finish === undefined ? result : finish(result, args);
  } }[`${name}Sync`];
}

// callback returns the form that calls a function later.
function callback(name) {
  const { needed, most, prepare, finish, call } = operations[name];
  return { [name](...args) {
    let at = needed;
    while (at < most && typeof args[at] !== 'function') at++;
    const done = args[at];
    const isLast = callbackLast.has(name);
    if (!isLast) toCallback(done);
    args.length = at;
    const prepared = prepare(...args);
    if (isLast) toCallback(done);
    const tell = (error, result) => {
      if (error !== null && isMissing(name, error, args[1])) done(null, undefined);
      else if (error !== null) done(error);
      else if (result === undefined && finish === undefined) done(null);
      else done(null, finish === undefined ? result : finish(result, args));
    };
    call(...prepared, contexts.bindRequest === undefined ? tell : contexts.bindRequest(tell, 'FSREQCALLBACK'));
  } }[name];
}

// promise returns the form with promises, for functions of (this operation's arguments).
function promise(name, as = name) {
  const { prepare, finish, call } = operations[name];
  return { async [as](...args) {
    const prepared = prepare(...args);
    const result = await new Promise((resolve, reject) => {
      call(...prepared, (error, value) => {
        if (error === null) {
          resolve(value);
        } else if (isMissing(name, error, args[1])) {
          resolve(undefined);
        } else {
          Error.captureStackTrace(error, call);
          reject(error);
        }
      });
    });
    return finish === undefined || result === undefined ? result : finish(result, args);
  } }[as];
}

module.exports = { callback, operations, promise, sync };

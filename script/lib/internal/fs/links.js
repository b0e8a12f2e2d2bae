'use strict';

// Rarely used parts of fs: file systems, temporary directories that remove themselves, and blobs of files.

const { toCallback, toPath } = require('internal/fs/check');

// systemError returns the error that Go would have made.
function systemError(code, syscall, path) {
  const errno = require('os').constants.errno[code];
  const text = internalBinding('errno').entry(-errno)?.[1];
  const error = new Error(`${code}: ${text}, ${syscall}${path === undefined ? '' : ` '${path}'`}`);
  Object.assign(error, { errno: -errno, code, syscall });
  if (path !== undefined) error.path = String(path);
  return error;
}

function mkdtempDisposableSync(prefix, options) {
  const fs = require('fs');
  const path = fs.mkdtempSync(prefix, options);
  const full = require('path').resolve(String(path));
  const remove = () => fs.rmSync(full, { recursive: true, force: true });
  return { path, remove, [Symbol.dispose]() { remove(); } };
}

const kinds = ['type', 'bsize', 'frsize', 'blocks', 'bfree', 'bavail', 'files', 'ffree'];

class StatFs {
  constructor(list) { kinds.forEach((name, i) => { this[name] = list[i]; }); }
}

function statfsSync(path, options) {
  return new StatFs(internalBinding('files').statfs(toPath(path), Boolean(options?.bigint)));
}

function statfs(path, options, callback) {
  callback = toCallback(typeof options === 'function' ? options : callback);
  internalBinding('files').statfs(toPath(path), Boolean(options?.bigint), (error, list) => {
    if (error !== null) callback(error);
    else callback(null, new StatFs(list));
  });
}

function openAsBlob(path, options) {
  const { Blob } = require('buffer');
  return require('internal/fs/promises').readFile(path).then((bytes) => new Blob([bytes], options));
}

module.exports = { mkdtempDisposableSync, openAsBlob, statfs, statfsSync, systemError };

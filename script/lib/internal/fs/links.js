'use strict';

// What of fs is seldom used: file systems, patterns, temporary directories that remove themselves, blobs of files.

const { toCallback, toOptions, toPath } = require('internal/fs/check');

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

// Patterns: a directory is walked, and the paths in it that match are told.

function* globWalk(patterns, { cwd = process.cwd(), exclude, withFileTypes } = {}) {
  const path = require('path');
  const fs = require('fs');
  const root = typeof cwd === 'string' ? cwd : require('internal/file_url').fileURLToPath(cwd);
  const excluded = typeof exclude === 'function' ? exclude :
    (name) => (exclude ?? []).some((pattern) => path.matchesGlob(withFileTypes ? name.name : name, pattern));
  const visit = function* (inside) {
    let entries;
    try {
      entries = fs.readdirSync(path.join(root, inside), { withFileTypes: true });
    } catch {
      return; // What cannot be read has nothing that matches.
    }
    for (const one of entries) {
      const name = inside === '' ? one.name : `${inside}/${one.name}`;
      if (excluded(withFileTypes ? one : name)) continue;
      if (patterns.some((pattern) => path.matchesGlob(name, pattern))) yield withFileTypes ? one : name;
      if (one.isDirectory()) yield* visit(name);
    }
  };
  yield* visit('');
}

function checkPatterns(pattern) {
  const { validateString, validateStringArray } = require('internal/validators');
  if (Array.isArray(pattern)) {
    validateStringArray(pattern, 'patterns');
    return pattern;
  }
  validateString(pattern, 'patterns');
  return [pattern];
}

function globSync(pattern, options) { return [...globWalk(checkPatterns(pattern), options)]; }

function glob(pattern, options, callback) {
  callback = toCallback(typeof options === 'function' ? options : callback);
  const patterns = checkPatterns(pattern);
  setImmediate(() => {
    let found;
    try {
      found = [...globWalk(patterns, typeof options === 'function' ? undefined : options)];
    } catch (error) {
      callback(error);
      return;
    }
    callback(null, found);
  });
}

async function* globIterator(pattern, options) { yield* globWalk(checkPatterns(pattern), options); }

function openAsBlob(path, options) {
  const { Blob } = require('buffer');
  return require('internal/fs/promises').readFile(path).then((bytes) => new Blob([bytes], options));
}

module.exports = { glob, globIterator, globSync, mkdtempDisposableSync, openAsBlob, statfs, statfsSync, systemError };

'use strict';

// fs.rm.

const { toCallback, toPath } = require('internal/fs/check');
const { SystemError } = require('internal/system_error');
const { validateBoolean, validateInt32, validateObject, validateUint32 } = require('internal/validators');

const binding = internalBinding('files');

const defaults = { recursive: false, force: false, retryDelay: 100, maxRetries: 0 };

function check(options) {
  if (options === undefined) return { ...defaults };
  validateObject(options, 'options');
  options = { ...defaults, ...options };
  validateBoolean(options.recursive, 'options.recursive');
  validateBoolean(options.force, 'options.force');
  validateInt32(options.retryDelay, 'options.retryDelay', 0);
  validateUint32(options.maxRetries, 'options.maxRetries');
  return options;
}

// mayRemove throws if a path with these stats cannot be removed with these options.
function mayRemove(stats, path, options) {
  if (stats.isDirectory() && !options.recursive) {
    const error = new SystemError({ code: 'EISDIR', message: 'is a directory', path, syscall: 'rm', errno: -21 });
    error.code = 'ERR_FS_EISDIR';
    error.message = `Path is a directory: rm returned EISDIR (is a directory) ${path}`;
    throw error;
  }
}

const transient = new Set(['EBUSY', 'EMFILE', 'ENFILE', 'ENOTEMPTY', 'EPERM']);

function rmSync(path, options) {
  path = toPath(path);
  options = check(options);
  let stats;
  try {
    stats = require('fs').lstatSync(path);
  } catch (error) {
    if (options.force && error.code === 'ENOENT') return;
    throw error;
  }
  mayRemove(stats, path, options);
  for (let attempt = 0; ; attempt++) {
    try {
      binding.removeAll(path);
      return;
    } catch (error) {
      if (options.force && error.code === 'ENOENT') return;
      if (attempt >= options.maxRetries || !transient.has(error.code)) throw error;
      require('internal/util').sleep(options.retryDelay * (attempt + 1));
    }
  }
}

function rm(path, options, callback) {
  if (typeof options === 'function') [options, callback] = [undefined, options];
  toCallback(callback);
  path = toPath(path);
  options = check(options);
  require('fs').lstat(path, (failed, stats) => {
    if (failed) {
      callback(options.force && failed.code === 'ENOENT' ? null : failed);
      return;
    }
    try {
      mayRemove(stats, path, options);
    } catch (error) {
      callback(error);
      return;
    }
    const attempt = (number) => {
      binding.removeAll(path, (error) => {
        if (error === null || (options.force && error.code === 'ENOENT')) callback(null);
        else if (number < options.maxRetries && transient.has(error.code)) setTimeout(attempt,
          options.retryDelay * (number + 1), number + 1);
        else callback(error);
      });
    };
    attempt(0);
  });
}

module.exports = { check, rm, rmSync };

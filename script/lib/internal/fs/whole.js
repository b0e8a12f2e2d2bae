'use strict';

// readFile, writeFile, appendFile and truncate: a whole file at once.

const { Buffer } = require('buffer');
const { bufferOf, pathOrFd, toCallback, toFlags, toMode, toOptions, toPath } = require('internal/fs/check');
const { AbortError, codes: { ERR_INVALID_ARG_TYPE } } = require('internal/errors');
const { validateBoolean, validateInteger } = require('internal/validators');

const binding = internalBinding('files');


function decode(bytes, encoding) {
  const buffer = bufferOf(bytes);
  return encoding && encoding !== 'buffer' ? buffer.toString(encoding) : buffer;
}

function readFileSync(file, options) {
  options = toOptions(options, { flag: 'r' });
  const from = pathOrFd(file);
  const flags = toFlags(options.flag);
  return decode(binding.readFile(from, flags), options.encoding);
}

function readFile(file, options, callback) {
  callback = toCallback(callback ?? options);
  options = toOptions(options, { flag: 'r' });
  const from = pathOrFd(file);
  const flags = toFlags(options.flag, 'options.flag');
  const { signal, encoding } = options;
  if (signal?.aborted) {
    process.nextTick(callback, new AbortError(undefined, { cause: signal.reason }));
    return;
  }
  binding.readFile(from, flags, (error, bytes) => {
    if (signal?.aborted) {
      callback(new AbortError(undefined, { cause: signal.reason }));
      return;
    }
    if (error !== null) {
      callback(error);
      return;
    }
    let result;
    try {
      result = decode(bytes, encoding);
    } catch (failure) {
      callback(failure);
      return;
    }
    callback(null, result);
  });
}

function toBytes(data, encoding) {
  if (ArrayBuffer.isView(data)) return data;
  if (typeof data !== 'string') {
    throw new ERR_INVALID_ARG_TYPE('data', ['string', 'Buffer', 'TypedArray', 'DataView'], data);
  }
  return Buffer.from(data, encoding || 'utf8');
}

const writing = { encoding: 'utf8', mode: 0o666, flag: 'w', flush: false };

function writeArguments(file, data, options) {
  const { encoding, flag, mode, flush } = options;
  if (flush != null) validateBoolean(flush, 'options.flush');
  const bytes = toBytes(data, encoding);
  const flags = toFlags(flag || 'w');
  return [pathOrFd(file), bytes, flags, toMode(mode, 0o666)];
}

function writeFileSync(file, data, options) {
  options = toOptions(options, writing);
  const args = writeArguments(file, data, options);
  if (options.flush && typeof args[0] !== 'number') {
    const fs = require('fs');
    const fd = fs.openSync(file, args[2], args[3]);
    try {
      binding.writeFile(fd, args[1], 0, 0);
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    return;
  }
  binding.writeFile(...args);
  if (options.flush) require('fs').fsyncSync(args[0]);
}

function writeFile(file, data, options, callback) {
  callback = toCallback(callback ?? options);
  options = toOptions(options, writing);
  const args = writeArguments(file, data, options);
  const { signal, flush } = options;
  if (signal?.aborted) {
    process.nextTick(callback, new AbortError(undefined, { cause: signal.reason }));
    return;
  }
  const written = (error) => {
    if (error === null && signal?.aborted) error = new AbortError(undefined, { cause: signal.reason });
    callback(error);
  };
  if (flush) writeAndFlush(args, written);
  else binding.writeFile(...args, written);
}

function writeAndFlush([file, bytes, flags, mode], callback) {
  const fs = require('fs');
  const toFile = (fd, close) => {
    binding.writeFile(fd, bytes, 0, 0, (error) => {
      if (error !== null) close(error);
      else fs.fsync(fd, close);
    });
  };
  if (typeof file === 'number') {
    toFile(file, callback);
    return;
  }
  fs.open(file, flags, mode, (error, fd) => {
    if (error !== null) callback(error);
    else toFile(fd, (failure) => fs.close(fd, (closing) => callback(failure ?? closing)));
  });
}

function appendOptions(options) {
  options = toOptions(options, { ...writing, flag: 'a' });
  return { ...options, flag: options.flag || 'a' };
}

function appendFileSync(file, data, options) {
  require('fs').writeFileSync(file, data, appendOptions(options));
}

function appendFile(file, data, options, callback) {
  callback = toCallback(callback ?? options);
  require('fs').writeFile(file, data, appendOptions(options), callback);
}

function truncateSync(path, length = 0) {
  const fs = require('fs');
  const fd = fs.openSync(path, 'r+');
  try {
    fs.ftruncateSync(fd, length);
  } finally {
    fs.closeSync(fd);
  }
}

function truncate(path, length, callback) {
  if (typeof length === 'function') [length, callback] = [0, length];
  const fs = require('fs');
  if (length === undefined) length = 0;
  validateInteger(length, 'len');
  toCallback(callback);
  toPath(path);
  fs.open(path, 'r+', (error, fd) => {
    if (error) callback(error);
    else fs.ftruncate(fd, length, (failure) => fs.close(fd, (closing) => callback(failure ?? closing)));
  });
}

module.exports = {
  appendFile, appendFileSync, readFile, readFileSync, toBytes, truncate, truncateSync, writeFile, writeFileSync,
};

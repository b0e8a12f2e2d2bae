'use strict';

// fs.promises.

const { constants } = require('internal/fs/constants');
const { toOptions } = require('internal/fs/check');
const { FileHandle, openHandle, readWhole } = require('internal/fs/file_handle');
const { operations, promise } = require('internal/fs/operations');
const { toBytes } = require('internal/fs/whole');
const { AbortError, codes: { ERR_INVALID_ARG_TYPE } } = require('internal/errors');
const { validateBoolean } = require('internal/validators');

const promises = module.exports;

for (const name of ['access', 'copyFile', 'rename', 'rmdir', 'mkdir', 'readdir', 'readlink', 'symlink', 'lstat', 'stat',
  'link', 'unlink', 'chmod', 'lchown',
  'chown', 'utimes', 'lutimes', 'mkdtemp']) {
  promises[name] = promise(name);
}
promises.realpath = promise('realpathNative', 'realpath');

promises.open = async function open(path, flags, mode) {
  return openHandle(path, flags, mode);
};

function checkSignal(signal) {
  if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason });
}

promises.readFile = async function readFile(path, options) {
  options = toOptions(options, { flag: 'r' });
  if (path instanceof FileHandle) return path.readFile(options);
  checkSignal(options.signal);
  const handle = await openHandle(path, options.flag || 'r', 0o666);
  return closing(handle, () => readWhole(handle.fd, options));
};

// closing waits for an operation and closes the file after it.
async function closing(handle, operation) {
  let value;
  try {
    value = await operation();
  } catch (error) {
    await handle.close().catch((failed) => {
      throw require('internal/errors').aggregateTwoErrors(failed, error);
    });
    throw error;
  }
  await handle.close();
  return value;
}

// writeTo writes all of data, which may be an iterable or a stream, to a descriptor.
async function writeTo(fd, data, { encoding, signal, flush }) {
  checkSignal(signal);
  if (isIterable(data)) {
    for await (const chunk of data) {
      checkSignal(signal);
      await writeBytes(fd, toBytes(chunk, encoding));
    }
  } else {
    const bytes = toBytes(data, encoding);
    for (let at = 0; at < bytes.byteLength || at === 0; at += chunkSize) {
      await writeBytes(fd, new Uint8Array(bytes.buffer, bytes.byteOffset + at,
        Math.min(chunkSize, bytes.byteLength - at)));
      checkSignal(signal);
    }
  }
  if (flush) await promise('fsync')(fd);
}

const chunkSize = 512 * 1024; // bytes between two checks of the signal

function writeBytes(fd, bytes) {
  return new Promise((resolve, reject) => {
    internalBinding('files').writeFile(fd, bytes, 0, 0, (error) => (error === null ? resolve() : reject(error)));
  });
}

function isIterable(data) {
  return data !== null && typeof data === 'object' && !ArrayBuffer.isView(data) &&
    (data[Symbol.asyncIterator] || data[Symbol.iterator]);
}

promises.writeFile = async function writeFile(path, data, options) {
  options = toOptions(options, { encoding: 'utf8', mode: 0o666, flag: 'w', flush: false });
  if (options.flush != null) validateBoolean(options.flush, 'options.flush');
  if (!isIterable(data)) toBytes(data, options.encoding);
  if (path instanceof FileHandle) return path.writeFile(data, options);
  checkSignal(options.signal);
  const handle = await openHandle(path, options.flag || 'w', options.mode ?? 0o666);
  return closing(handle, () => writeTo(handle.fd, data, options));
};

promises.appendFile = async function appendFile(path, data, options) {
  options = toOptions(options, { encoding: 'utf8', mode: 0o666, flag: 'a', flush: false });
  return promises.writeFile(path, data, { ...options, flag: options.flag || 'a' });
};

promises.truncate = async function truncate(path, length = 0) {
  const handle = await openHandle(path, 'r+');
  return closing(handle, () => handle.truncate(length));
};

promises.lchmod = async function lchmod() {
  throw new (require('internal/errors').codes.ERR_METHOD_NOT_IMPLEMENTED)('lchmod()');
};

// The others are made from functions with callbacks in files that are loaded on first use.
for (const [file, names] of [['remove', ['rm']], ['copy', ['cp']], ['dir', ['opendir']], ['links', ['statfs']]]) {
  for (const name of names) {
    promises[name] = { async [name](...args) {
      const options = args[name === 'cp' ? 2 : 1];
      if (typeof options === 'function') throw new ERR_INVALID_ARG_TYPE('options', 'Object', options);
      const call = require(`internal/fs/${file}`)[name];
      return new Promise((resolve, reject) => {
        call(args[0], ...(name === 'cp' ? [args[1], args[2] ?? {}] : [args[1] ?? {}]),
          (error, value) => (error ? reject(error) : resolve(value)));
      });
    } }[name];
  }
}

promises.mkdtempDisposable = async function mkdtempDisposable(prefix, options) {
  const directory = await promises.mkdtemp(prefix, options);
  const path = require('path').resolve(String(directory));
  const remove = () => promises.rm(path, { recursive: true, force: true });
  return { __proto__: null, path: directory, remove, async [Symbol.asyncDispose]() { await remove(); } };
};

promises.watch = function watch(path, options) { return require('internal/fs/watch').watchIterator(path, options); };
promises.glob = function glob(pattern, options) { return require('internal/fs/glob').globIterator(pattern, options); };
promises.constants = constants;
Object.defineProperty(promises, 'FileHandle', { value: FileHandle, enumerable: false });
Object.defineProperty(promises, 'writeTo', { value: writeTo, enumerable: false });

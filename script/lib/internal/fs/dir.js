'use strict';

// Dir: a directory that is read entry by entry. All of it is listed at once, and the Dir returns the entries.

const { toCallback, toOptions, toPath } = require('internal/fs/check');
const { codes, codes: { ERR_INVALID_THIS } } = require('internal/errors');
const { validateFunction, validateUint32 } = require('internal/validators');

class Dir {
  #path;
  #options;
  #entries;
  #next = 0;
  #closed = false;
  #busy = 0;

  constructor(path, options, entries) {
    if (path === undefined) throw new codes.ERR_MISSING_ARGS('handle');
    this.#path = path;
    this.#options = options;
    this.#entries = entries;
  }

  get path() {
    if (!(#path in this)) throw new ERR_INVALID_THIS('Dir');
    return this.#path;
  }

  #check() {
    if (this.#closed) throw new codes.ERR_DIR_CLOSED();
  }

  #take() {
    return this.#next < this.#entries.length ? this.#entries[this.#next++] : null;
  }

  readSync() {
    this.#check();
    if (this.#busy > 0) throw new codes.ERR_DIR_CONCURRENT_OPERATION();
    return this.#take();
  }

  read(callback) {
    if (callback === undefined) {
      if (this.#closed) return Promise.reject(new codes.ERR_DIR_CLOSED());
      this.#busy++;
      return new Promise((resolve) => setImmediate(() => {
        this.#busy--;
        resolve(this.#take());
      }));
    }
    toCallback(callback);
    this.#check();
    this.#busy++;
    setImmediate(() => {
      this.#busy--;
      callback(null, this.#take());
    });
    return undefined;
  }

  closeSync() {
    this.#check();
    if (this.#busy > 0) throw new codes.ERR_DIR_CONCURRENT_OPERATION();
    this.#closed = true;
  }

  close(callback) {
    if (callback === undefined) {
      if (this.#closed) return Promise.reject(new codes.ERR_DIR_CLOSED());
      this.#closed = true;
      return new Promise((resolve) => setImmediate(resolve));
    }
    toCallback(callback);
    if (this.#closed) {
      process.nextTick(callback, new codes.ERR_DIR_CLOSED());
      return undefined;
    }
    this.#closed = true;
    setImmediate(callback, null);
    return undefined;
  }

  // entries is no generator: a loop that is left with break does not wait until a generator's finally has run.
  entries() {
    let isDone = false;
    const end = async (value) => {
      isDone = true;
      if (!this.#closed) await this.close();
      return { value, done: true };
    };
    return {
      next: async () => {
        const value = isDone ? null : await this.read();
        return value === null ? end() : { value, done: false };
      },
      return: end,
      [Symbol.asyncIterator]() { return this; },
    };
  }

  [Symbol.dispose]() {
    if (!this.#closed) this.closeSync();
  }

  async [Symbol.asyncDispose]() {
    if (!this.#closed) await this.close();
  }
}
Object.defineProperty(Dir.prototype, Symbol.asyncIterator,
  { value: Dir.prototype.entries, writable: true, configurable: true });

function check(options) {
  options = toOptions(options, { encoding: 'utf8' });
  if (options.bufferSize !== undefined) validateUint32(options.bufferSize, 'options.bufferSize', true);
  return { ...options, withFileTypes: true };
}

function renamed(error) {
  if (error?.syscall === 'scandir') {
    error.syscall = 'opendir';
    error.message = error.message.replace(', scandir', ', opendir');
  }
  return error;
}

function opendirSync(path, options) {
  path = toPath(path);
  options = check(options);
  try {
    return new Dir(path, options, require('fs').readdirSync(path, options));
  } catch (error) {
    throw renamed(error);
  }
}

function opendir(path, options, callback) {
  callback = typeof options === 'function' ? options : callback;
  validateFunction(callback, 'callback');
  path = toPath(path);
  options = check(options);
  require('fs').readdir(path, options, (error, entries) => {
    if (error) callback(renamed(error));
    else callback(null, new Dir(path, options, entries));
  });
}

module.exports = { Dir, opendir, opendirSync };

'use strict';

// FileHandle: an open file of fs.promises.

const EventEmitter = require('events');
const { bufferOf, toOptions } = require('internal/fs/check');
const { operations, promise } = require('internal/fs/operations');
const io = require('internal/fs/io');
const { AbortError, codes: { ERR_INVALID_STATE } } = require('internal/errors');
const { validateAbortSignal, validateBuffer } = require('internal/validators');

const calls = {};
for (const name of ['fchmod', 'fchown', 'fdatasync', 'fsync', 'fstat', 'ftruncate', 'futimes', 'close']) {
  calls[name] = promise(name);
}
const open = promise('open');

const kFd = Symbol('kFd');
const kRefs = Symbol('kRefs');
const kClosing = Symbol('kClosing');
const kClosed = Symbol('kClosed');

// The file of a handle that was collected without close is closed.
const forgotten = new FinalizationRegistry((fd) => {
  process.emitWarning(`Closing file descriptor ${fd} on garbage collection`);
  require('fs').close(fd, () => {});
});

// later returns a promise of a callback's result, with names for its values.
function later(call, args, names) {
  return new Promise((resolve, reject) => {
    call(...args, (error, ...values) => {
      if (error) reject(error);
      else resolve(Object.fromEntries(names.map((name, i) => [name, values[i]])));
    });
  });
}

class FileHandle extends EventEmitter {
  constructor(fd) {
    super();
    Object.defineProperty(this, kFd, { value: fd, writable: true });
    Object.defineProperty(this, kRefs, { value: 1, writable: true });
    Object.defineProperty(this, kClosing, { value: null, writable: true });
    forgotten.register(this, fd, this);
  }

  get fd() { return this[kFd]; }

  getAsyncId() { return -1; }

  _ref() { this[kRefs]++; }

  _unref() {
    if (--this[kRefs] === 0) {
      const [resolve, reject] = this[kClosed];
      this._end().then(resolve, reject);
    }
  }

  // _use runs an operation, and keeps the file open meanwhile.
  async _use(name, operation) {
    if (this.fd === -1) {
      throw Object.assign(new Error('file closed'), { code: 'EBADF', syscall: name });
    }
    this[kRefs]++;
    try {
      return await operation(this.fd);
    } finally {
      this._unref();
    }
  }

  _end() {
    const fd = this[kFd];
    this[kFd] = -1;
    forgotten.unregister(this);
    return calls.close(fd);
  }

  close() {
    if (this[kFd] === -1) return Promise.resolve();
    if (this[kClosing]) return this[kClosing];
    this[kRefs]--;
    if (this[kRefs] === 0) {
      this[kClosing] = this._end();
    } else {
      this[kClosing] = new Promise((resolve, reject) => { this[kClosed] = [resolve, reject]; });
    }
    this[kClosing] = this[kClosing].finally(() => { this[kClosing] = null; });
    this.emit('close');
    return this[kClosing];
  }

  appendFile(data, options) { return this.writeFile(data, toOptions(options, { encoding: 'utf8', flag: 'a' })); }
  chmod(mode) { return this._use('fchmod', (fd) => calls.fchmod(fd, mode)); }
  chown(uid, gid) { return this._use('fchown', (fd) => calls.fchown(fd, uid, gid)); }
  datasync() { return this._use('fdatasync', (fd) => calls.fdatasync(fd)); }
  sync() { return this._use('fsync', (fd) => calls.fsync(fd)); }
  stat(options) { return this._use('fstat', (fd) => calls.fstat(fd, options)); }
  truncate(length) { return this._use('ftruncate', (fd) => calls.ftruncate(fd, length)); }
  utimes(atime, mtime) { return this._use('futimes', (fd) => calls.futimes(fd, atime, mtime)); }

  read(buffer, offset, length, position) {
    return this._use('read', async (fd) => {
      let options = offset;
      if (!ArrayBuffer.isView(buffer)) {
        options = buffer;
        if (options !== undefined && options !== null) {
          require('internal/validators').validateObject(options, 'options', { nullable: true });
        }
        buffer = options?.buffer ?? require('buffer').Buffer.alloc(16384);
        offset = options ?? undefined;
      }
      validateBuffer(buffer);
      if (offset !== null && typeof offset === 'object') {
        ({ offset = 0, length = buffer.byteLength - offset, position = null } = offset);
      }
      if (offset == null) offset = 0;
      length ??= buffer.byteLength - offset;
      return later(io.read, [fd, buffer, offset, length, position], ['bytesRead', 'buffer']);
    });
  }

  readv(buffers, position) {
    return this._use('readv', (fd) => later(io.readv, [fd, buffers, position], ['bytesRead', 'buffers']));
  }

  write(buffer, offset, length, position) {
    return this._use('write', async (fd) => {
      if (buffer?.byteLength === 0) return { __proto__: null, bytesWritten: 0, buffer };
      return later(io.write, [fd, buffer, offset, length, position], ['bytesWritten', 'buffer']);
    });
  }

  writev(buffers, position) {
    return this._use('writev', (fd) => later(io.writev, [fd, buffers, position], ['bytesWritten', 'buffers']));
  }

  readFile(options) { return this._use('readFile', (fd) => readWhole(fd, options)); }

  writeFile(data, options) {
    return this._use('writeFile', (fd) => require('internal/fs/promises').writeTo(fd, data,
      toOptions(options, { encoding: 'utf8' })));
  }

  createReadStream(options = undefined) {
    const { ReadStream } = require('internal/fs/streams');
    return new ReadStream(undefined, { ...options, fd: this });
  }

  createWriteStream(options = undefined) {
    const { WriteStream } = require('internal/fs/streams');
    return new WriteStream(undefined, { ...options, fd: this });
  }

  readLines(options = undefined) {
    return require('readline').createInterface({ input: this.createReadStream(options), crlfDelay: Infinity });
  }

  async [Symbol.asyncDispose]() { await this.close(); }
}

// readWhole reads the rest of a file. A signal may abort it between two reads.
async function readWhole(fd, options) {
  const { encoding, signal } = toOptions(options, {});
  const check = () => {
    if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason });
  };
  validateAbortSignal(signal, 'options.signal');
  check();
  const bytes = await new Promise((resolve, reject) => {
    internalBinding('files').readFile(fd, 0, (error, result) => (error === null ? resolve(result) : reject(error)));
  });
  check();
  const buffer = bufferOf(bytes);
  return encoding && encoding !== 'buffer' ? buffer.toString(encoding) : buffer;
}

async function openHandle(path, flags, mode) {
  return new FileHandle(await open(path, flags, mode));
}

module.exports = { FileHandle, openHandle, readWhole };

'use strict';

// ReadStream and WriteStream: streams over a descriptor or a FileHandle.

const { Readable, Writable, finished } = require('stream');
const { errorOrDestroy } = require('internal/streams/destroy');
const {
  codes: { ERR_INVALID_ARG_TYPE, ERR_INVALID_THIS, ERR_METHOD_NOT_IMPLEMENTED, ERR_OUT_OF_RANGE },
} = require('internal/errors');
const { validateBoolean, validateFunction, validateInteger } = require('internal/validators');
const { toFd, toOptions, toPath } = require('internal/fs/check');
const { Buffer } = require('buffer');

const kFs = Symbol('kFs');
const kHandle = Symbol('kHandle');
const kBusy = Symbol('kBusy');
const kIdle = Symbol('kIdle');

// importFd sets the stream's descriptor or FileHandle from the options.
function importFd(stream, options) {
  if (typeof options.fd === 'number') {
    toFd(options.fd);
    stream[kFs] = options.fs ?? require('fs');
    return options.fd;
  }
  const { FileHandle } = require('internal/fs/file_handle');
  if (typeof options.fd === 'object' && options.fd instanceof FileHandle) {
    if (options.fs) throw new ERR_METHOD_NOT_IMPLEMENTED('FileHandle with fs');
    const handle = options.fd;
    stream[kHandle] = handle;
    handle._ref();
    stream[kFs] = handleFs(handle);
    handle.on('close', () => stream.destroy());
    return handle.fd;
  }
  throw new ERR_INVALID_ARG_TYPE('options.fd', ['number', 'FileHandle'], options.fd);
}

// handleFs returns the functions of fs that streams use, for a FileHandle.
function handleFs(handle) {
  const then = (promise, done, value) => promise.then((result) =>
    process.nextTick(done, null, value(result), result?.buffer ?? result?.buffers),
    (error) => process.nextTick(done, error));
  return {
    open() { throw new ERR_METHOD_NOT_IMPLEMENTED('open()'); },
    read: (fd, buffer, offset, length, position, done) =>
      then(handle.read(buffer, offset, length, position), done, (r) => r.bytesRead),
    write: (fd, buffer, offset, length, position, done) =>
      then(handle.write(buffer, offset, length, position), done, (r) => r.bytesWritten),
    writev: (fd, buffers, position, done) => then(handle.writev(buffers, position), done, (r) => r.bytesWritten),
    fsync: (fd, done) => then(handle.sync(), done, () => undefined),
    close: (fd, done) => {
      handle._unref();
      then(handle.close(), done, () => undefined);
    },
  };
}

function requireFunction(fs, names) {
  for (const name of names) validateFunction(fs[name], `options.fs.${name}`);
}

// start sets the common options of both kinds of streams: the file, and whether it is opened and closed here.
function start(stream, path, options, flags, mode) {
  if (options.fd == null) {
    stream.fd = null;
    stream[kFs] = options.fs ?? require('fs');
    requireFunction(stream[kFs], ['open', 'close']);
    stream.path = toPath(path);
    stream.flags = options.flags ?? flags;
    stream.mode = options.mode ?? mode;
  } else {
    stream.fd = importFd(stream, options);
  }
  if (options.autoDestroy === undefined) options.autoDestroy = options.autoClose ?? true;
  stream.start = options.start;
  stream.pos = undefined;
  if (stream.start !== undefined) {
    checkPlace(stream.start, 'start');
    stream.pos = stream.start;
  }
}

function checkPlace(n, name) {
  validateInteger(n, name, 0);
}

// construct opens the file unless there is a descriptor. It calls open() if a script has replaced that.
function construct(done) {
  const stream = this;
  if (typeof stream.fd === 'number') {
    done();
    return;
  }
  if (stream.open !== original(stream).open) {
    const { emit } = stream;
    stream.emit = function (...args) {
      if (args[0] === 'open') {
        this.emit = emit;
        done();
        Reflect.apply(emit, this, args);
      } else if (args[0] === 'error') {
        this.emit = emit;
        done(args[1]);
      } else {
        Reflect.apply(emit, this, args);
      }
    };
    stream.open();
    return;
  }
  stream[kFs].open(stream.path, stream.flags, stream.mode, (error, fd) => {
    if (error) {
      done(error);
      return;
    }
    stream.fd = fd;
    done();
    stream.emit('open', stream.fd);
    stream.emit('ready');
  });
}

const original = (stream) => (stream instanceof ReadStream ? readOpen : writeOpen);
const readOpen = { open() {} };
const writeOpen = { open() {} };

function close(stream, error, done) {
  stream[kFs].close(stream.fd, (failed) => done(failed || error));
  stream.fd = null;
}

// closeWhenIdle closes the descriptor once no call uses it.
function closeWhenIdle(stream, error, done) {
  if (stream[kBusy]) stream.once(kIdle, (failed) => close(stream, error || failed, done));
  else if (typeof stream.fd === 'number') close(stream, error, done);
  else done(error);
}

// copied returns the options, with those that they inherit.
function copied(options) {
  const all = {};
  const checked = toOptions(options);
  const from = typeof options === 'object' ? options : checked;
  for (const name in from) all[name] = from[name];
  return all;
}

function ReadStream(path, options) {
  if (!(this instanceof ReadStream)) return new ReadStream(path, options);
  options = copied(options);
  options.highWaterMark ??= 64 * 1024;
  start(this, path, options, 'r', 0o666);
  requireFunction(this[kFs], ['read']);
  this.end = options.end ?? Infinity;
  this.bytesRead = 0;
  this[kBusy] = false;
  if (this.end !== Infinity) {
    checkPlace(this.end, 'end');
    if (this.start !== undefined && this.start > this.end) {
      throw new ERR_OUT_OF_RANGE('start', `<= "end" (here: ${this.end})`, this.start);
    }
  }
  Reflect.apply(Readable, this, [options]);
  if (options.encoding) this.setEncoding(options.encoding);
}
Object.setPrototypeOf(ReadStream.prototype, Readable.prototype);
Object.setPrototypeOf(ReadStream, Readable);

ReadStream.prototype.open = readOpen.open;
ReadStream.prototype._construct = construct;

ReadStream.prototype._read = function (size) {
  const left = this.pos !== undefined ? this.end - this.pos + 1 : this.end - this.bytesRead + 1;
  const n = Math.min(left, size);
  if (n <= 0) {
    this.push(null);
    return;
  }
  const buffer = Buffer.allocUnsafeSlow(n);
  this[kBusy] = true;
  this[kFs].read(this.fd, buffer, 0, n, this.pos, (error, bytesRead, into) => {
    this[kBusy] = false;
    if (this.destroyed) {
      this.emit(kIdle, error);
      return;
    }
    if (error) {
      errorOrDestroy(this, error);
    } else if (bytesRead > 0) {
      if (this.pos !== undefined) this.pos += bytesRead;
      this.bytesRead += bytesRead;
      // A chunk that is much shorter than its buffer is copied, so the rest is not kept.
      if (bytesRead === into.length) this.push(into);
      else if (bytesRead * 2 > into.length) this.push(into.subarray(0, bytesRead));
      else this.push(Buffer.from(into.subarray(0, bytesRead)));
    } else {
      this.push(null);
    }
  });
};

ReadStream.prototype._destroy = function (error, done) {
  closeWhenIdle(this, error, done);
};

ReadStream.prototype.close = function (done) {
  if (typeof done === 'function') finished(this, done);
  this.destroy();
};

Object.defineProperty(ReadStream.prototype, 'pending', { get() { return this.fd === null; }, configurable: true });
autoClose(ReadStream, '_readableState');

function autoClose(Class, state) {
  const stateOf = (stream) => {
    if (stream?.[state] === undefined) throw new ERR_INVALID_THIS(Class.name);
    return stream[state];
  };
  Object.defineProperty(Class.prototype, 'autoClose', {
    get() { return stateOf(this).autoDestroy; },
    set(value) { stateOf(this).autoDestroy = value; },
    configurable: true,
  });
}

function WriteStream(path, options) {
  if (!(this instanceof WriteStream)) return new WriteStream(path, options);
  options = copied(options);
  options.decodeStrings = true;
  start(this, path, options, 'w', 0o666);
  if (options.fd == null || options.fs) {
    if (!this[kFs].write && !this[kFs].writev) {
      throw new ERR_INVALID_ARG_TYPE('options.fs.write', 'Function', this[kFs].write);
    }
    if (this[kFs].write) requireFunction(this[kFs], ['write']);
    if (this[kFs].writev) requireFunction(this[kFs], ['writev']);
  }
  if (options.flush !== undefined && options.flush !== null) validateBoolean(options.flush, 'options.flush');
  this.flush = options.flush ?? false;
  if (options.fs && !options.fs.write) this._write = null;
  if (options.fs && !options.fs.writev) this._writev = null;
  this.bytesWritten = 0;
  this[kBusy] = false;
  Reflect.apply(Writable, this, [options]);
  if (options.encoding) this.setDefaultEncoding(options.encoding);
}
Object.setPrototypeOf(WriteStream.prototype, Writable.prototype);
Object.setPrototypeOf(WriteStream, Writable);

WriteStream.prototype.open = writeOpen.open;
WriteStream.prototype._construct = construct;

// writeAll writes all of a chunk, and waits a little if the descriptor takes nothing.
function writeAll(stream, data, size, position, done, attempts = 0) {
  stream[kFs].write(stream.fd, data, 0, size, position, (error, n, buffer) => {
    if (error?.code === 'EAGAIN') {
      error = null;
      n = 0;
    }
    if (stream.destroyed || error) {
      done(error || new (require('internal/errors').codes.ERR_STREAM_DESTROYED)('write'));
      return;
    }
    stream.bytesWritten += n;
    if (n === size) {
      done();
    } else if (n === 0 && attempts >= mostAttempts) {
      const { errnoException, errnoOf } = require('internal/system_errors');
      done(errnoException(errnoOf('EAGAIN'), 'write'));
    } else {
      const left = () => writeAll(stream, buffer.subarray(n), size - n, position === undefined ? undefined : position +
        n, done, n === 0 ? attempts + 1 : 0);
      if (n === 0) setTimeout(left, 1 << attempts);
      else left();
    }
  });
}

const mostAttempts = 5;

WriteStream.prototype._write = function (data, encoding, done) {
  this[kBusy] = true;
  writeAll(this, data, data.length, this.pos, (error) => finishWrite(this, error, done));
  if (this.pos !== undefined) this.pos += data.length;
};

function finishWrite(stream, error, done) {
  stream[kBusy] = false;
  if (stream.destroyed) {
    done(error);
    stream.emit(kIdle, error);
    return;
  }
  done(error);
}

WriteStream.prototype._writev = function (data, done) {
  const chunks = data.map(({ chunk }) => chunk);
  const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  this[kBusy] = true;
  const finish = (error) => finishWrite(this, error, done);
  this[kFs].writev(this.fd, chunks, this.pos ?? null, (error, n) => {
    if (error && error.code !== 'EAGAIN') {
      finish(error);
      return;
    }
    n ??= 0;
    this.bytesWritten += n;
    if (n === size) {
      finish(null);
      return;
    }
    const rest = Buffer.concat(chunks).subarray(n);
    if (this[kFs].write) {
      writeAll(this, rest, rest.length, this.pos === undefined ? undefined : this.pos - size + n, finish);
    }
    else this[kFs].writev(this.fd, [rest], this.pos === undefined ? null : this.pos - size + n, finish);
  });
  if (this.pos !== undefined) this.pos += size;
};

WriteStream.prototype._destroy = function (error, done) {
  if (this.flush && typeof this.fd === 'number' && !this[kBusy]) {
    this[kFs].fsync(this.fd, (failed) => closeWhenIdle(this, error || failed, done));
  } else {
    closeWhenIdle(this, error, done);
  }
};

WriteStream.prototype.close = function (done) {
  if (done) {
    if (this.closed) {
      process.nextTick(done);
      return;
    }
    this.on('close', done);
  }
  // Without autoClose the stream does not destroy itself after its end.
  if (!this.autoClose) this.on('finish', this.destroy);
  this.end();
};

WriteStream.prototype.destroySoon = WriteStream.prototype.end;
Object.defineProperty(WriteStream.prototype, 'pending', { get() { return this.fd === null; }, configurable: true });
autoClose(WriteStream, '_writableState');

module.exports = { ReadStream, WriteStream };

'use strict';

// process.stdin, stdout and stderr. Writes are synchronous, because data must not be lost when the program ends. stdin
// is read only when the script wants it, and does not keep the loop running while it is paused.

const { Readable, Writable } = require('stream');
const { errnoException } = require('internal/system_errors');

const stdio = internalBinding('stdio');
const { kindOf } = internalBinding('net');

// READ_SIZE is the size of a read from a file: bytes.
const READ_SIZE = 64 * 1024;

function toBytes(chunk, encoding) {
  return typeof chunk !== 'string' || encoding === 'utf8' ||
    encoding === 'utf-8' ? chunk : require('buffer').Buffer.from(chunk, encoding);
}

// SyncWriteStream writes to a file.
function SyncWriteStream(fd) {
  Writable.call(this, { autoDestroy: true, decodeStrings: false });
  this.fd = fd;
  this.readable = false;
  this.autoClose = false;
}
Object.setPrototypeOf(SyncWriteStream.prototype, Writable.prototype);
Object.setPrototypeOf(SyncWriteStream, Writable);

SyncWriteStream.prototype._write = function (chunk, encoding, callback) {
  const status = stdio.write(this.fd, toBytes(chunk, encoding));
  callback(status === 0 ? null : errnoException(status, 'write'));
};

// writeThrough makes the writes of a handle synchronous.
function writeThrough(handle, fd) {
  let written = 0;
  handle.write = (bytes, done) => {
    const status = stdio.write(fd, bytes);
    if (status === 0) {
      written += typeof bytes === 'string' ? require('buffer').Buffer.byteLength(bytes) : bytes.length;
      return true;
    }
    process.nextTick(done, status, 'write');
    return false;
  };
  Object.defineProperty(handle, 'bytesWritten', { get: () => written, configurable: true });
  return handle;
}

// The program's output is never closed: destroying the stream leaves the descriptor open.
function keepOpen(error, callback) {
  callback(error);
  this._undestroy();
  if (!this._writableState.emitClose) process.nextTick(() => this.emit('close'));
}

function output(fd) {
  let stream;
  switch (kindOf(fd)) {
    case 'TTY':
      stream = new (require('tty').WriteStream)(fd);
      stream._type = 'tty';
      break;
    case 'FILE':
      stream = new SyncWriteStream(fd);
      stream._type = 'fs';
      break;
    case 'PIPE':
    case 'TCP':
      stream = new (require('net').Socket)({ fd, readable: false, writable: true });
      stream._type = 'pipe';
      break;
    default: // It is closed: the data is dropped.
      stream = new Writable({ write(chunk, encoding, callback) { callback(); } });
  }
  stream.fd = fd;
  stream._isStdio = true;
  stream.destroySoon = stream.destroy;
  stream._destroy = keepOpen;
  stream._undestroy ??= require('internal/streams/destroy').undestroy;
  return stream;
}

// FileInput reads a file that is the program's input.
class FileInput extends Readable {
  bytesRead = 0;

  constructor(fd) {
    super({ highWaterMark: READ_SIZE, autoDestroy: false });
    this.fd = fd;
  }

  _read() {
    const buffer = require('buffer').Buffer.allocUnsafeSlow(READ_SIZE);
    const n = stdio.read(this.fd, buffer);
    if (n < 0) {
      this.destroy(errnoException(n, 'read'));
      return;
    }
    this.bytesRead += n;
    // A turn between chunks lets the rest of the program run, as in Node.
    setImmediate(() => this.push(n === 0 ? null : buffer.subarray(0, n)));
  }
}

function stdin(fd) {
  let stream;
  switch (kindOf(fd)) {
    case 'TTY':
      stream = new (require('tty').ReadStream)(fd);
      break;
    case 'FILE':
      stream = new FileInput(fd);
      break;
    case 'PIPE':
    case 'TCP':
      stream = new (require('net').Socket)({ fd, readable: true, writable: false, manualStart: true });
      stream._type = 'pipe';
      break;
    default:
      stream = new Readable({ read() {} });
      stream.push(null);
  }
  stream.fd = fd;
  if (stream._handle?.readStop) {
    stream._handle.reading = false;
    stream._readableState.reading = false;
    stream._handle.readStop();
    // An earlier resume may be scheduled, also on the next tick: the last call counts.
    stream.on('pause', () => process.nextTick(stopIfPaused, stream));
  }
  return stream;
}

// stopIfPaused makes a paused stdin not keep the program running.
function stopIfPaused(stream) {
  if (!stream._handle?.reading || stream.readableFlowing) return;
  stream._readableState.reading = false;
  stream._handle.readStop();
}

module.exports = { stdin, stdout: output, stderr: output, writeThrough };

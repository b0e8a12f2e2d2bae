'use strict';

const net = require('net');
const { codes: { ERR_INVALID_FD } } = require('internal/errors');
const { Pipe, constants } = require('internal/stream_handle');
const { errnoException, names } = require('internal/system_errors');

const stdio = internalBinding('stdio');

function isatty(fd) {
  return Number.isInteger(fd) && fd >= 0 && fd <= 2147483647 && stdio.isatty(fd);
}

// TTY is the handle of a terminal.
class TTY extends Pipe {
  #terminal;

  constructor(fd, readable, writable) {
    super(constants.SOCKET);
    const status = stdio.isatty(fd) ? this.open(fd, readable, writable) : -22;
    if (status !== 0) {
      const [code, message] = names.get(status);
      const context = { errno: status, code, message, syscall: 'uv_tty_init' };
      throw new (require('internal/system_error').SystemError)(context, 'ERR_TTY_INIT_FAILED',
        'TTY initialization failed');
    }
    this.#terminal = fd;
  }

  setRawMode(on) { return stdio.setRawMode(this.#terminal, on); }
  setBlocking() { return 0; }
  getWindowSize(size) {
    const found = stdio.windowSize(this.#terminal);
    if (typeof found === 'number') return found;
    [size[0], size[1]] = found;
    return 0;
  }
}

function checkFD(fd) {
  if (fd >> 0 !== fd || fd < 0) throw new ERR_INVALID_FD(fd);
}

function ReadStream(fd, options) {
  if (!(this instanceof ReadStream)) return new ReadStream(fd, options);
  checkFD(fd);
  net.Socket.call(this, { readableHighWaterMark: 0, ...options, handle: new TTY(fd, true, false), manualStart: true,
    writable: false });
  this.isRaw = false;
  this.isTTY = true;
}
Object.setPrototypeOf(ReadStream.prototype, net.Socket.prototype);
Object.setPrototypeOf(ReadStream, net.Socket);

ReadStream.prototype.setRawMode = function (flag) {
  flag = Boolean(flag);
  const status = this._handle?.setRawMode(flag);
  if (status) {
    this.emit('error', errnoException(status, 'setRawMode'));
    return this;
  }
  this.isRaw = flag;
  return this;
};

function WriteStream(fd) {
  if (!(this instanceof WriteStream)) return new WriteStream(fd);
  checkFD(fd);
  const handle = require('internal/stdio').writeThrough(new TTY(fd, false, true), fd);
  net.Socket.call(this, { handle, readableHighWaterMark: 0, manualStart: true, readable: false });
  const size = [0, 0];
  if (handle.getWindowSize(size) === 0) [this.columns, this.rows] = size;
}
Object.setPrototypeOf(WriteStream.prototype, net.Socket.prototype);
Object.setPrototypeOf(WriteStream, net.Socket);

WriteStream.prototype.isTTY = true;

WriteStream.prototype._refreshSize = function () {
  const { columns, rows } = this;
  const size = [0, 0];
  const status = this._handle?.getWindowSize(size);
  if (status) {
    this.emit('error', errnoException(status, 'getWindowSize'));
    return;
  }
  if (columns === size[0] && rows === size[1]) return;
  [this.columns, this.rows] = size;
  this.emit('resize');
};

WriteStream.prototype.getWindowSize = function () {
  return [this.columns, this.rows];
};

Object.assign(WriteStream.prototype, require('internal/tty_colors'));

// Cursor movements are readline's.
for (const name of ['cursorTo', 'moveCursor', 'clearLine', 'clearScreenDown']) {
  WriteStream.prototype[name] = function (...args) {
    return require('readline')[name](this, ...args);
  };
}

module.exports = { isatty, ReadStream, WriteStream };

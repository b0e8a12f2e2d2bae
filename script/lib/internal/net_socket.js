'use strict';

// net.Socket: a Duplex over a handle of a connection, or of a pipe.

const { addAbortListener } = require('events');
const { Duplex } = require('stream');
const diagnostics = require('internal/diagnostics');
const { AbortError, codes } = require('internal/errors');
const { FastBuffer } = require('internal/buffer');
const { normalizeArgs, normalizedArgsSymbol } = require('internal/net');
const {
  addProperties, kBytesRead, kBytesWritten, kSetKeepAlive, kSetKeepAliveDelay, kSetNoDelay, kSetTOS,
} = require('internal/net_socket_properties');
const { Handle, Pipe, TCP, constants } = require('internal/stream_handle');
const { errnoException } = require('internal/system_errors');
const { kTimeout, getTimerDuration, setUnrefTimeout } = require('internal/timers');
const { validateAbortSignal, validateFunction, validateInt32, validateNumber } = require('internal/validators');

const binding = internalBinding('net');

const {
  ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_INVALID_FD_TYPE, ERR_INVALID_HANDLE_TYPE, ERR_MISSING_ARGS,
  ERR_SOCKET_CLOSED,
  ERR_SOCKET_CLOSED_BEFORE_CONNECTION,
} = codes;

const kLastWriteQueueSize = Symbol('lastWriteQueueSize');
const kBuffer = Symbol('buffer');
const kBufferCallback = Symbol('bufferCallback');
const kBufferMaker = Symbol('bufferMaker');

const asciiOf = new Set(['utf8', 'utf-8']);

function nothing() {}

// handleOf returns a handle over a descriptor, of which it takes ownership.
function handleOf(fd, readable, writable) {
  validateInt32(fd, 'options.fd', 0);
  const kind = binding.kindOf(fd);
  let handle;
  if (kind === 'PIPE') handle = new Pipe(constants.SOCKET);
  else if (kind === 'TCP') handle = new TCP(constants.SOCKET);
  else throw new ERR_INVALID_FD_TYPE(kind === 'INVALID' ? 'INVALID' : kind);
  const status = handle.open(fd, readable, writable);
  if (status !== 0) throw errnoException(status, 'open');
  return handle;
}

function refuse(options, name) {
  throw new ERR_INVALID_ARG_VALUE(`options.${name}`, options[name], 'is not supported');
}

function Socket(options) {
  if (!(this instanceof Socket)) return new Socket(options);
  if (options?.objectMode) refuse(options, 'objectMode');
  if (options?.readableObjectMode) refuse(options, 'readableObjectMode');
  if (options?.writableObjectMode) refuse(options, 'writableObjectMode');
  if (options?.keepAliveInitialDelay !== undefined) {
    validateNumber(options.keepAliveInitialDelay, 'options.keepAliveInitialDelay');
  }
  this.connecting = false;
  this._hadError = false;
  this._handle = null;
  this._parent = null;
  this._host = null;
  this._closeAfterHandlingError = false;
  this.autoSelectFamilyAttemptedAddresses = undefined;
  options = typeof options === 'number' ? { fd: options } : { ...options };
  options.allowHalfOpen = Boolean(options.allowHalfOpen);
  options.emitClose = false;
  options.autoDestroy = true;
  options.decodeStrings = false;
  const { signal } = options;
  options.signal = undefined; // Ends the socket, not the Duplex.
  Duplex.call(this, options);

  if (options.blockList !== undefined) this.blockList = checkBlockList(options.blockList);
  if (options.handle) {
    this._handle = options.handle;
  } else if (options.fd !== undefined) {
    this._handle = handleOf(options.fd, options.readable !== false, options.writable !== false);
    if ((options.fd === 1 || options.fd === 2) && this._handle instanceof Pipe) {
      this._handle = syncHandle(this._handle, options.fd);
    }
  }
  useBuffer(this, options.onread);
  if (options.noDelay) this[kSetNoDelay] = true;
  if (options.keepAlive) this[kSetKeepAlive] = true;
  if (options.keepAliveInitialDelay > 0) this[kSetKeepAliveDelay] = Math.max(0, ~~(options.keepAliveInitialDelay / 1000));
  if (options.typeOfService !== undefined) {
    validateInt32(options.typeOfService, 'options.typeOfService', 0, 255);
    this[kSetTOS] = options.typeOfService;
  }
  this._pendingData = null;
  this._pendingEncoding = '';
  this.on('end', onReadableEnd);
  this.server = null;
  this._server = null;
  attach(this);

  if (this._handle && options.readable !== false) {
    if (options.pauseOnCreate) {
      this._handle.reading = false;
      this._handle.readStop();
      this.readableFlowing = false;
    } else if (!options.manualStart) {
      this.read(0);
    }
  }
  if (signal !== undefined) abortBy(this, signal);
}
Object.setPrototypeOf(Socket.prototype, Duplex.prototype);
Object.setPrototypeOf(Socket, Duplex);

// Properties that most sockets never change.
Object.assign(Socket.prototype, {
  [kLastWriteQueueSize]: 0, [kTimeout]: null, [kBuffer]: null, [kBytesRead]: 0, [kBytesWritten]: 0,
  [kSetNoDelay]: false, [kSetKeepAlive]: false, [kSetKeepAliveDelay]: 0,
});

// syncHandle makes writes to the program's output synchronous, because data must not be lost when the program ends.
function syncHandle(handle, fd) {
  return require('internal/stdio').writeThrough(handle, fd);
}

function checkBlockList(list) {
  const { BlockList } = require('internal/blocklist');
  if (!BlockList.isBlockList(list)) throw new ERR_INVALID_ARG_TYPE('options.blockList', 'net.BlockList', list);
  return list;
}

// useBuffer reads into one buffer of the script, and reports each read with onread.
function useBuffer(socket, onread) {
  if (onread === null || typeof onread !== 'object') return;
  const { buffer, callback } = onread;
  if (!(buffer instanceof Uint8Array) && typeof buffer !== 'function') return;
  if (typeof callback !== 'function') return;
  socket[kBufferMaker] = typeof buffer === 'function' ? buffer : null;
  socket[kBuffer] = typeof buffer === 'function' ? true : buffer;
  socket[kBufferCallback] = callback;
}

function abortBy(socket, signal) {
  validateAbortSignal(signal, 'options.signal');
  const { aborted } = signal;
  const abort = () => socket.destroy(new AbortError(undefined, { cause: signal.reason }));
  if (aborted) {
    process.nextTick(abort);
    return;
  }
  const listener = addAbortListener(signal, abort);
  socket.once('close', () => listener[Symbol.dispose]());
}

// attach sets the callbacks of the socket's handle.
function attach(socket) {
  const handle = socket._handle;
  if (!handle) return;
  socket._sockname = null;
  socket._peername = undefined;
  handle.owner = socket;
  if (!(handle instanceof Handle)) return; // A script has made it.
  handle.ondata = (chunk) => onData(socket, handle, chunk);
  handle.onend = () => onEnd(socket);
  handle.onerror = (status, syscall) => socket.destroy(errnoException(status, syscall));
}

function onData(socket, handle, chunk) {
  socket._unrefTimer();
  if (socket[kBuffer] !== null) {
    intoBuffer(socket, handle, chunk);
    return;
  }
  if (socket.push(new FastBuffer(chunk.buffer)) || socket._handle !== handle) return;
  handle.readStop();
}

function intoBuffer(socket, handle, chunk) {
  for (let at = 0; at < chunk.length && socket._handle === handle;) {
    const buffer = socket[kBufferMaker] === null ? socket[kBuffer] : socket[kBufferMaker]();
    const n = Math.min(buffer.length, chunk.length - at);
    buffer.set(chunk.subarray(at, at + n));
    at += n;
    if (socket[kBufferCallback](n, buffer) !== false && handle.reading) continue;
    handle.readStop();
    if (at < chunk.length) socket._rest = chunk.subarray(at);
    return;
  }
}

function onEnd(socket) {
  socket[kBufferMaker]?.(); // Each read has its buffer, the one at the end as well.
  socket.push(null);
  socket.read(0);
}

function onReadableEnd() {
  if (!this.allowHalfOpen) this.write = writeAfterFIN;
}

function writeAfterFIN(chunk, encoding, callback) {
  if (!this.writableEnded) return Duplex.prototype.write.call(this, chunk, encoding, callback);
  if (typeof encoding === 'function') callback = encoding;
  const error = new Error('This socket has been ended by the other party');
  error.code = 'EPIPE';
  if (typeof callback === 'function') process.nextTick(callback, error);
  this.destroy(error);
  return false;
}

// _adopt gives the socket another handle.
Socket.prototype._adopt = function _adopt(handle) {
  if (this._handle === handle) return;
  const before = this._handle;
  this._handle = handle;
  if (before?.hasRef?.() === false) handle.unref();
  attach(this);
};

Socket.prototype._unrefTimer = function _unrefTimer() {
  for (let s = this; s !== null && s !== undefined; s = s._parent) s[kTimeout]?.refresh();
};

Socket.prototype.setTimeout = function (msecs, callback) {
  if (this.destroyed) return this;
  this.timeout = msecs;
  msecs = getTimerDuration(msecs, 'msecs');
  if (this[kTimeout] !== null) clearTimeout(this[kTimeout]);
  this[kTimeout] = null;
  if (callback !== undefined) validateFunction(callback, 'callback');
  if (msecs === 0) {
    if (callback !== undefined) this.removeListener('timeout', callback);
  } else {
    this[kTimeout] = setUnrefTimeout(() => this._onTimeout(), msecs);
    if (callback !== undefined) this.once('timeout', callback);
  }
  return this;
};

Socket.prototype._onTimeout = function () {
  const last = this[kLastWriteQueueSize];
  if (last > 0 && this._handle) {
    const left = this._handle.writeQueueSize;
    if (left > 0 && left !== last) { // It goes on, if slowly.
      this[kLastWriteQueueSize] = left;
      this._unrefTimer();
      return;
    }
  }
  this.emit('timeout');
};

addProperties(Socket.prototype);

Socket.prototype._read = function (n) {
  if (this.connecting || !this._handle) {
    this.once('connect', () => this._read(n));
    return;
  }
  if (!this._handle.reading) startReading(this);
};

function startReading(socket) {
  const handle = socket._handle;
  handle.reading = true;
  if (socket._rest !== undefined) {
    const rest = socket._rest;
    socket._rest = undefined;
    intoBuffer(socket, handle, rest);
    if (socket._rest !== undefined || socket._handle !== handle) return;
  }
  const status = handle.readStart();
  if (status) socket.destroy(errnoException(status, 'read'));
}

Socket.prototype.pause = function () {
  if (this[kBuffer] !== null && !this.connecting && this._handle?.reading) {
    this._handle.reading = false;
    if (!this.destroyed) this._handle.readStop();
  }
  return Duplex.prototype.pause.call(this);
};

Socket.prototype.resume = function () {
  if (this[kBuffer] !== null && !this.connecting && this._handle && !this._handle.reading) startReading(this);
  return Duplex.prototype.resume.call(this);
};

Socket.prototype.read = function (n) {
  if (this[kBuffer] !== null && !this.connecting && this._handle && !this._handle.reading) startReading(this);
  return Duplex.prototype.read.call(this, n);
};

// whenConnected calls fn once the socket is connected, or closed if it never is.
function whenConnected(socket, fn, closed) {
  function connect() {
    socket.off('close', close);
    fn();
  }
  function close() {
    socket.off('connect', connect);
    closed();
  }
  socket.once('connect', connect);
  socket.once('close', close);
}

Socket.prototype._write = function (chunk, encoding, callback) {
  if (this.connecting) {
    this._pendingData = { chunk, encoding };
    whenConnected(this, () => this._write(chunk, encoding, callback),
      () => callback(new ERR_SOCKET_CLOSED_BEFORE_CONNECTION()));
    return;
  }
  this._pendingData = null;
  if (!this._handle) {
    callback(new ERR_SOCKET_CLOSED());
    return;
  }
  this._unrefTimer();
  if (typeof chunk === 'string' && !asciiOf.has(encoding)) chunk = require('buffer').Buffer.from(chunk, encoding);
  dispatch(this, chunk, callback);
};

Socket.prototype._writev = function (chunks, callback) {
  if (this.connecting) {
    this._pendingData = chunks;
    whenConnected(this, () => this._writev(chunks, callback),
      () => callback(new ERR_SOCKET_CLOSED_BEFORE_CONNECTION()));
    return;
  }
  this._pendingData = null;
  if (!this._handle) {
    callback(new ERR_SOCKET_CLOSED());
    return;
  }
  this._unrefTimer();
  const { Buffer } = require('buffer');
  dispatch(this, Buffer.concat(chunks.map(({ chunk, encoding }) =>
    (typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk))), callback);
};

function dispatch(socket, bytes, callback) {
  const done = socket._handle.write(bytes, (status, syscall) => {
    if (status !== 0) {
      callback(errnoException(status, syscall));
      return;
    }
    if (socket.destroyed) {
      callback(new ERR_SOCKET_CLOSED());
      return;
    }
    socket[kLastWriteQueueSize] = 0;
    socket._unrefTimer();
    callback();
  });
  if (done) callback();
  else socket[kLastWriteQueueSize] = socket._handle?.writeQueueSize ?? 0;
}

Socket.prototype._final = function (callback) {
  if (this.connecting) {
    this.once('connect', () => this._final(callback));
    return;
  }
  if (!this._handle?.shutdown?.(() => callback())) callback();
};

Socket.prototype.end = function (data, encoding, callback) {
  Duplex.prototype.end.call(this, data, encoding, callback);
  return this;
};

Socket.prototype.resetAndDestroy = function () {
  if (!this._handle) {
    this.destroy(new ERR_SOCKET_CLOSED());
    return this;
  }
  if (!(this._handle instanceof TCP)) throw new ERR_INVALID_HANDLE_TYPE();
  if (this.connecting) this.once('connect', () => this._reset());
  else this._reset();
  return this;
};

Socket.prototype._reset = function () {
  this.resetAndClosing = true;
  return this.destroy();
};

Socket.prototype.destroySoon = function () {
  if (this.writable) this.end();
  if (this.writableFinished) this.destroy();
  else this.once('finish', this.destroy);
};

Socket.prototype._destroy = function (error, callback) {
  this.connecting = false;
  for (let s = this; s !== null && s !== undefined; s = s._parent) {
    clearTimeout(s[kTimeout]);
    s[kTimeout] = null;
  }
  const handle = this._handle;
  if (handle) {
    const hadError = Boolean(error);
    this[kBytesRead] = handle.bytesRead;
    this[kBytesWritten] = handle.bytesWritten;
    const closed = () => this.emit('close', hadError);
    handle.ondata = nothing;
    handle.onend = nothing;
    if (this.resetAndClosing) {
      this.resetAndClosing = false;
      const status = handle.reset(closed);
      if (status) {
        handle.close(closed);
        this.emit('error', errnoException(status, 'reset'));
      }
    } else if (this._closeAfterHandlingError) {
      queueMicrotask(() => handle.close(closed)); // The callbacks that the error has scheduled run first.
    } else {
      handle.close(closed);
    }
    this._handle = null;
    this._sockname = null;
    callback(error);
  } else {
    callback(error);
    process.nextTick(() => this.emit('close', Boolean(error)));
  }
  if (this._server) {
    this._server._connections--;
    this._server._emitCloseIfDrained?.();
  }
};

Socket.prototype.connect = function (...args) {
  let normalized;
  if (Array.isArray(args[0]) && args[0][normalizedArgsSymbol]) [normalized] = args;
  else normalized = normalizeArgs(args);
  const [options, callback] = normalized;
  if (callback !== null) validateFunction(callback, 'callback');
  if (options.port === undefined && options.path == null) throw new ERR_MISSING_ARGS(['options', 'port', 'path']);
  if (options.onread !== undefined) useBuffer(this, options.onread);
  const { check, start } = require('internal/net_connect');
  if (this._parent?.connecting) return this;
  if (this.write !== Socket.prototype.write) this.write = Socket.prototype.write;
  if (this.destroyed) {
    this._handle = null;
    this._undestroy();
    this._peername = undefined;
    this._sockname = undefined;
  }
  if (diagnostics.active !== undefined) diagnostics.publish('net.client.socket', { socket: this });
  if (callback !== null) this.once('connect', callback);
  if (options.blockList !== undefined) this.blockList = checkBlockList(options.blockList);
  check(options);
  if (!this._handle) this._adopt(options.path ? new Pipe(constants.SOCKET) : new TCP(constants.SOCKET));
  this._unrefTimer();
  this.connecting = true;
  start(this, options, (handle) => connected(this, handle));
  return this;
};

Socket.prototype._undestroy ??= require('internal/streams/destroy').undestroy;

function connected(socket, handle) {
  if (socket.destroyed) return;
  socket.connecting = false;
  socket._sockname = null;
  socket._unrefTimer();
  if (socket[kSetNoDelay] && handle.setNoDelay) handle.setNoDelay(true);
  if (socket[kSetKeepAlive] && handle.setKeepAlive) handle.setKeepAlive(true, socket[kSetKeepAliveDelay]);
  if (socket[kSetTOS] !== undefined && handle.setTypeOfService) handle.setTypeOfService(socket[kSetTOS]);
  socket.emit('connect');
  socket.emit('ready');
  if (!socket.isPaused() && socket._handle === handle) socket.read(0);
}

Socket.prototype.ref = function () {
  if (this._handle) this._handle.ref?.();
  else this.once('connect', this.ref);
  return this;
};

Socket.prototype.unref = function () {
  if (this._handle) this._handle.unref?.();
  else this.once('connect', this.unref);
  return this;
};

// ofHandle returns a socket over a native stream of Go for a pipe to a child, or for a similar descriptor.
function ofHandle(native, { readable = true, writable = true } = {}) {
  return new Socket({ handle: new Pipe(constants.SOCKET).attach(native), readable, writable });
}

module.exports = { Socket, checkBlockList, ofHandle, kSetKeepAlive, kSetNoDelay, kSetKeepAliveDelay, kTimeout };

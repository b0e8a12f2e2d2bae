'use strict';

const EventEmitter = require('events');
const diagnostics = require('internal/diagnostics');
const { codes } = require('internal/errors');
const { _createSocketHandle, checkKind, kStateSymbol, newHandle } = require('internal/dgram');
const { addOptions } = require('internal/dgram_options');
const { withHostPort } = require('internal/socket_errors');
const { errnoException } = require('internal/system_errors');
const { SendWrap, constants } = require('internal/udp_handle');
const {
  validateAbortSignal, validateNumber, validatePort, validateString, validateUint32,
} = require('internal/validators');

const {
  ERR_BUFFER_OUT_OF_BOUNDS, ERR_INVALID_ARG_TYPE, ERR_IP_BLOCKED, ERR_SOCKET_ALREADY_BOUND,
  ERR_SOCKET_DGRAM_IS_CONNECTED, ERR_SOCKET_DGRAM_NOT_CONNECTED, ERR_SOCKET_DGRAM_NOT_RUNNING,
} = codes;
const { UV_UDP_IPV6ONLY, UV_UDP_REUSEADDR, UV_UDP_REUSEPORT } = constants;

const [UNBOUND, BINDING, BOUND] = [0, 1, 2];
const [DISCONNECTED, CONNECTING, CONNECTED] = [0, 1, 2];

function checkBlockList(list, name) {
  if (list === undefined) return undefined;
  const { BlockList } = require('internal/blocklist');
  if (!BlockList.isBlockList(list)) throw new ERR_INVALID_ARG_TYPE(name, 'net.BlockList', list);
  return list;
}

function Socket(type, listener) {
  EventEmitter.call(this);
  let options = {};
  if (type !== null && typeof type === 'object' && typeof type.type === 'string') {
    options = type;
    ({ type } = options);
    if (options.recvBufferSize) validateUint32(options.recvBufferSize, 'options.recvBufferSize');
    if (options.sendBufferSize) validateUint32(options.sendBufferSize, 'options.sendBufferSize');
  }
  const handle = newHandle(type, options.lookup);
  handle.owner = this;
  this.type = type;
  if (typeof listener === 'function') this.on('message', listener);
  this[kStateSymbol] = {
    handle, receiving: false, bindState: UNBOUND, connectState: DISCONNECTED, queue: undefined,
    reuseAddr: options.reuseAddr, reusePort: options.reusePort, ipv6Only: options.ipv6Only,
    recvBufferSize: options.recvBufferSize, sendBufferSize: options.sendBufferSize,
    receiveBlockList: checkBlockList(options.receiveBlockList, 'options.receiveBlockList'),
    sendBlockList: checkBlockList(options.sendBlockList, 'options.sendBlockList'),
  };
  const { signal } = options;
  if (signal !== undefined) {
    validateAbortSignal(signal, 'options.signal');
    const abort = () => {
      if (this[kStateSymbol].handle) this.close();
    };
    if (signal.aborted) {
      abort();
    } else {
      const disposable = EventEmitter.addAbortListener(signal, abort);
      this.once('close', disposable[Symbol.dispose].bind(disposable));
    }
  }
  if (diagnostics.active !== undefined) diagnostics.publish('udp.socket', { socket: this });
}
Object.setPrototypeOf(Socket.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Socket, EventEmitter);

function createSocket(type, listener) {
  return new Socket(type, listener);
}

// running returns the handle, or throws if the socket is closed.
function running(socket) {
  const { handle } = socket[kStateSymbol];
  if (!handle) throw new ERR_SOCKET_DGRAM_NOT_RUNNING();
  return handle;
}

function startListening(socket) {
  const state = socket[kStateSymbol];
  state.handle.onmessage = onMessage;
  const status = state.handle.recvStart();
  if (status) throw errnoException(status, 'recvStart');
  state.receiving = true;
  state.bindState = BOUND;
  if (state.recvBufferSize) socket.setRecvBufferSize(state.recvBufferSize);
  if (state.sendBufferSize) socket.setSendBufferSize(state.sendBufferSize);
  socket.emit('listening');
}

function onMessage(n, handle, message, from) {
  const self = handle.owner;
  if (n < 0) {
    self.emit('error', errnoException(n, 'recvmsg'));
    return;
  }
  if (self[kStateSymbol].receiveBlockList?.check(from.address, from.family.toLowerCase())) return;
  self.emit('message', message, from);
}

function replaceHandle(socket, handle) {
  const state = socket[kStateSymbol];
  handle.lookup = state.handle.lookup;
  handle.bind ??= state.handle.bind;
  handle.send ??= state.handle.send;
  handle.owner = socket;
  state.handle.close();
  state.handle = handle;
}

let cluster;

function inWorker() {
  if (cluster === undefined) {
    cluster = internalBinding('host').hasLibrary('cluster') ? require('cluster') : { isWorker: false };
  }
  return cluster.isWorker;
}

function bindInCluster(socket, { address, port, addressType, fd, flags }, failed) {
  cluster._getServer(socket, { address, port, addressType, fd, flags }, (status, handle) => {
    if (status) {
      failed(withHostPort(status, 'bind', address, port));
      return;
    }
    const state = socket[kStateSymbol];
    if (!state.handle) { // It was closed meanwhile.
      handle.close();
      return;
    }
    replaceHandle(socket, handle);
    startListening(socket);
  });
}

Socket.prototype.bind = function (portArgument, addressArgument) {
  let port = portArgument;
  running(this);
  const state = this[kStateSymbol];
  if (state.bindState !== UNBOUND) throw new ERR_SOCKET_ALREADY_BOUND();
  state.bindState = BINDING;
  const callback = arguments[arguments.length - 1];
  if (typeof callback === 'function') {
    const self = this;
    function removeListeners() {
      self.removeListener('error', removeListeners);
      self.removeListener('listening', onListening);
    }
    function onListening() {
      removeListeners();
      callback.call(self);
    }
    this.on('error', removeListeners);
    this.on('listening', onListening);
  }
  if (port !== null && typeof port === 'object' && typeof port.recvStart === 'function') {
    replaceHandle(this, port);
    startListening(this);
    return this;
  }
  if (port !== null && typeof port === 'object' && Number.isInteger(port.fd) && port.fd >= 0) {
    bindFD(this, port);
    return this;
  }
  let address;
  let exclusive;
  if (port !== null && typeof port === 'object') {
    address = port.address || '';
    exclusive = Boolean(port.exclusive);
    ({ port } = port);
  } else {
    address = typeof addressArgument === 'function' ? '' : addressArgument;
    exclusive = false;
  }
  if (state.reusePort) exclusive = true;
  if (!address) address = this.type === 'udp4' ? '0.0.0.0' : '::';

  state.handle.lookup(address, (error, ip) => {
    if (!state.handle) return;
    if (error) {
      state.bindState = UNBOUND;
      this.emit('error', error);
      return;
    }
    let flags = 0;
    if (state.reuseAddr) flags |= UV_UDP_REUSEADDR;
    if (state.ipv6Only) flags |= UV_UDP_IPV6ONLY;
    if (state.reusePort) flags |= UV_UDP_REUSEPORT;
    if (!exclusive && inWorker()) {
      bindInCluster(this, { address: ip, port, addressType: this.type, fd: -1, flags }, (failure) => {
        state.bindState = UNBOUND;
        this.emit('error', failure);
      });
      return;
    }
    const status = this.type === 'udp6' ? state.handle.bind6(ip, port || 0, flags) :
      state.handle.bind(ip, port || 0, flags);
    if (status) {
      state.bindState = UNBOUND;
      this.emit('error', withHostPort(status, 'bind', ip, port));
      return;
    }
    startListening(this);
  });
  return this;
};

// bindFD uses a descriptor that is bound.
function bindFD(socket, { fd, exclusive }) {
  const state = socket[kStateSymbol];
  if (!exclusive && inWorker()) {
    bindInCluster(socket, { address: null, port: null, addressType: socket.type, fd, flags: null }, (failure) => {
      state.bindState = UNBOUND;
      socket.emit('error', failure);
    });
    return;
  }
  checkKind(fd);
  const status = state.handle.open(fd);
  if (status) throw errnoException(status, 'open');
  startListening(socket);
}

Socket.prototype.connect = function (port, address, callback) {
  port = validatePort(port, 'Port', false);
  if (typeof address === 'function') {
    callback = address;
    address = '';
  } else if (address === undefined) {
    address = '';
  }
  validateString(address, 'address');
  const state = this[kStateSymbol];
  if (state.connectState !== DISCONNECTED) throw new ERR_SOCKET_DGRAM_IS_CONNECTED();
  state.connectState = CONNECTING;
  if (state.bindState === UNBOUND) this.bind({ port: 0, exclusive: true }, null);
  if (state.bindState !== BOUND) enqueue(this, () => connect(this, port, address, callback));
  else connect(this, port, address, callback);
};

function connect(socket, port, address, callback) {
  const state = socket[kStateSymbol];
  if (callback) socket.once('connect', callback);
  state.handle.lookup(address, (error, ip) => connected(socket, error, ip, address, port, callback));
}

function connected(socket, error, ip, address, port, callback) {
  const state = socket[kStateSymbol];
  if (!state.handle) return;
  if (!error && state.sendBlockList?.check(ip, `ipv${socket.type.slice(-1)}`)) error = new ERR_IP_BLOCKED(ip);
  if (!error) {
    const status = socket.type === 'udp6' ? state.handle.connect6(ip, port) : state.handle.connect(ip, port);
    if (status) error = withHostPort(status, 'connect', address, port);
  }
  if (error) {
    state.connectState = DISCONNECTED;
    process.nextTick(() => {
      if (callback) {
        socket.removeListener('connect', callback);
        callback(error);
      } else {
        socket.emit('error', error);
      }
    });
    return;
  }
  state.connectState = CONNECTED;
  process.nextTick(() => socket.emit('connect'));
}

Socket.prototype.disconnect = function () {
  const state = this[kStateSymbol];
  if (state.connectState !== CONNECTED) throw new ERR_SOCKET_DGRAM_NOT_CONNECTED();
  const status = state.handle.disconnect();
  if (status) throw errnoException(status, 'connect');
  state.connectState = DISCONNECTED;
};

Socket.prototype.sendto = function (buffer, offset, length, port, address, callback) {
  validateNumber(offset, 'offset');
  validateNumber(length, 'length');
  validateNumber(port, 'port');
  validateString(address, 'address');
  this.send(buffer, offset, length, port, address, callback);
};

function sliceBuffer(buffer, offset, length) {
  buffer = typeof buffer === 'string' ? require('buffer').Buffer.from(buffer) : asBytes(buffer, 'buffer');
  offset >>>= 0;
  length >>>= 0;
  if (offset > buffer.byteLength) throw new ERR_BUFFER_OUT_OF_BOUNDS('offset');
  if (offset + length > buffer.byteLength) throw new ERR_BUFFER_OUT_OF_BOUNDS('length');
  return require('buffer').Buffer.from(buffer.buffer, buffer.byteOffset + offset, length);
}

function asBytes(value, name) {
  if (!ArrayBuffer.isView(value)) {
    throw new ERR_INVALID_ARG_TYPE(name, ['string', 'Buffer', 'TypedArray', 'DataView'], value);
  }
  return value;
}

// listOf returns the pieces of a datagram, undefined if one is neither text nor bytes.
function listOf(pieces) {
  const { Buffer } = require('buffer');
  const list = [];
  for (const piece of pieces) {
    if (typeof piece === 'string') list.push(Buffer.from(piece));
    else if (ArrayBuffer.isView(piece)) list.push(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
    else return undefined;
  }
  return list;
}

// enqueue calls fn once the socket is bound.
function enqueue(socket, fn) {
  const state = socket[kStateSymbol];
  if (state.queue === undefined) {
    state.queue = [];
    function onListening() {
      socket.removeListener('error', onError);
      const { queue } = state;
      state.queue = undefined;
      for (const one of queue) one();
    }
    function onError() {
      socket.removeListener('listening', onListening);
      state.queue = undefined;
    }
    socket.once(EventEmitter.errorMonitor, onError);
    socket.once('listening', onListening);
  }
  state.queue.push(fn);
}

// send is called as send(message[, offset, length][, port][, address][, callback]).
Socket.prototype.send = function (buffer, offset, length, port, address, callback) {
  const state = this[kStateSymbol];
  const isConnected = state.connectState === CONNECTED;
  let list;
  if (!isConnected) {
    if (address || (port && typeof port !== 'function')) {
      buffer = sliceBuffer(buffer, offset, length);
    } else {
      callback = port;
      port = offset;
      address = length;
    }
  } else {
    if (typeof length === 'number') {
      buffer = sliceBuffer(buffer, offset, length);
      if (typeof port === 'function') {
        callback = port;
        port = null;
      }
    } else {
      callback = offset;
    }
    if (port || address) throw new ERR_SOCKET_DGRAM_IS_CONNECTED();
  }
  if (Array.isArray(buffer)) {
    list = listOf(buffer);
    if (list === undefined) {
      throw new ERR_INVALID_ARG_TYPE('buffer list arguments', ['string', 'Buffer', 'TypedArray', 'DataView'], buffer);
    }
  } else if (typeof buffer === 'string') {
    list = [require('buffer').Buffer.from(buffer)];
  } else {
    list = listOf([asBytes(buffer, 'buffer')]);
  }
  if (!isConnected) port = validatePort(port, 'Port', false);
  if (typeof callback !== 'function') callback = undefined;
  if (typeof address === 'function') {
    callback = address;
    address = undefined;
  } else if (address != null) {
    validateString(address, 'address');
  }
  running(this);
  if (state.bindState === UNBOUND) this.bind({ port: 0, exclusive: true }, null);
  if (list.length === 0) list.push(require('buffer').Buffer.alloc(0));
  if (state.bindState !== BOUND) {
    enqueue(this, () => this.send(list, port, address, callback));
    return;
  }
  if (isConnected) {
    transmit(this, null, null, list, null, null, callback);
    return;
  }
  state.handle.lookup(address, (error, ip) => transmit(this, error, ip, list, address, port, callback));
};

function transmit(socket, error, ip, list, address, port, callback) {
  const state = socket[kStateSymbol];
  if (!error && ip && state.sendBlockList?.check(ip, `ipv${socket.type.slice(-1)}`)) error = new ERR_IP_BLOCKED(ip);
  if (error) {
    if (callback) process.nextTick(callback, error);
    else process.nextTick(() => socket.emit('error', error));
    return;
  }
  if (!state.handle) return;
  const request = new SendWrap();
  if (callback) {
    request.oncomplete = (status, sent) => {
      if (status) callback(withHostPort(status, 'send', address, port));
      else callback(null, sent);
    };
  }
  const status = port ? state.handle.send(request, list, list.length, port, ip, Boolean(callback)) :
    state.handle.send(request, list, list.length, undefined, undefined, Boolean(callback));
  if (status && callback) process.nextTick(callback, withHostPort(status, 'send', address, port));
}

Socket.prototype.close = function (callback) {
  const state = this[kStateSymbol];
  if (typeof callback === 'function') this.on('close', callback);
  if (state.queue !== undefined) {
    state.queue.push(() => this.close());
    return this;
  }
  running(this);
  stopReceiving(this);
  state.handle.close();
  state.handle = null;
  process.nextTick(() => this.emit('close'));
  return this;
};

Socket.prototype[Symbol.asyncDispose] = async function () {
  if (!this[kStateSymbol].handle) return;
  await new Promise((resolve) => this.close(resolve));
};

function stopReceiving(socket) {
  const state = socket[kStateSymbol];
  if (!state.receiving) return;
  state.handle.recvStop();
  state.receiving = false;
}

Socket.prototype.address = function () {
  const out = {};
  const status = running(this).getsockname(out);
  if (status) throw errnoException(status, 'getsockname');
  return out;
};

Socket.prototype.remoteAddress = function () {
  const handle = running(this);
  if (this[kStateSymbol].connectState !== CONNECTED) throw new ERR_SOCKET_DGRAM_NOT_CONNECTED();
  const out = {};
  const status = handle.getpeername(out);
  if (status) throw errnoException(status, 'getpeername');
  return out;
};

addOptions(Socket.prototype, running);

Socket.prototype.ref = function () {
  this[kStateSymbol].handle?.ref();
  return this;
};

Socket.prototype.unref = function () {
  this[kStateSymbol].handle?.unref();
  return this;
};

module.exports = { createSocket, Socket, _createSocketHandle };

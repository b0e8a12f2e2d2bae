'use strict';

// net.Server.

const EventEmitter = require('events');
const diagnostics = require('internal/diagnostics');
const { codes } = require('internal/errors');
const { isPipeName, normalizeArgs, toNumber } = require('internal/net');
const { Socket, checkBlockList, kSetKeepAlive, kSetKeepAliveDelay, kSetNoDelay } = require('internal/net_socket');
const { uvWithHostPort, withHostPort } = require('internal/socket_errors');
const { Pipe, TCP, constants } = require('internal/stream_handle');
const { errnoException, errnoOf } = require('internal/system_errors');
const { validateAbortSignal, validateFunction, validateNumber, validatePort } = require('internal/validators');

const binding = internalBinding('net');

const { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_SERVER_ALREADY_LISTEN, ERR_SERVER_NOT_RUNNING } = codes;

// DEFAULT_BACKLOG is the default number of connections that wait to be accepted.
const DEFAULT_BACKLOG = 511;

function Server(options, connectionListener) {
  if (!(this instanceof Server)) return new Server(options, connectionListener);
  EventEmitter.call(this);
  if (typeof options === 'function') {
    connectionListener = options;
    options = {};
    this.on('connection', connectionListener);
  } else if (options == null || typeof options === 'object') {
    options = { ...options };
    if (typeof connectionListener === 'function') this.on('connection', connectionListener);
  } else {
    throw new ERR_INVALID_ARG_TYPE('options', 'Object', options);
  }
  if (options.keepAliveInitialDelay !== undefined) {
    validateNumber(options.keepAliveInitialDelay, 'options.keepAliveInitialDelay');
    if (options.keepAliveInitialDelay < 0) options.keepAliveInitialDelay = 0;
  }
  if (options.highWaterMark !== undefined) validateNumber(options.highWaterMark, 'options.highWaterMark');
  this._connections = 0;
  this._handle = null;
  this._usingWorkers = false;
  this._workers = [];
  this._unref = false;
  this._listeningId = 1;
  this.allowHalfOpen = options.allowHalfOpen || false;
  this.pauseOnConnect = Boolean(options.pauseOnConnect);
  this.noDelay = Boolean(options.noDelay);
  this.keepAlive = Boolean(options.keepAlive);
  this.keepAliveInitialDelay = ~~((options.keepAliveInitialDelay ?? 0) / 1000);
  this.highWaterMark = options.highWaterMark ?? require('stream').getDefaultHighWaterMark();
  if (options.blockList !== undefined) this.blockList = checkBlockList(options.blockList);
}
Object.setPrototypeOf(Server.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Server, EventEmitter);

// createServerHandle returns a handle that is bound, or a negative number.
function createServerHandle(address, port, family, fd, flags) {
  let handle;
  let status;
  if (typeof fd === 'number' && fd >= 0) {
    const kind = binding.kindOf(fd);
    if (kind !== 'PIPE' && kind !== 'TCP') return errnoOf('EINVAL');
    handle = new (kind === 'PIPE' ? Pipe : TCP)(constants.SERVER);
    status = handle.adopt(fd);
  } else if (port === -1 && family === -1) {
    handle = new Pipe(constants.SERVER);
    status = handle.bind(address);
  } else {
    handle = new TCP(constants.SERVER);
    if (address) {
      status = family === 6 ? handle.bind6(address, port, flags) : handle.bind(address, port, flags);
    } else {
      status = handle.bind6('::', port, flags);
      if (status) return createServerHandle('0.0.0.0', port, 4, undefined, flags);
    }
  }
  return status ? status : handle;
}

// createAnyHandle returns a handle bound to all addresses: of both families if there are both.
function createAnyHandle(server, port, fd, flags) {
  const handle = createServerHandle('::', port, 6, fd, flags);
  if (typeof handle !== 'number') {
    server._address = '::';
    return [handle, '::', 6];
  }
  return [createServerHandle('0.0.0.0', port, 4, fd, flags), '0.0.0.0', 4];
}

function publishFailure(server, error) {
  if (diagnostics.active !== undefined) diagnostics.publish('tracing:net.server.listen:error', { server, error });
}

// failNow emits the error of listen, failSoon does so on the next tick.
function failNow(server, error) {
  publishFailure(server, error);
  server.emit('error', error);
}

function failSoon(server, error) {
  publishFailure(server, error);
  process.nextTick(() => server.emit('error', error));
}

function setupListenHandle(address, port, family, backlog, fd, flags) {
  if (!this._handle) {
    let handle;
    if (!address && typeof fd !== 'number') [handle, address, family] = createAnyHandle(this, port, fd, flags);
    else handle = createServerHandle(address, port, family, fd, flags);
    if (typeof handle === 'number') {
      failSoon(this, uvWithHostPort(handle, 'listen', address, port));
      return;
    }
    this._handle = handle;
  }
  this._handle.onconnection = onConnection;
  this._handle.owner = this;
  const status = this._handle.listen(backlog || DEFAULT_BACKLOG);
  if (status) {
    this._handle.close();
    this._handle = null;
    failSoon(this, uvWithHostPort(status, 'listen', address, port));
    return;
  }
  this._connectionKey = `${family}:${address}:${port}`;
  if (this._unref) this.unref();
  process.nextTick(emitListening, this);
}

function emitListening(server) {
  if (!server._handle) return;
  if (diagnostics.active !== undefined) diagnostics.publish('tracing:net.server.listen:asyncEnd', { server });
  server.emit('listening');
}

Server.prototype._listen2 = setupListenHandle;

function addressesOf(handle) {
  const local = {};
  const remote = {};
  handle.getsockname?.(local);
  handle.getpeername?.(remote);
  return {
    localAddress: local.address, localPort: local.port, localFamily: local.family,
    remoteAddress: remote.address, remotePort: remote.port, remoteFamily: remote.family,
  };
}

// onConnection is called by the server's handle, or by the one that cluster has put in its place.
function onConnection(status, handle) {
  const self = this.owner;
  if (status) {
    self.emit('error', errnoException(status, 'accept'));
    return;
  }
  if (self.maxConnections != null && self._connections >= self.maxConnections) {
    const dropped = addressesOf(handle);
    handle.close();
    self.emit('drop', dropped);
    return;
  }
  if (self.blockList) {
    const { remoteAddress, remoteFamily } = addressesOf(handle);
    if (remoteAddress && self.blockList.check(remoteAddress, remoteFamily?.toLowerCase() ?? 'ipv4')) {
      handle.close();
      return;
    }
  }
  const socket = new Socket({
    handle, allowHalfOpen: self.allowHalfOpen, pauseOnCreate: self.pauseOnConnect, readable: true, writable: true,
    readableHighWaterMark: self.highWaterMark, writableHighWaterMark: self.highWaterMark,
  });
  if (self.noDelay && handle.setNoDelay) {
    socket[kSetNoDelay] = true;
    handle.setNoDelay(true);
  }
  if (self.keepAlive && handle.setKeepAlive) {
    socket[kSetKeepAlive] = true;
    socket[kSetKeepAliveDelay] = self.keepAliveInitialDelay;
    handle.setKeepAlive(true, self.keepAliveInitialDelay);
  }
  self._connections++;
  socket.server = self;
  socket._server = self;
  if (diagnostics.active !== undefined) diagnostics.publish('net.server.socket', { socket });
  self.emit('connection', socket);
}

let cluster;

// listenInCluster listens, unless this is a worker of a cluster: then its primary process does.
function listenInCluster(server, address, port, family, backlog, fd, exclusive, flags = 0, options = undefined) {
  if (cluster === undefined) {
    cluster = internalBinding('host').hasLibrary('cluster') ? require('cluster') : { isPrimary: true };
  }
  if (cluster.isPrimary || exclusive) {
    server._listen2(address, port, family, backlog, fd, flags);
    return;
  }
  const query = { address, port, addressType: family, fd, flags, backlog, ...options };
  const id = server._listeningId;
  cluster._getServer(server, query, (status, handle) => {
    if (id !== server._listeningId || server._handle) { // It was closed meanwhile, or listen was called twice.
      handle?.close();
      return;
    }
    if (!status && port > 0 && handle?.getsockname) {
      const out = {};
      if (handle.getsockname(out) === 0 && port !== out.port) status = errnoOf('EADDRINUSE');
    }
    if (status) {
      failNow(server, withHostPort(status, 'bind', address, port));
      return;
    }
    server._handle = handle;
    server._listen2(address, port, family, backlog, fd, flags);
  });
}

function flagsOf(options) {
  return (options.ipv6Only === true ? constants.UV_TCP_IPV6ONLY :
    0) | (options.reusePort === true ? constants.UV_TCP_REUSEPORT : 0);
}

function closeBy(server, signal) {
  if (signal === undefined) return;
  validateAbortSignal(signal, 'options.signal');
  const abort = () => server.close();
  if (signal.aborted) {
    process.nextTick(abort);
    return;
  }
  const listener = require('events').addAbortListener(signal, abort);
  server.once('close', () => listener[Symbol.dispose]());
}

Server.prototype.listen = function (...args) {
  let [options, callback] = normalizeArgs(args);
  if (this._handle) throw new ERR_SERVER_ALREADY_LISTEN();
  if (callback !== null) {
    validateFunction(callback, 'callback');
    this.once('listening', callback);
  }
  const fromArgs = toNumber(args.length > 1 && args[1]) || toNumber(args.length > 2 && args[2]);
  if (diagnostics.active !== undefined) {
    diagnostics.publish('tracing:net.server.listen:asyncStart', { server: this, options });
  }
  options = options._handle || options.handle || options;
  if (typeof options.listen === 'function' && typeof options.close === 'function' && 'onconnection' in options) {
    this._handle = options;
    this._listeningId++;
    listenInCluster(this, null, -1, -1, fromArgs, undefined, true);
    return this;
  }
  const flags = flagsOf(options);
  closeBy(this, options.signal);
  if (typeof options.fd === 'number' && options.fd >= 0) {
    listenInCluster(this, null, null, null, fromArgs, options.fd);
    return this;
  }
  if (args.length === 0 || typeof args[0] === 'function' || (options.port === undefined && 'port' in options) ||
    options.port === null) {
    options.port = 0;
  }
  const backlog = options.backlog || fromArgs;
  if (typeof options.port === 'number' || typeof options.port === 'string') {
    validatePort(options.port, 'options.port');
    const exclusive = options.exclusive || options.reusePort === true;
    if (options.host) lookupAndListen(this, options.port | 0, options.host, backlog, exclusive, flags);
    else listenInCluster(this, null, options.port | 0, 4, backlog, undefined, exclusive, flags);
    return this;
  }
  if (options.path && isPipeName(options.path)) {
    if (options.path[0] === '\0' && (options.readableAll || options.writableAll)) {
      throw new ERR_INVALID_ARG_VALUE('options', options,
        'can not set readableAll or writableAllt to true when path is abstract unix socket');
    }
    this._pipeName = options.path;
    listenInCluster(this, options.path, -1, -1, backlog, undefined, options.exclusive);
    if (!this._handle) return this;
    openToAll(this, options);
    return this;
  }
  if (!('port' in options || 'path' in options)) {
    throw new ERR_INVALID_ARG_VALUE('options', options, 'must have the property "port" or "path"');
  }
  throw new ERR_INVALID_ARG_VALUE('options', options);
};

// openToAll lets other users connect to a Unix socket.
function openToAll(server, { path, readableAll, writableAll }) {
  if (!readableAll && !writableAll) return;
  const status = binding.openToAll(path, Boolean(readableAll), Boolean(writableAll));
  if (status === 0) return;
  server._handle.close();
  server._handle = null;
  throw errnoException(status, 'uv_pipe_chmod');
}

// isLinkLocal reports whether an address needs the interface that it belongs to.
function isLinkLocal({ address, family }) {
  return family === 6 && /^fe[89ab][0-9a-f]:/i.test(address);
}

function lookupAndListen(server, port, host, backlog, exclusive, flags) {
  const id = server._listeningId;
  require('dns').lookup(host, { all: true }, (error, addresses) => {
    if (id !== server._listeningId) return;
    if (error) {
      failNow(server, error);
      return;
    }
    const { address, family } = addresses.find((one) => !isLinkLocal(one)) ?? addresses[0];
    listenInCluster(server, address, port, address ? family : 4, backlog, undefined, exclusive, flags);
  });
}

Object.defineProperty(Server.prototype, 'listening', {
  get() { return Boolean(this._handle); }, configurable: true, enumerable: true,
});

Server.prototype.address = function () {
  if (this._handle?.getsockname) {
    if (this._pipeName) return this._pipeName;
    const out = {};
    const status = this._handle.getsockname(out);
    if (status) throw errnoException(status, 'address');
    return out;
  }
  return this._pipeName ?? null;
};

Server.prototype.getConnections = function (callback) {
  const self = this;
  function end(error, n) {
    process.nextTick(callback, error, n);
    return self;
  }
  if (this._workers.length === 0) return end(null, this._connections);
  let left = this._workers.length;
  let total = this._connections;
  function one(error, n) {
    if (error) {
      left = -1;
      return end(error);
    }
    total += n;
    if (--left === 0) return end(null, total);
    return undefined;
  }
  for (const worker of this._workers) worker.getConnections(one);
  return this;
};

Server.prototype.close = function (callback) {
  this._listeningId++;
  if (typeof callback === 'function') {
    if (this._handle) this.once('close', callback);
    else this.once('close', () => callback(new ERR_SERVER_NOT_RUNNING()));
  }
  if (this._handle) {
    this._handle.close();
    this._handle = null;
  }
  if (this._workers.length > 0) {
    let left = this._workers.length;
    const closed = () => {
      if (--left === 0) {
        this._connections--;
        this._emitCloseIfDrained();
      }
    };
    this._connections++; // close must wait for the workers' connections.
    for (const worker of this._workers) worker.close(closed);
  } else {
    this._emitCloseIfDrained();
  }
  return this;
};

Server.prototype[Symbol.asyncDispose] = async function () {
  if (!this._handle) return;
  await new Promise((resolve, reject) => this.close((error) => (error ? reject(error) : resolve())));
};

Server.prototype._emitCloseIfDrained = function () {
  if (this._handle || this._connections) return;
  process.nextTick(() => this.emit('close'));
};

Server.prototype[EventEmitter.captureRejectionSymbol] = function (error, event, socket) {
  if (event === 'connection') socket.destroy(error);
  else this.emit('error', error);
};

Server.prototype._setupWorker = function (sockets) {
  this._usingWorkers = true;
  this._workers.push(sockets);
  sockets.once('exit', () => {
    this._workers.splice(this._workers.indexOf(sockets), 1);
  });
};

Server.prototype.ref = function () {
  this._unref = false;
  this._handle?.ref?.();
  return this;
};

Server.prototype.unref = function () {
  this._unref = true;
  this._handle?.unref?.();
  return this;
};

module.exports = { Server, createServerHandle };

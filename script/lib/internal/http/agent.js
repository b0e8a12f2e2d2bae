'use strict';

// Agent keeps the connections of a client, and lends each to one request at a time.

const EventEmitter = require('events');
const net = require('net');
const { validateNumber, validateOneOf } = require('internal/validators');

const kRequestOptions = Symbol('requestOptions');

function Agent(options) {
  if (!(this instanceof Agent)) return new Agent(options);
  EventEmitter.call(this);
  this.options = { __proto__: null, noDelay: true, ...options };
  this.options.path = null; // net would take it for the path of a Unix socket.
  this.requests = { __proto__: null };
  this.sockets = { __proto__: null };
  this.freeSockets = { __proto__: null };
  this.keepAliveMsecs = this.options.keepAliveMsecs || 1000;
  this.keepAlive = this.options.keepAlive || false;
  this.maxSockets = this.options.maxSockets || Agent.defaultMaxSockets;
  this.maxFreeSockets = this.options.maxFreeSockets || 256;
  this.scheduling = this.options.scheduling || 'lifo';
  this.maxTotalSockets = this.options.maxTotalSockets;
  this.totalSocketCount = 0;
  const { agentKeepAliveTimeoutBuffer: buffer } = this.options;
  this.agentKeepAliveTimeoutBuffer = Number.isFinite(buffer) && buffer >= 0 ? buffer : 1000;
  this.defaultPort = this.options.defaultPort || 80;
  this.protocol = this.options.protocol || 'http:';
  validateOneOf(this.scheduling, 'scheduling', ['fifo', 'lifo']);
  if (this.maxTotalSockets === undefined) this.maxTotalSockets = Infinity;
  else validateNumber(this.maxTotalSockets, 'maxTotalSockets', 1);
  this.on('free', onFree);
}
Object.setPrototypeOf(Agent.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Agent, EventEmitter);

Agent.defaultMaxSockets = Infinity;
Agent.prototype.createConnection = function createConnection(...args) { return net.createConnection(...args); };

// onFree gives a connection to the next request, or keeps it. this is the agent.
function onFree(socket, options) {
  const name = this.getName(options);
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const requests = this.requests[name];
  if (requests?.length > 0) {
    const req = requests.shift();
    if (requests.length === 0) delete this.requests[name];
    setRequestSocket(this, req, socket);
    return;
  }
  const req = socket._httpMessage;
  const free = this.freeSockets[name] ?? [];
  if (!req?.shouldKeepAlive || !this.keepAlive || this.totalSocketCount > this.maxTotalSockets ||
    free.length >= this.maxFreeSockets ||
      free.length + (this.sockets[name]?.length ?? 0) > this.maxSockets || !this.keepSocketAlive(socket)) {
    socket.destroy();
    return;
  }
  this.freeSockets[name] = free;
  socket._httpMessage = null;
  this.removeSocket(socket, options);
  socket.once('error', onFreeSocketError);
  free.push(socket);
}

// A listener of an unused socket. this is the socket.
function onFreeSocketError() {
  this.destroy();
  this.emit('agentRemove');
}

Agent.prototype.getName = function getName(options = {}) {
  let name = `${options.host || 'localhost'}:${options.port || ''}:${options.localAddress || ''}`;
  if (options.family === 4 || options.family === 6) name += `:${options.family}`;
  if (options.socketPath) name += `:${options.socketPath}`;
  return name;
};

Agent.prototype.addRequest = function addRequest(req, options, port, localAddress) {
  if (typeof options === 'string') options = { __proto__: null, host: options, port, localAddress };
  options = { __proto__: null, ...options, ...this.options };
  if (options.socketPath) options.path = options.socketPath;
  const name = this.getName(options);
  const sockets = this.sockets[name] ??= [];
  const free = this.freeSockets[name];
  let socket;
  if (free) {
    while (free.length > 0 && free[0].destroyed) free.shift();
    socket = this.scheduling === 'fifo' ? free.shift() : free.pop();
    if (free.length === 0) delete this.freeSockets[name];
  }
  if (socket) {
    this.reuseSocket(socket, req);
    setRequestSocket(this, req, socket);
    sockets.push(socket);
  } else if ((free?.length ?? 0) + sockets.length < this.maxSockets && this.totalSocketCount < this.maxTotalSockets) {
    this.createSocket(req, options, (error, made) => {
      if (error) req.onSocket(made, error);
      else setRequestSocket(this, req, made);
    });
  } else {
    req[kRequestOptions] = options;
    (this.requests[name] ??= []).push(req);
  }
};

Agent.prototype.createSocket = function createSocket(req, options, callback) {
  options = { __proto__: null, ...options, ...this.options };
  if (options.socketPath) options.path = options.socketPath;
  const name = this.getName(options);
  options._agentKey = name;
  options.encoding = null;
  if (this.keepAlive) {
    options.keepAlive = this.keepAlive;
    options.keepAliveInitialDelay = this.keepAliveMsecs;
  }
  let called = false;
  const created = (error, socket) => {
    if (called) return;
    called = true;
    if (error) {
      callback(error);
      return;
    }
    (this.sockets[name] ??= []).push(socket);
    this.totalSocketCount++;
    installListeners(this, socket, options);
    callback(null, socket);
  };
  const socket = this.createConnection(options, created);
  if (socket) created(null, socket);
};

function installListeners(agent, socket, options) {
  const listeners = {
    free: () => agent.emit('free', socket, options),
    close() {
      agent.totalSocketCount--;
      agent.removeSocket(socket, options);
    },
    timeout() {
      for (const list of Object.values(agent.freeSockets)) {
        if (list.includes(socket)) socket.destroy();
      }
    },
    agentRemove() {
      for (const [event, listener] of Object.entries(listeners)) socket.removeListener(event, listener);
      agent.totalSocketCount--;
      agent.removeSocket(socket, options);
    },
  };
  for (const [event, listener] of Object.entries(listeners)) socket.on(event, listener);
}

// waiting returns a request that waits for a connection: of this name, or of any whose requests no connection serves.
function waiting(agent, name, options) {
  if (agent.requests[name]?.length > 0) return [agent.requests[name][0], options];
  for (const other of Object.keys(agent.requests)) {
    if (agent.sockets[other]?.length > 0) break; // One of these will be free.
    const [req] = agent.requests[other];
    return [req, req[kRequestOptions]];
  }
  return [];
}

Agent.prototype.removeSocket = function removeSocket(socket, options) {
  const name = this.getName(options);
  for (const lists of socket.writable ? [this.sockets] : [this.sockets, this.freeSockets]) {
    const list = lists[name];
    const i = list?.indexOf(socket) ?? -1;
    if (i < 0) continue;
    list.splice(i, 1);
    if (list.length === 0) delete lists[name];
  }
  const [req, itsOptions] = waiting(this, name, options);
  if (!req || !itsOptions) return;
  req[kRequestOptions] = undefined;
  this.createSocket(req, itsOptions, (error, made) => {
    if (error) req.onSocket(made, error);
    else made.emit('free');
  });
};

// keepSocketAlive makes an idle connection not keep the program running, and closes it before the server does. It
// returns false if the connection is not worth keeping.
Agent.prototype.keepSocketAlive = function keepSocketAlive(socket) {
  socket.setKeepAlive(true, this.keepAliveMsecs);
  socket.unref();
  let timeout = this.options.timeout || 0;
  const hint = /^timeout=(\d+)/.exec(socket._httpMessage?.res?.headers['keep-alive'])?.[1];
  if (hint) {
    const left = parseInt(hint, 10) * 1000 - this.agentKeepAliveTimeoutBuffer;
    if (left <= 0) return false;
    if (left < timeout) timeout = left;
  }
  if (socket.timeout !== timeout) socket.setTimeout(timeout);
  return true;
};

Agent.prototype.reuseSocket = function reuseSocket(socket, req) {
  req.reusedSocket = true;
  socket.removeListener('error', onFreeSocketError);
  socket.ref();
};

Agent.prototype.destroy = function destroy() {
  for (const lists of [this.freeSockets, this.sockets]) {
    for (const name of Object.keys(lists)) {
      for (const socket of [...lists[name]]) socket.destroy();
    }
  }
};

function setRequestSocket(agent, req, socket) {
  req.onSocket(socket);
  const timeout = agent.options.timeout || 0;
  if (req.timeout === undefined || req.timeout === timeout) return;
  socket.setTimeout(req.timeout);
}

module.exports = { Agent, globalAgent: new Agent({ keepAlive: true, scheduling: 'lifo', timeout: 5000 }) };

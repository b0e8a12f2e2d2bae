'use strict';

// Agent keeps the connections of a client, and lends each to one request at a time.

const EventEmitter = require('events');
const net = require('net');

function Agent(options) {
  if (!(this instanceof Agent)) return new Agent(options);
  EventEmitter.call(this);
  this.options = { __proto__: null, noDelay: true, path: null, ...options };
  this.requests = { __proto__: null };
  this.sockets = { __proto__: null };
  this.freeSockets = { __proto__: null };
  this.keepAlive = this.options.keepAlive || false;
  this.keepAliveMsecs = this.options.keepAliveMsecs || 1000;
  this.maxSockets = this.options.maxSockets || Infinity;
  this.maxFreeSockets = this.options.maxFreeSockets || 256;
  this.maxTotalSockets = this.options.maxTotalSockets || Infinity;
  this.totalSocketCount = 0;
  this.scheduling = this.options.scheduling || 'lifo';
}
Object.setPrototypeOf(Agent.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Agent, EventEmitter);

Agent.defaultMaxSockets = Infinity;
Agent.prototype.defaultPort = 80;
Agent.prototype.protocol = 'http:';
Agent.prototype.createConnection = net.createConnection;

Agent.prototype.getName = function (options = {}) {
  let name = `${options.host || 'localhost'}:${options.port || ''}:${options.localAddress || ''}`;
  if (options.family === 4 || options.family === 6) name += `:${options.family}`;
  if (options.socketPath) name += `:${options.socketPath}`;
  return name;
};

function remove(lists, name, one) {
  const list = lists[name];
  const i = list?.indexOf(one) ?? -1;
  if (i < 0) return false;
  list.splice(i, 1);
  if (list.length === 0) delete lists[name];
  return true;
}

Agent.prototype.addRequest = function (req, options) {
  options = { __proto__: null, ...options, ...this.options };
  if (options.socketPath) options.path = options.socketPath;
  const name = this.getName(options);
  const free = this.freeSockets[name];
  while (free?.length > 0) {
    const socket = this.scheduling === 'fifo' ? free.shift() : free.pop();
    if (free.length === 0) delete this.freeSockets[name];
    if (socket.destroyed || !socket.writable) continue;
    (this.sockets[name] ??= []).push(socket);
    req.reusedSocket = true;
    this.reuseSocket(socket, req);
    req.onSocket(socket);
    return;
  }
  if ((this.sockets[name]?.length ?? 0) < this.maxSockets && this.totalSocketCount < this.maxTotalSockets) {
    connect(this, req, options, name);
    return;
  }
  req._agentOptions = options;
  (this.requests[name] ??= []).push(req);
};

function connect(agent, req, options, name) {
  const socket = agent.createConnection({ ...options, timeout: undefined });
  (agent.sockets[name] ??= []).push(socket);
  agent.totalSocketCount++;
  socket._agentName = name;
  socket.on('free', () => onFree(agent, socket, name, options));
  socket.on('close', () => onClose(agent, socket, name));
  socket.on('timeout', () => { // That of a request is the request's.
    if (agent.freeSockets[name]?.includes(socket)) socket.destroy();
  });
  socket.on('agentRemove', () => onClose(agent, socket, name));
  req.onSocket(socket);
}

function next(agent, name) {
  const list = agent.requests[name];
  if (list === undefined) return undefined;
  const req = list.shift();
  if (list.length === 0) delete agent.requests[name];
  return req.destroyed ? next(agent, name) : req;
}

function onFree(agent, socket, name) {
  if (socket.destroyed || !socket.writable) return;
  const req = next(agent, name);
  if (req !== undefined) {
    req.reusedSocket = true;
    agent.reuseSocket(socket, req);
    req.onSocket(socket);
    return;
  }
  if (!agent.keepAlive || (agent.freeSockets[name]?.length ?? 0) >= agent.maxFreeSockets || agent.keepSocketAlive(socket) === false) {
    socket.destroy();
    return;
  }
  remove(agent.sockets, name, socket);
  (agent.freeSockets[name] ??= []).push(socket);
  agent.emit('free', socket, agent.options);
}

function onClose(agent, socket, name) {
  const had = remove(agent.sockets, name, socket);
  if (!remove(agent.freeSockets, name, socket) && !had) return;
  agent.totalSocketCount--;
  const req = next(agent, name);
  if (req !== undefined) connect(agent, req, req._agentOptions, name);
}

// keepSocketAlive has an idle connection not keep the program running.
Agent.prototype.keepSocketAlive = function (socket) {
  socket.setKeepAlive(true, this.keepAliveMsecs);
  socket.unref();
  const { timeout } = this.options;
  if (timeout) socket.setTimeout(timeout);
  return true;
};

Agent.prototype.reuseSocket = function (socket) {
  socket.ref();
};

Agent.prototype.destroy = function () {
  for (const lists of [this.freeSockets, this.sockets]) {
    for (const name of Object.keys(lists)) {
      for (const socket of [...lists[name]]) socket.destroy();
    }
  }
};

// Idle connections are closed before servers, which wait for five seconds, do.
const IDLE_TIMEOUT = 4000;

module.exports = { Agent, globalAgent: new Agent({ keepAlive: true, scheduling: 'lifo', timeout: IDLE_TIMEOUT }) };

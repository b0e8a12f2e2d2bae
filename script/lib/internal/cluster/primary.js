'use strict';

// The primary process of a cluster: it starts the workers and has their servers.

const EventEmitter = require('events');
const { fork } = require('child_process');
const { handler, send: sendTo } = require('internal/cluster/messages');
const Worker = require('internal/cluster/worker');

const cluster = new EventEmitter();
const intercom = new EventEmitter(); // emits disconnect when there is no worker left
const handles = new Map(); // handles that workers share, by key
const [SCHED_NONE, SCHED_RR] = [1, 2];
let ids = 0;
let initialized = false;
let schedulingPolicy; // as it was when the first worker was started

function policyOf(name) {
  if (name === 'none') return SCHED_NONE;
  return SCHED_RR;
}

Object.assign(cluster, {
  isWorker: false,
  isMaster: true,
  isPrimary: true,
  Worker,
  workers: {},
  settings: {},
  SCHED_NONE,
  SCHED_RR,
  schedulingPolicy: policyOf(process.env.NODE_CLUSTER_SCHED_POLICY),
});

cluster.setupPrimary = function setupPrimary(options) {
  const settings = {
    args: process.argv.slice(2), exec: process.argv[1], execArgv: process.execArgv, silent: false,
    ...cluster.settings, ...options,
  };
  cluster.settings = settings;
  process.nextTick(() => cluster.emit('setup', settings));
  if (initialized) return;
  initialized = true;
  schedulingPolicy = cluster.schedulingPolicy;
  if (schedulingPolicy !== SCHED_NONE && schedulingPolicy !== SCHED_RR) {
    require('assert').fail(`Bad cluster.schedulingPolicy: ${schedulingPolicy}`);
  }
};

cluster.setupMaster = cluster.setupPrimary;

function createWorkerProcess(id, env) {
  const { args, cwd, exec, execArgv, gid, serialization, silent, stdio, uid, windowsHide } = cluster.settings;
  return fork(exec, args, {
    cwd, env: { ...process.env, ...env, NODE_UNIQUE_ID: `${id}` }, serialization, silent, windowsHide,
    execArgv: [...execArgv], stdio, gid, uid,
  });
}

function removeWorker(worker) {
  delete cluster.workers[worker.id];
  if (Object.keys(cluster.workers).length === 0) intercom.emit('disconnect');
}

function removeHandlesOf(worker) {
  for (const [key, handle] of handles) {
    if (handle.remove(worker)) handles.delete(key);
  }
}

cluster.fork = function (env) {
  cluster.setupPrimary();
  const id = ++ids;
  const worker = new Worker({ id, process: createWorkerProcess(id, env) });
  worker.on('message', function (message, handle) {
    cluster.emit('message', this, message, handle);
  });
  worker.process.once('exit', (exitCode, signalCode) => {
    if (!worker.isConnected()) { // Otherwise its messages are still to come.
      removeHandlesOf(worker);
      removeWorker(worker);
    }
    worker.exitedAfterDisconnect = Boolean(worker.exitedAfterDisconnect);
    worker.state = 'dead';
    worker.emit('exit', exitCode, signalCode);
    cluster.emit('exit', worker, exitCode, signalCode);
  });
  worker.process.once('disconnect', () => {
    worker.exitedAfterDisconnect = Boolean(worker.exitedAfterDisconnect);
    removeHandlesOf(worker);
    if (worker.isDead()) removeWorker(worker);
    worker.state = 'disconnected';
    worker.emit('disconnect');
    cluster.emit('disconnect', worker);
  });
  worker.process.on('internalMessage', handler(worker, onMessage));
  process.nextTick(() => cluster.emit('fork', worker));
  cluster.workers[worker.id] = worker;
  return worker;
};

cluster.disconnect = function (callback) {
  const workers = Object.values(cluster.workers);
  if (workers.length === 0) process.nextTick(() => intercom.emit('disconnect'));
  for (const worker of workers) {
    if (worker.isConnected()) worker.disconnect();
  }
  if (typeof callback === 'function') intercom.once('disconnect', callback);
};

function send(worker, message, handle, answered) {
  return sendTo(worker.process, message, handle, answered);
}

function onMessage(message) {
  switch (message.act) {
    case 'online':
      this.state = 'online';
      this.emit('online');
      cluster.emit('online', this);
      break;
    case 'queryServer':
      queryServer(this, message);
      break;
    case 'listening':
      listening(this, message);
      break;
    case 'exitedAfterDisconnect':
      this.exitedAfterDisconnect = true;
      send(this, { ack: message.seq });
      break;
    case 'close':
      if (handles.get(message.key)?.remove(this)) handles.delete(message.key);
  }
}

function queryServer(worker, message) {
  if (worker.exitedAfterDisconnect) return;
  let key = `${message.address}:${message.port}:${message.addressType}:${message.fd}`;
  if (message.port === 0) key += `:${message.index}`; // Each is another port, the same for all workers.
  const known = handles.get(key);
  let handle = known;
  if (known === undefined || known.has(worker)) { // If it has the address already, this one will fail.
    // A datagram socket has no connections to assign to workers.
    const isDatagram = message.addressType === 'udp4' || message.addressType === 'udp6';
    const Handle = schedulingPolicy !== SCHED_RR || isDatagram ? require('internal/cluster/shared_handle') :
      require('internal/cluster/round_robin_handle');
    handle = new Handle(key, shortest(message), message);
    if (known === undefined) handles.set(key, handle);
  }
  handle.data ||= message.data;
  handle.add(worker, (errno, reply, shared) => {
    const { data } = handle;
    if (errno && handles.get(key) === handle) handles.delete(key); // Others may try again.
    send(worker, { errno, key, ack: message.seq, data, ...reply }, shared);
  });
}

// shortest returns the shorter form of a path: the path of a Unix socket may have about 100 bytes.
function shortest({ address, port }) {
  if (port >= 0 || typeof address !== 'string') return address;
  const relative = require('path').relative(process.cwd(), address);
  return relative.length < address.length ? relative : address;
}

function listening(worker, { addressType, address, port, fd }) {
  const info = { addressType, address, port, fd };
  worker.state = 'listening';
  worker.emit('listening', info);
  cluster.emit('listening', worker, info);
}

Worker.prototype.disconnect = function () {
  this.exitedAfterDisconnect = true;
  send(this, { act: 'disconnect' });
  removeHandlesOf(this);
  removeWorker(this);
  return this;
};

Worker.prototype.destroy = function (signal) {
  this.process.kill(signal || 'SIGTERM');
};

module.exports = cluster;

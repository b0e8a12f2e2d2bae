'use strict';

// A worker of a cluster: its servers belong to the primary process.

const EventEmitter = require('events');
const { handler, send: sendTo } = require('internal/cluster/messages');
const Worker = require('internal/cluster/worker');

const cluster = new EventEmitter();
const handles = new Map(); // of servers, by their keys
const indexes = new Map(); // of servers that listen on the same address
const LONGEST = 2 ** 31 - 1; // milliseconds of a timer

Object.assign(cluster, { isWorker: true, isMaster: false, isPrimary: false, worker: null, Worker });

cluster._setupWorker = function () {
  const worker = new Worker({ id: +process.env.NODE_UNIQUE_ID | 0, process, state: 'online' });
  cluster.worker = worker;
  process.once('disconnect', () => {
    process.channel = null;
    worker.emit('disconnect');
    if (!worker.exitedAfterDisconnect) process.exit(0); // The primary has exited.
  });
  process.on('internalMessage', handler(worker, (message, handle) => {
    if (message.act === 'newconn') onConnection(message, handle);
    else if (message.act === 'disconnect') disconnect(worker, true);
  }));
  send({ act: 'online' });
};

function send(message, answered) {
  return sendTo(process, message, null, answered);
}

// _getServer asks the primary for a server when server listens, and calls back with an error number and a handle.
cluster._getServer = function (server, options, callback) {
  let { address } = options;
  if (options.port < 0 && typeof address === 'string') address = require('path').resolve(address);
  const place = [address, options.port, options.addressType, options.fd].join(':');
  let taken = indexes.get(place);
  if (taken === undefined) indexes.set(place, taken = { next: 0, set: new Set() });
  const index = taken.next++;
  taken.set.add(index);
  const message = { act: 'queryServer', index, data: null, ...options, address };
  if (server._getServerData) message.data = server._getServerData();
  send(message, (reply, handle) => {
    if (typeof server._setServerData === 'function') server._setServerData(reply.data);
    if (handle) shared(reply, handle, place, index, callback);
    else roundRobin(reply, place, index, callback);
  });
  server.once('listening', () => {
    if (!indexes.has(place)) return; // It was closed meanwhile.
    cluster.worker.state = 'listening';
    send({ ...message, act: 'listening', port: server.address()?.port || options.port });
  });
};

function free(place, index) {
  const taken = indexes.get(place);
  if (taken === undefined) return;
  taken.set.delete(index);
  if (taken.set.size === 0) indexes.delete(place);
}

// shared notifies the primary when its handle is closed here.
function shared({ errno, key }, handle, place, index, callback) {
  const { close } = handle;
  handle.close = function (...args) {
    send({ act: 'close', key });
    handles.delete(key);
    free(place, index);
    delete handle.close;
    return close.apply(handle, args);
  };
  handles.set(key, handle);
  callback(errno, handle);
}

// roundRobin gives a server a handle that gets its connections from the primary.
function roundRobin({ errno, key, sockname }, place, index, callback) {
  if (errno) {
    callback(errno, null);
    return;
  }
  let held = null; // a timer keeps the loop running in place of a socket
  let open = true;
  const handle = {
    listen: () => 0,
    ref() { held ??= setInterval(() => {}, LONGEST); },
    unref() {
      clearInterval(held);
      held = null;
    },
    close(done) {
      if (!open) return;
      open = false;
      this.unref();
      send({ act: 'close', key });
      handles.delete(key);
      free(place, index);
      if (typeof done === 'function') process.nextTick(done);
    },
  };
  if (sockname) {
    handle.getsockname = (out) => {
      if (open) Object.assign(out, sockname);
      return 0;
    };
  }
  handle.ref();
  handles.set(key, handle);
  callback(0, handle);
}

function onConnection({ key, seq }, handle) {
  const server = handles.get(key);
  let accepted = server !== undefined && handle !== undefined;
  const { owner } = server ?? {};
  const isFull = owner?.maxConnections != null && owner._connections >= owner.maxConnections;
  if (isFull && !owner.dropMaxConnection) accepted = false; // Otherwise the server takes it, and drops it.
  send({ ack: seq, accepted });
  if (accepted) server.onconnection(0, handle);
  else if (handle) require('internal/ipc_handles').giveUp(handle); // The primary has it as well.
}

function disconnect(worker, byPrimary) {
  worker.exitedAfterDisconnect = true;
  let waiting = 1;
  function closed() {
    if (--waiting > 0) return;
    if (byPrimary) process.disconnect();
    // The primary must know before the channel ends.
    else send({ act: 'exitedAfterDisconnect' }, () => process.disconnect());
  }
  for (const handle of handles.values()) {
    waiting++;
    if (handle.owner) handle.owner.close(closed);
    else handle.close(closed);
  }
  handles.clear();
  closed();
}

Worker.prototype.disconnect = function () {
  if (this.state !== 'disconnecting' && this.state !== 'destroying') {
    this.state = 'disconnecting';
    disconnect(this);
  }
  return this;
};

Worker.prototype.destroy = function () {
  if (this.state === 'destroying') return;
  this.exitedAfterDisconnect = true;
  if (!this.isConnected()) process.exit(0);
  this.state = 'destroying';
  send({ act: 'exitedAfterDisconnect' }, () => process.disconnect());
  process.once('disconnect', () => process.exit(0));
};

module.exports = cluster;

'use strict';

const { send: sendTo } = require('internal/cluster/messages');
const { giveUp } = require('internal/ipc_handles');
const { TCP, constants } = require('internal/stream_handle');

// RoundRobinHandle is a server of the primary process, which assigns each connection to the worker that has waited
// longest.
class RoundRobinHandle {
  constructor(key, address, { port, fd, flags, backlog, readableAll, writableAll }) {
    const net = require('net');
    this.key = key;
    this.all = new Map(); // workers that listen
    this.free = new Map(); // workers that wait for a connection
    this.handles = []; // connections that wait for a worker
    this.sent = new Map(); // the connection that a worker has not acknowledged
    this.handle = null;
    this.server = net.createServer();
    if (fd >= 0) this.server.listen({ fd, backlog });
    else if (port >= 0) this.server.listen({ port, host: address, ipv6Only: Boolean(flags & constants.UV_TCP_IPV6ONLY),
      backlog });
    else this.server.listen({ path: address, backlog, readableAll, writableAll });
    this.server.once('listening', () => {
      this.handle = this.server._handle;
      this.handle.onconnection = (status, handle) => this.distribute(status, handle);
      this.server._handle = null;
      this.server = null;
    });
  }

  add(worker, send) {
    this.all.set(worker.id, worker);
    const done = () => {
      if (this.handle instanceof TCP) {
        const sockname = {};
        this.handle.getsockname(sockname);
        send(null, { sockname }, null);
      } else {
        send(null, null, null);
      }
      this.handoff(worker);
    };
    if (this.server === null) {
      done();
      return;
    }
    this.server.once('listening', done);
    this.server.once('error', (error) => send(error.errno, null));
  }

  // remove returns whether that was the last of the workers.
  remove(worker) {
    if (!this.all.delete(worker.id)) return false;
    this.free.delete(worker.id);
    const sent = this.sent.get(worker.id);
    if (sent !== undefined && !worker.isConnected()) { // No worker will answer for it.
      this.sent.delete(worker.id);
      giveUp(sent);
    }
    if (this.all.size > 0) return false;
    for (const handle of this.handles) handle.close();
    this.handles = [];
    this.handle?.close();
    this.handle = null;
    return true;
  }

  has(worker) {
    return this.all.has(worker.id);
  }

  distribute(status, handle) {
    if (status !== 0) return;
    this.handles.push(handle);
    const [next] = this.free;
    if (next === undefined) return;
    this.free.delete(next[0]);
    this.handoff(next[1]);
  }

  // handoff assigns the next connection to a worker, or notes that it waits for one.
  handoff(worker) {
    if (!this.all.has(worker.id)) return;
    if (this.handles.length === 0) {
      this.free.set(worker.id, worker);
      return;
    }
    const handle = this.handles.shift();
    this.sent.set(worker.id, handle);
    const sent = sendTo(worker.process, { act: 'newconn', key: this.key }, handle, (reply) => {
      if (this.sent.get(worker.id) !== handle) return;
      this.sent.delete(worker.id);
      if (reply.accepted) giveUp(handle);
      else if (this.handle === null) handle.close();
      else this.distribute(0, handle); // The worker is shutting down.
      this.handoff(worker);
    });
    if (sent === false && !worker.isConnected()) {
      this.sent.delete(worker.id);
      this.distribute(0, handle);
    }
  }
}

module.exports = RoundRobinHandle;

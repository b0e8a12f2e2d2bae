'use strict';

// SharedHandle is a socket that all workers accept from, or receive from, by themselves.
class SharedHandle {
  constructor(key, address, { port, addressType, fd, flags }) {
    this.key = key;
    this.workers = new Map();
    this.handle = null;
    this.errno = 0;
    const make = addressType === 'udp4' || addressType === 'udp6' ? require('dgram')._createSocketHandle :
      require('net')._createServerHandle;
    const made = make(address, port, addressType, fd >= 0 ? fd : undefined, flags);
    if (typeof made === 'number') this.errno = made;
    else this.handle = made;
  }

  add(worker, send) {
    this.workers.set(worker.id, worker);
    send(this.errno, null, this.handle);
  }

  // remove returns whether that was the last of its workers.
  remove(worker) {
    if (!this.workers.delete(worker.id) || this.workers.size > 0) return false;
    this.handle?.close();
    this.handle = null;
    return true;
  }

  has(worker) {
    return this.workers.has(worker.id);
  }
}

module.exports = SharedHandle;

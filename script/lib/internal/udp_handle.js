'use strict';

// The handle of a UDP socket, with the methods of Node's that scripts and tests use: they return 0
// or a negative number.

const contexts = require('internal/context_hook');

const binding = internalBinding('udp');
const { sockname, peername } = internalBinding('net');

// The first argument of the function given to a native socket. Go has the same numbers in host/udp.go.
const [onMessage, onError, onSent] = [0, 1, 2];

const EBADF = -9;

class SendWrap {}

class UDP {
  #native;
  #sends = []; // requests without a result
  #closed = false;
  #refed = true;

  onmessage = null;

  constructor() {
    let tell = (...told) => this.#on(...told);
    if (contexts.create !== undefined) {
      contexts.create('UDPWRAP', this);
      tell = contexts.bind(tell, undefined, this);
    }
    this.#native = binding.create(tell);
  }

  #on(what, value, ...rest) {
    switch (what) {
      case onMessage: {
        const [address, family, port] = rest;
        const { FastBuffer } = require('internal/buffer');
        this.onmessage?.(value.length, this, new FastBuffer(value.buffer),
          { address, family, port, size: value.length });
        break;
      }
      case onError:
        this.onmessage?.(value, this, undefined, undefined);
        break;
      case onSent: {
        const request = this.#sends.shift();
        request.oncomplete?.(value, rest[0]);
        break;
      }
    }
  }

  get fd() { return this.#closed ? EBADF : this.#native.fd(); }

  bind(address, port, flags = 0) { return this.#native.bind(address, port, flags); }
  bind6(address, port, flags = 0) { return this.#native.bind(address, port, flags); }
  open(fd) { return this.#native.open(fd); }
  connect(address, port) { return this.#native.connect(address, port); }
  connect6(address, port) { return this.#native.connect(address, port); }
  disconnect() { return this.#native.disconnect(); }

  // send sends one datagram made of a list of pieces. request.oncomplete is called with a number and the number of
  // bytes.
  send(request, list, length, port, address) {
    const bytes = list.length === 1 ? list[0] : require('buffer').Buffer.concat(list);
    const status = this.#native.send(bytes, address ?? '', port ?? 0);
    if (status === 0) this.#sends.push(request);
    return status;
  }

  recvStart() { return this.#native.receive(true); }
  recvStop() { return this.#closed ? 0 : this.#native.receive(false); }

  setBroadcast(on) { return this.#native.setOption('broadcast', on ? 1 : 0); }
  setTTL(ttl) { return this.#native.setOption('ttl', ttl); }
  setMulticastTTL(ttl) { return this.#native.setOption('multicastTTL', ttl); }
  setMulticastLoopback(on) { return this.#native.setOption('multicastLoopback', on ? 1 : 0); }
  setMulticastInterface(address) { return this.#native.setMulticastInterface(address); }
  addMembership(group, on) { return this.#native.membership(group, on ?? '', true); }
  dropMembership(group, on) { return this.#native.membership(group, on ?? '', false); }
  addSourceSpecificMembership(source, group, on) {
    return this.#native.sourceMembership(source, group, on ?? '', true);
  }
  dropSourceSpecificMembership(source, group, on) {
    return this.#native.sourceMembership(source, group, on ?? '', false);
  }

  // bufferSize sets a size unless it is 0, and returns it. A failure is described in context.
  bufferSize(size, receive, context) {
    const result = this.#native.bufferSize(size, receive);
    if (result >= 0) return result;
    const [code, message] = require('internal/system_errors').names.get(result);
    Object.assign(context, { errno: result, code, message, syscall: `uv_${receive ? 'recv' : 'send'}_buffer_size` });
    return undefined;
  }

  getSendQueueSize() { return this.#native.queuedBytes(); }
  getSendQueueCount() { return this.#native.queuedCount(); }

  getsockname(out) { return this.#name(sockname, out); }
  getpeername(out) { return this.#name(peername, out); }

  #name(of, out) {
    const name = of(this.fd);
    if (typeof name === 'number') return name;
    Object.assign(out, name);
    return 0;
  }

  ref() {
    this.#refed = true;
    if (!this.#closed) this.#native.ref();
  }

  unref() {
    this.#refed = false;
    if (!this.#closed) this.#native.unref();
  }

  hasRef() { return this.#refed && !this.#closed; }

  close(done) {
    if (this.#closed) return;
    this.#closed = true;
    this.#native.close();
    if (contexts.destroyed !== undefined) contexts.destroyed(this);
    if (typeof done === 'function') setImmediate(() => done.call(this));
  }
}

const constants = { UV_UDP_IPV6ONLY: 1, UV_UDP_REUSEADDR: 4, UV_UDP_REUSEPORT: 8 };

module.exports = { SendWrap, UDP, constants };

'use strict';

// The _handle of a socket or a server. It has the methods of Node's handles that scripts and tests use: they return 0
// or a negative number, and report the result later. Descriptors and bytes are Go's.

const contexts = require('internal/context_hook');

const binding = internalBinding('net');

// The first argument of the function given to a native stream, and the results of write. Go has the same numbers in
// host/stream.go.
const [onData, onEnd, onError, onClose, onWritten, onShut] = [0, 1, 2, 3, 4, 5];
const TAKEN = 0;

const EBADF = -9;

function nothing() {}

// Handle is a stream of bytes, a listening server, or neither yet.
class Handle {
  #native = null; // the stream
  #socket = null; // a bound socket
  #listener = null;
  #attempt = null; // an attempt to connect
  #closed = false;
  #ended = false; // both halves have ended by themselves
  #refed = true;
  #written = null; // called when the kernel has taken the data
  #shut = null; // called when the writing half is ended
  #whenClosed = null;
  #counts = null; // numbers of bytes after the stream has closed

  reading = false;
  onconnection = null; // server: called with a number and the handle of a connection
  ondata = nothing; // called with each chunk, a Uint8Array
  onend = nothing; // the end of the data
  onerror = nothing; // called with a negative number and the system call

  // attach makes the handle use a native stream.
  attach(native) {
    this.#native = native;
    native.start(this.#bound((what, value, call) => this.#on(what, value, call)));
    if (!this.#refed) native.unref();
    return this;
  }

  // #bound binds a function to the current asynchronous context, as an operation of this handle.
  #bound(fn) {
    return contexts.create === undefined ? fn : contexts.bind(fn, undefined, this);
  }

  #on(what, value, call) {
    switch (what) {
      case onData:
        this.ondata(value);
        break;
      case onEnd:
        this.onend();
        break;
      case onWritten: {
        const written = this.#written;
        this.#written = null;
        written?.(0);
        break;
      }
      case onShut: {
        const shut = this.#shut;
        this.#shut = null;
        shut?.(0);
        break;
      }
      case onError: {
        const written = this.#written;
        this.#written = null;
        if (written) written(value, call);
        else if (!this.#closed) this.onerror(value, call);
        break;
      }
      case onClose: {
        this.#ended = true;
        const done = this.#whenClosed;
        this.#whenClosed = null;
        done?.call(this);
        if (contexts.destroyed !== undefined) contexts.destroyed(this);
        break;
      }
    }
  }

  get fd() {
    const of = this.#native ?? this.#listener ?? this.#socket;
    return of === null || this.#closed ? -1 : of.fd();
  }

  get bytesRead() { return this.#counts?.[0] ?? this.#native?.bytesRead() ?? 0; }
  get bytesWritten() { return this.#counts?.[1] ?? this.#native?.bytesWritten() ?? 0; }
  get writeQueueSize() { return this.#closed ? 0 : this.#native?.queued() ?? 0; }

  // open takes ownership of a descriptor, and reads and writes it. It returns 0, or a negative number and leaves it.
  open(fd, readable = true, writable = true) {
    const native = binding.open(fd, readable, writable);
    if (typeof native === 'number') return native;
    this.attach(native);
    return 0;
  }

  // adopt takes ownership of a descriptor that is a bound socket, to listen on it. It returns 0 or a negative number.
  adopt(fd) {
    const socket = binding.adopt(fd);
    if (typeof socket === 'number') return socket;
    this.#socket = socket;
    return 0;
  }

  // bound keeps a bound socket and returns 0, or returns the error of binding: a negative number.
  bound(socket) {
    if (typeof socket === 'number') return socket;
    this.#socket = socket;
    return 0;
  }

  listen(backlog) {
    if (this.#listener !== null) return 0;
    if (this.#socket === null) return -internalBinding('process').EINVAL;
    const { constructor } = this;
    const listener = this.#socket.listen(backlog, this.#bound((status, native) => {
      if (native !== undefined) native = new constructor(SOCKET).attach(native);
      this.onconnection?.(status, native);
    }));
    if (typeof listener === 'number') return listener;
    this.#listener = listener;
    if (!this.#refed) listener.unref();
    return 0;
  }

  // connectTo begins to connect. It returns 0, or a list of a negative number and the failed system call. done is
  // called with a number.
  connectTo(network, address, from, done) {
    const tell = (status, native) => {
      this.#attempt = null;
      if (status === 0) this.attach(native);
      done(status);
    };
    const type = this instanceof TCP ? 'TCPCONNECTWRAP' : 'PIPECONNECTWRAP';
    const attempt = binding.connect(network, address, from,
      contexts.bindRequest === undefined ? tell : contexts.bindRequest(tell, type));
    if (Array.isArray(attempt)) return attempt;
    this.#attempt = attempt;
    if (!this.#refed) attempt.unref();
    return 0;
  }

  readStart() {
    if (this.#closed) return EBADF;
    if (this.#native === null) return 0;
    this.reading = true;
    this.#native.readStart();
    return 0;
  }

  readStop() {
    this.reading = false;
    if (!this.#closed) this.#native?.readStop();
    return 0;
  }

  // write returns true if the kernel has taken all data; else done is called with 0, or with a negative number and the
  // system call.
  write(bytes, done) {
    if (this.#closed) {
      done(EBADF, 'write');
      return false;
    }
    if (this.#native === null) return true;
    const state = this.#native.write(bytes);
    if (state === TAKEN) return true;
    this.#written = done;
    return false;
  }

  // shutdown ends the writing half, and then calls done. It returns false if there is none.
  shutdown(done) {
    if (this.#native === null || this.#closed || !this.#native.shutdown()) return false;
    this.#shut = done;
    return true;
  }

  // detach returns the descriptor of a connection for another process, or a negative number. The caller owns the
  // descriptor.
  detach() {
    return this.#native?.detach() ?? -1;
  }

  // lend pauses a stream for a child that uses it from now on, and returns its descriptor, or a negative number.
  lend() {
    return this.#native?.lend() ?? this.fd;
  }

  getsockname(out) { return this.#name(binding.sockname, out); }
  getpeername(out) { return this.#name(binding.peername, out); }

  #name(of, out) {
    const { fd } = this;
    const name = of(fd);
    if (typeof name === 'number') return name;
    Object.assign(out, name);
    return 0;
  }

  ref() {
    this.#refed = true;
    if (!this.#closed) (this.#native ?? this.#listener ?? this.#attempt)?.ref();
  }

  unref() {
    this.#refed = false;
    if (!this.#closed) (this.#native ?? this.#listener ?? this.#attempt)?.unref();
  }

  hasRef() { return this.#refed && !this.#closed; }

  getAsyncId() { return 0; }

  close(done) {
    if (this.#closed) return;
    if (this.#native !== null) this.#counts = [this.#native.bytesRead(), this.#native.bytesWritten()];
    this.#closed = true;
    this.#whenClosed = done;
    this.#attempt?.close();
    if (this.#native !== null && !this.#ended) {
      this.#native.close();
      return;
    }
    (this.#listener ?? this.#socket)?.close();
    // Also without a callback: the close keeps the loop running, and beforeExit is emitted again.
    setImmediate(() => this.#on(onClose));
  }
}

// The roles of a handle.
const [SOCKET, SERVER] = [0, 1];

class TCP extends Handle {
  constructor(role) {
    super();
    if (role === undefined) throw new TypeError('a TCP handle needs a type');
    if (contexts.create !== undefined) contexts.create(role === SERVER ? 'TCPSERVERWRAP' : 'TCPWRAP', this);
  }

  // listen of a handle that is not bound takes any port.
  listen(backlog = DEFAULT_BACKLOG) {
    if (this.fd === -1) {
      const status = this.bind('0.0.0.0', 0);
      if (status !== 0) return status;
    }
    return super.listen(backlog);
  }

  bind(address, port, flags = 0) {
    return this.bound(binding.bindTCP(address, port, false, (flags & REUSEPORT) !== 0));
  }
  bind6(address, port, flags = 0) {
    return this.bound(binding.bindTCP(address, port, (flags & IPV6ONLY) !== 0, (flags & REUSEPORT) !== 0));
  }

  setNoDelay(yes) { return binding.setNoDelay(this.fd, yes); }
  setKeepAlive(yes, seconds) { return binding.setKeepAlive(this.fd, yes, seconds); }
  setTypeOfService(value) { return binding.setTOS(this.fd, value); }
  getTypeOfService() { return binding.getTOS(this.fd); }

  // reset closes a connection so that the peer gets ECONNRESET.
  reset(done) {
    const status = binding.reset(this.fd);
    if (status === 0) this.close(done);
    return status;
  }
}

class Pipe extends Handle {
  constructor(role) {
    super();
    if (role === undefined) throw new TypeError('a Pipe handle needs a type');
    if (contexts.create !== undefined) contexts.create(role === SERVER ? 'PIPESERVERWRAP' : 'PIPEWRAP', this);
  }

  bind(path) { return this.bound(binding.bindPipe(path)); }
}

const DEFAULT_BACKLOG = 511;
// As in Node, a Pipe does not have these methods.
Pipe.prototype.getsockname = undefined;
Pipe.prototype.getpeername = undefined;

const IPV6ONLY = 1;
const REUSEPORT = 2;

const constants = { SOCKET, SERVER, UV_TCP_IPV6ONLY: IPV6ONLY, UV_TCP_REUSEPORT: REUSEPORT };

module.exports = { Handle, Pipe, TCP, constants };

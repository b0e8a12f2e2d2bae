'use strict';

// Handles that are sent with messages: the form in which a socket or a server is sent, and the object made from a
// received one.

const { codes: { ERR_INVALID_HANDLE_TYPE } } = require('internal/errors');
const { closeDescriptor } = internalBinding('child');
const { Handle, Pipe, TCP, constants } = require('internal/stream_handle');

// prepare returns the sent form of a handle: its descriptor, the type for the receiver, the key of the server that
// counts a connection, and a function to call after sending. It returns undefined if the handle is already closed.
function prepare(target, handle, options) {
  const net = require('net');
  if (handle instanceof net.Socket) return prepareSocket(target, handle, options);
  if (handle instanceof net.Server) return prepared(handle._handle, 'net.Server');
  if (handle instanceof Handle) return prepared(handle, 'net.Native');
  const { UDP } = require('internal/udp_handle');
  if (handle instanceof UDP) return prepared(handle, 'dgram.Native');
  if (handle instanceof require('dgram').Socket) {
    return prepared(handle[require('internal/dgram').kStateSymbol].handle, 'dgram.Socket');
  }
  throw new ERR_INVALID_HANDLE_TYPE();
}

function prepared(handle, type) {
  return handle && handle.fd >= 0 ? { fd: handle.fd, type, key: '', finish() {} } : undefined;
}

function prepareSocket(target, socket, options) {
  const sent = prepared(socket._handle, 'net.Socket');
  if (sent === undefined) return undefined;
  const { server } = socket;
  if (server) {
    sent.key = server._connectionKey;
    require('internal/socket_list').count(server, target);
  }
  if (!options?.keepOpen) {
    sent.finish = () => {
      if (server) server._connections--;
      const handle = socket._handle;
      socket._handle = null;
      socket.setTimeout(0);
      if (socket.parser) { // It is one of a server for http.
        server?._sockets?.delete(socket.parser);
        socket.parser = null;
        socket._httpMessage = null;
      }
      giveUp(handle);
    };
  }
  return sent;
}

// giveUp closes the handle of a connection that another process has got, without shutting it down.
function giveUp(handle) {
  const fd = handle.detach();
  if (fd >= 0) closeDescriptor(fd);
  handle.close();
}

// adopt returns the handle for a received one.
function adopt(given, kind, isNetwork) {
  if (kind === 'datagram') {
    const { UDP } = require('internal/udp_handle');
    return opened(new UDP(), given);
  }
  if (kind === 'connection') return new (isNetwork ? TCP : Pipe)(constants.SOCKET).attach(given);
  if (kind === 'pipe') return opened(new Pipe(constants.SOCKET), given);
  const handle = new (isNetwork ? TCP : Pipe)(constants.SERVER);
  handle.adopt(given);
  return handle;
}

function opened(handle, fd) {
  handle.open(fd);
  return handle;
}

// The kind of handle that each type of the sender needs.
const kindsOf = { __proto__: null, 'net.Socket': ['connection', 'pipe'], 'net.Server': ['listener'],
  'dgram.Socket': ['datagram'] };

// receive makes the object of the sender's type from a handle. If that fails, the message is delivered without it.
function receive(type, kind, handle, done) {
  if (kindsOf[type]?.includes(kind) === false) {
    handle.close();
    done(undefined);
    return;
  }
  switch (type) {
    case 'net.Socket':
      done(new (require('net').Socket)({ handle, readable: true, writable: true }));
      break;
    case 'net.Server': {
      const server = new (require('net').Server)();
      server.listen(handle, () => done(server));
      break;
    }
    case 'dgram.Socket': {
      const name = {};
      handle.getsockname(name);
      const socket = require('dgram').createSocket(name.family === 'IPv6' ? 'udp6' : 'udp4');
      socket.bind(handle, () => done(socket));
      break;
    }
    default:
      done(handle);
  }
}

module.exports = { adopt, giveUp, prepare, receive };

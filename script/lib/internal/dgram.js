'use strict';

// Shared by dgram, cluster and child_process: making handles.

const { codes: { ERR_INVALID_FD_TYPE, ERR_SOCKET_BAD_TYPE } } = require('internal/errors');
const { UDP } = require('internal/udp_handle');
const { validateFunction, validateInt32 } = require('internal/validators');

const kStateSymbol = Symbol('state symbol');

function lookupFor(lookup, family, standard) {
  return (address, callback) => lookup(address || standard, family, callback);
}

// newHandle returns a handle of that type, which resolves names with lookup.
function newHandle(type, lookup) {
  if (lookup === undefined) ({ lookup } = require('dns'));
  else validateFunction(lookup, 'lookup');
  if (type !== 'udp4' && type !== 'udp6') throw new ERR_SOCKET_BAD_TYPE();
  const handle = new UDP();
  handle.lookup = type === 'udp4' ? lookupFor(lookup, 4, '127.0.0.1') : lookupFor(lookup, 6, '::1');
  return handle;
}

// _createSocketHandle returns a handle that is bound, or not if there is no address; or a negative number.
function _createSocketHandle(address, port, type, fd, flags) {
  const handle = newHandle(type);
  let status = 0;
  if (fd !== undefined) {
    validateInt32(fd, 'fd', 0);
    const kind = internalBinding('net').kindOf(fd);
    if (kind !== 'UDP') return -22;
    status = handle.open(fd);
  } else if (port || address) {
    status = type === 'udp6' ? handle.bind6(address ?? '::', port || 0, flags) :
      handle.bind(address ?? '0.0.0.0', port || 0, flags);
  }
  if (status === 0) return handle;
  handle.close();
  return status;
}

// checkKind throws for a descriptor that is no UDP socket.
function checkKind(fd) {
  const kind = internalBinding('net').kindOf(fd);
  if (kind !== 'UDP') throw new ERR_INVALID_FD_TYPE(kind);
}

module.exports = { _createSocketHandle, checkKind, kStateSymbol, newHandle };

'use strict';

// The options of a dgram.Socket: multicast, time to live, and the sizes of buffers.

const { codes: { ERR_MISSING_ARGS, ERR_SOCKET_BAD_BUFFER_SIZE } } = require('internal/errors');
const { kStateSymbol } = require('internal/dgram');
const { errnoException } = require('internal/system_errors');
const { validateNumber, validateString } = require('internal/validators');

const RECEIVE = true;
const SEND = false;

function bufferSize(socket, size, receive) {
  if (size >>> 0 !== size) throw new ERR_SOCKET_BAD_BUFFER_SIZE();
  const context = {};
  const result = socket[kStateSymbol].handle.bufferSize(size, receive, context);
  if (result === undefined) {
    throw new (require('internal/system_error').SystemError)(context, 'ERR_SOCKET_BUFFER_SIZE',
      'Could not get or set buffer size');
  }
  return result;
}

// addOptions adds the methods. running returns the handle of a socket, or throws if that is closed.
function addOptions(prototype, running) {
  // setter adds a method that calls the handle's of the same name.
  function setter(name, check) {
    prototype[name] = function (value) {
      check?.(value);
      const status = running(this)[name](value);
      if (status) throw errnoException(status, name);
      return value;
    };
  }

  setter('setBroadcast');
  setter('setTTL', (ttl) => validateNumber(ttl, 'ttl'));
  setter('setMulticastTTL', (ttl) => validateNumber(ttl, 'ttl'));
  setter('setMulticastLoopback');
  setter('setMulticastInterface', (address) => validateString(address, 'interfaceAddress'));

  for (const name of ['addMembership', 'dropMembership']) {
    prototype[name] = function (group, on) {
      if (!group) throw new ERR_MISSING_ARGS('multicastAddress');
      const status = running(this)[name](group, on);
      if (status) throw errnoException(status, name);
    };
  }

  for (const name of ['addSourceSpecificMembership', 'dropSourceSpecificMembership']) {
    prototype[name] = function (source, group, on) {
      validateString(source, 'sourceAddress');
      validateString(group, 'groupAddress');
      const status = running(this)[name](source, group, on);
      if (status) throw errnoException(status, name);
    };
  }

  prototype.setRecvBufferSize = function (size) { bufferSize(this, size, RECEIVE); };
  prototype.setSendBufferSize = function (size) { bufferSize(this, size, SEND); };
  prototype.getRecvBufferSize = function () { return bufferSize(this, 0, RECEIVE); };
  prototype.getSendBufferSize = function () { return bufferSize(this, 0, SEND); };
  prototype.getSendQueueSize = function () { return this[kStateSymbol].handle.getSendQueueSize(); };
  prototype.getSendQueueCount = function () { return this[kStateSymbol].handle.getSendQueueCount(); };
}

module.exports = { addOptions };

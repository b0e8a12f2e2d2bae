'use strict';

// The properties of net.Socket about the connection, and its options. Options that are set before the connection are
// applied after it.

const { codes: { ERR_INVALID_ARG_TYPE } } = require('internal/errors');
const { errnoException } = require('internal/system_errors');
const { validateInt32 } = require('internal/validators');

const kBytesRead = Symbol('bytesRead');
const kBytesWritten = Symbol('bytesWritten');
const kSetKeepAlive = Symbol('setKeepAlive');
const kSetKeepAliveDelay = Symbol('setKeepAliveDelay');
const kSetNoDelay = Symbol('setNoDelay');
const kSetTOS = Symbol('setTOS');

function addProperties(prototype) {
  prototype.setNoDelay = function (enable) {
    enable = Boolean(enable === undefined ? true : enable);
    if (!this._handle || this.connecting) {
      this[kSetNoDelay] = enable;
      if (!this._handle?.setNoDelay) return this;
    }
    if (this._handle.setNoDelay && !this.connecting && enable !== this[kSetNoDelay]) {
      this[kSetNoDelay] = enable;
      this._handle.setNoDelay(enable);
    }
    return this;
  };

  prototype.setKeepAlive = function (setting, msecs) {
    const enable = Boolean(setting);
    const seconds = ~~(msecs / 1000);
    if (!this._handle || this.connecting) {
      this[kSetKeepAlive] = enable;
      this[kSetKeepAliveDelay] = seconds;
      return this;
    }
    if (!this._handle.setKeepAlive) return this;
    if (enable !== this[kSetKeepAlive] || (enable && this[kSetKeepAliveDelay] !== seconds)) {
      this[kSetKeepAlive] = enable;
      this[kSetKeepAliveDelay] = seconds;
      this._handle.setKeepAlive(enable, seconds);
    }
    return this;
  };

  prototype.setTypeOfService = function (value) {
    if (typeof value !== 'number' || Number.isNaN(value)) throw new ERR_INVALID_ARG_TYPE('tos', 'number', value);
    validateInt32(value, 'tos', 0, 255);
    this[kSetTOS] = value;
    if (!this._handle || this.connecting || !this._handle.setTypeOfService) return this;
    const status = this._handle.setTypeOfService(value);
    if (status !== 0) throw errnoException(status, 'setTypeOfService');
    return this;
  };

  prototype.getTypeOfService = function () {
    if (!this._handle || this.connecting || !this._handle.getTypeOfService) return this[kSetTOS] ?? 0;
    const value = this._handle.getTypeOfService();
    if (value < 0) throw errnoException(value, 'getTypeOfService');
    return value;
  };

  prototype.address = function () { return this._getsockname(); };

  prototype._getpeername = function () {
    if (!this._handle?.getpeername || this.connecting) return this._peername || {};
    if (!this._peername) {
      const out = {};
      if (this._handle.getpeername(out) !== 0) return out;
      this._peername = out;
    }
    return this._peername;
  };

  prototype._getsockname = function () {
    if (!this._handle?.getsockname) return {};
    if (!this._sockname) {
      const out = {};
      if (this._handle.getsockname(out) !== 0) return out;
      this._sockname = out;
    }
    return this._sockname;
  };

  function getter(name, get) {
    Object.defineProperty(prototype, name, { get, enumerable: true, configurable: true });
  }

  getter('_connecting', function () { return this.connecting; });
  getter('pending', function () { return !this._handle || this.connecting; });
  getter('readyState', function () {
    if (this.connecting) return 'opening';
    if (this.readable && this.writable) return 'open';
    if (this.readable) return 'readOnly';
    return this.writable ? 'writeOnly' : 'closed';
  });
  getter('bufferSize', function () { return this._handle ? this.writableLength : undefined; });
  getter('remoteAddress', function () { return this._getpeername().address; });
  getter('remoteFamily', function () { return this._getpeername().family; });
  getter('remotePort', function () { return this._getpeername().port; });
  getter('localAddress', function () { return this._getsockname().address; });
  getter('localPort', function () { return this._getsockname().port; });
  getter('localFamily', function () { return this._getsockname().family; });
  getter('bytesRead', function () { return this._handle ? this._handle.bytesRead : this[kBytesRead]; });
  getter('_bytesDispatched', function () { return this._handle ? this._handle.bytesWritten : this[kBytesWritten]; });
  getter('bytesWritten', function () {
    const state = this._writableState;
    if (!state) return undefined;
    let bytes = this._bytesDispatched;
    if (this._handle && !this.connecting) bytes += this._handle.writeQueueSize ?? 0;
    const { Buffer } = require('buffer');
    for (const { chunk, encoding } of this.writableBuffer ?? []) {
      bytes += chunk instanceof Uint8Array ? chunk.length : Buffer.byteLength(chunk, encoding);
    }
    for (const { chunk, encoding } of [].concat(this._pendingData ?? [])) {
      bytes += chunk instanceof Uint8Array ? chunk.length : Buffer.byteLength(chunk, encoding);
    }
    return bytes;
  });
}

module.exports = { addProperties, kBytesRead, kBytesWritten, kSetKeepAlive, kSetKeepAliveDelay, kSetNoDelay, kSetTOS };

'use strict';

// The IPC channel of a child process, or of this process to its parent. Frames, handles and acknowledgements are Go's;
// messages are values here.

const EventEmitter = require('events');
const { codes } = require('internal/errors');
const { validateObject } = require('internal/validators');

const { ERR_INVALID_ARG_TYPE, ERR_IPC_CHANNEL_CLOSED, ERR_IPC_DISCONNECTED, ERR_MISSING_ARGS } = codes;

// The first argument of the function given to start. Go has the same numbers in host/channel.go.
const [onMessage, onInternal, onDrain, onError, onDisconnect] = [0, 1, 2, 3, 4];

const kChannelHandle = Symbol('kChannelHandle');

// Control is the property channel of a target: it keeps the loop running or not, and has the descriptor.
class Control extends EventEmitter {
  #channel;
  #listeners = 0;

  constructor(channel) {
    super();
    this.#channel = channel;
  }

  refCounted() {
    if (++this.#listeners === 1) this.#channel.count(true);
  }

  unrefCounted() {
    if (--this.#listeners === 0) {
      this.#channel.count(false);
      this.emit('unref');
    }
  }

  ref() { this.#channel.ref(); }
  unref() { this.#channel.unref(); }
  readStart() { this.#channel.readStart(); }
  readStop() { this.#channel.readStop(); }

  get fd() {
    const fd = this.#channel.fd();
    return fd < 0 ? undefined : fd;
  }
}

function checkMessage(message) {
  if (message === undefined) throw new ERR_MISSING_ARGS('message');
  const type = typeof message;
  if (type !== 'string' && type !== 'object' && type !== 'number' && type !== 'boolean') {
    throw new ERR_INVALID_ARG_TYPE('message', ['string', 'object', 'number', 'boolean'], message);
  }
}

// errorOf returns the error of a failed write, for which Go gives a number or an error.
function errorOf(failure) {
  return typeof failure === 'number' ? require('internal/system_errors').errnoException(failure, 'write') : failure;
}

// setupChannel adds a channel to a target, a child or the process. closed is called when the channel has ended.
function setupChannel(target, channel, advanced, closed = () => {}) {
  const control = new Control(channel);
  let ended = false;
  if (advanced) internalBinding('host').setHook('Buffer.prototype', require('buffer').Buffer.prototype);

  target.channel = control;
  target.connected = true;
  Object.defineProperty(target, '_channel', { value: control, writable: true, configurable: true });
  Object.defineProperty(target, kChannelHandle, { value: channel, writable: true, configurable: true });

  function deliver(name, message, type, given, kind, isNetwork) {
    const handles = require('internal/ipc_handles');
    const handle = handles.adopt(given, kind, isNetwork);
    if (ended) {
      handle.close();
      return;
    }
    handles.receive(type, kind, handle, (made) => {
      if (!target.emit(name, message, made)) handle.close(); // No code refers to it.
    });
  }

  function end() {
    if (ended) return;
    ended = true;
    channel.forget();
    target.emit('disconnect');
    closed();
  }

  // removeChannel removes the channel from the target.
  function removeChannel() {
    target.connected = false;
    target.channel = null;
    target._channel = null;
    target[kChannelHandle] = null;
    process.nextTick(end);
  }

  function fail(error, callback) {
    if (typeof callback === 'function') process.nextTick(callback, error);
    else process.nextTick(() => target.emit('error', error));
  }

  // Messages wait in Go until the script listens for them.
  target.on('newListener', (name) => {
    if (name === 'message') process.nextTick(() => channel.listen(target.listenerCount('message') > 0));
  });
  target.on('removeListener', (name) => {
    if (name === 'message' && target.listenerCount('message') === 0) channel.listen(false);
  });

  // Go emits messages without a handle itself until forget, because the engine is slow to make and spread lists of
  // arguments.
  channel.start(target, (what, value, type, given, kind, isNetwork) => {
    switch (what) {
      case onMessage:
      case onInternal: {
        if (ended && type === undefined) break;
        const name = what === onMessage ? 'message' : 'internalMessage';
        if (type === undefined) target.emit(name, value, undefined);
        else deliver(name, value, type, given, kind, isNetwork);
        break;
      }
      case onError:
        if (!ended) target.emit('error', errorOf(value));
        break;
      case onDisconnect:
        if (target.channel !== null) removeChannel();
        break;
      case onDrain:
        control.emit('drain');
    }
  });

  target.send = function send(message, handle, options, callback) {
    if (handle === undefined && options === undefined && callback === undefined && this.connected && this._send === _send) {
      const more = channel.post(message);
      if (more !== undefined) return more; // Otherwise it was not sent, and the code below finds out why.
    }
    if (typeof handle === 'function') {
      callback = handle;
      handle = undefined;
      options = undefined;
    } else if (typeof options === 'function') {
      callback = options;
      options = undefined;
    } else if (options !== undefined) {
      validateObject(options, 'options');
    }
    if (this.connected) return this._send(message, handle, options, callback);
    fail(new ERR_IPC_CHANNEL_CLOSED(), callback);
    return false;
  };

  function _send(message, handle, options, callback) {
    checkMessage(message);
    if (typeof options === 'boolean') options = { swallowErrors: options };
    const sent = handle ? require('internal/ipc_handles').prepare(target, handle, options) : undefined;
    let done;
    if (sent !== undefined) {
      // Node writes a handle later, and reports no failure of that write.
      done = (failure) => {
        if (typeof callback === 'function') callback(typeof failure === 'number' ? null : errorOf(failure));
      };
    } else if (typeof callback === 'function') {
      done = (failure) => callback(errorOf(failure));
    } else if (options?.swallowErrors) {
      done = () => {};
    }
    const more = sent === undefined ? channel.send(message, done) :
      channel.send(message, done, sent.fd, sent.type, sent.key, options?.keepOpen);
    if (typeof more !== 'boolean') {
      if (!options?.swallowErrors) fail(more, callback);
      return false;
    }
    sent?.finish();
    return more;
  }
  target._send = _send;

  target.disconnect = function disconnect() {
    if (!this.connected) {
      this.emit('error', new ERR_IPC_DISCONNECTED());
      return;
    }
    this._disconnect();
  };

  target._disconnect = function _disconnect() {
    channel.disconnect();
    removeChannel();
  };

  return control;
}

module.exports = { kChannelHandle, setupChannel };

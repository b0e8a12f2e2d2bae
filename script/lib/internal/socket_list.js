'use strict';

// The connections of a server that were sent to another process, which is asked for their number. Its side of this is
// Go's.

const EventEmitter = require('events');
const { codes: { ERR_CHILD_CLOSED_BEFORE_REPLY } } = require('internal/errors');

// SocketList stands for the connections of one server in one process.
class SocketList extends EventEmitter {
  #process;
  #key;

  constructor(process, key, server) {
    super();
    this.server = server;
    this.#process = process;
    this.#key = key;
    process.once('exit', () => this.emit('exit', this));
  }

  #ask(cmd, expected, swallowErrors, callback) {
    const process = this.#process;
    const key = this.#key;
    if (!process.connected) {
      callback(new ERR_CHILD_CLOSED_BEFORE_REPLY());
      return;
    }
    const forget = () => {
      process.removeListener('internalMessage', onReply);
      process.removeListener('disconnect', onEnd);
    };
    function onReply(message) {
      if (message?.cmd !== expected || message.key !== key) return;
      forget();
      callback(null, message);
    }
    function onEnd() {
      forget();
      callback(new ERR_CHILD_CLOSED_BEFORE_REPLY());
    }
    process.on('internalMessage', onReply);
    process.once('disconnect', onEnd);
    process._send({ cmd, key }, undefined, swallowErrors);
  }

  // close calls back when the process has none of the connections any more.
  close(callback) {
    this.#ask('NODE_SOCKET_NOTIFY_CLOSE', 'NODE_SOCKET_ALL_CLOSED', true, callback);
  }

  getConnections(callback) {
    this.#ask('NODE_SOCKET_GET_COUNT', 'NODE_SOCKET_COUNT', false, (error, message) => callback(error, message?.count));
  }
}

const lists = new WeakMap(); // of maps of lists by key, by process

// count makes a server count its connections in another process as well.
function count(server, process) {
  const key = server._connectionKey;
  let all = lists.get(process);
  if (all === undefined) lists.set(process, all = new Map());
  if (all.get(key)?.server === server) return;
  const list = new SocketList(process, key, server);
  all.set(key, list);
  server._setupWorker(list);
}

module.exports = { count };

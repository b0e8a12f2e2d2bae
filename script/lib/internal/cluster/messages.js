'use strict';

// The internal messages between the processes of a cluster, some of which are answered.

const callbacks = new Map(); // of messages that wait for an answer, by their numbers
let seq = 0;

// send sends a message. answered, if given, handles the answer.
function send(process, message, handle, answered) {
  if (!process.connected) return false;
  if (answered !== undefined) callbacks.set(seq, answered);
  message = { cmd: 'NODE_CLUSTER', ...message, seq };
  seq++;
  return process.send(message, handle);
}

// handler returns a listener of internal messages: it calls the callback that waits for an answer, or fn with the
// worker as this.
function handler(worker, fn) {
  return function onInternalMessage(message, handle) {
    if (message.cmd !== 'NODE_CLUSTER') return;
    const answered = message.ack === undefined ? undefined : callbacks.get(message.ack);
    if (answered === undefined) {
      fn.call(worker, message, handle);
      return;
    }
    callbacks.delete(message.ack);
    answered.call(worker, message, handle);
  };
}

module.exports = { handler, send };

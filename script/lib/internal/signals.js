'use strict';

// process.on('SIGTERM'): a signal is watched while it has a listener. The first listener loads this.

const contexts = require('internal/context_hook');
const { signals } = require('internal/constants');

const binding = internalBinding('signals');

const watchers = new Map(); // by name

// follow watches each signal while it has listeners. name has its first one.
function follow(process, name) {
  start(process, name);
  process.on('newListener', (added) => start(process, added));
  process.on('removeListener', (removed) => {
    if (watchers.has(removed) && process.listenerCount(removed) === 0) {
      watchers.get(removed)?.close();
      watchers.delete(removed);
    }
  });
}

function start(process, name) {
  if (watchers.has(name) || typeof name !== 'string' || !Object.hasOwn(signals, name)) return;
  const number = signals[name];
  let tell = () => process.emit(name, name, number);
  if (contexts.create !== undefined) {
    const resource = {};
    contexts.create('SIGNALWRAP', resource);
    tell = contexts.bind(tell, undefined, resource);
  }
  const watcher = binding.watch(number, tell);
  if (typeof watcher === 'number') throw require('internal/system_errors').errnoException(watcher, 'uv_signal_start');
  watchers.set(name, watcher);
}

// expect keeps the loop running until a signal that the script has sent to itself arrives.
function expect(number) {
  for (const [name, watcher] of watchers) {
    if (signals[name] === number) watcher?.expect();
  }
}

module.exports = { expect, follow };

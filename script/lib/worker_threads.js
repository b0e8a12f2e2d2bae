'use strict';

// There are no threads for scripts: the module says that a script is on the main one, and starts no others. Ports work
// within one thread.

const { codes: { ERR_FEATURE_UNAVAILABLE_ON_PLATFORM } } = require('internal/errors');

class Worker {
  constructor() {
    throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM('worker_threads.Worker');
  }
}

const environment = new Map();

const isObject = (value) => (typeof value === 'object' && value !== null) || typeof value === 'function';

// mark adds an object to a set of internal/untransferable.
function mark(name, object) {
  if (isObject(object)) require('internal/untransferable')[name].add(object);
}

module.exports = {
  Worker,
  SHARE_ENV: Symbol.for('nodejs.worker_threads.SHARE_ENV'),
  isInternalThread: false,
  isMainThread: true,
  parentPort: null,
  resourceLimits: {},
  threadId: 0,
  threadName: '',
  workerData: null,
  isMarkedAsUntransferable: (object) => isObject(object) &&
    require('internal/untransferable').untransferable.has(object),
  markAsUncloneable(object) { mark('uncloneable', object); },
  markAsUntransferable(object) { mark('untransferable', object); },
  moveMessagePortToContext: (...args) => require('internal/message_port').moveMessagePortToContext(...args),
  receiveMessageOnPort: (port) => require('internal/message_port').receiveMessageOnPort(port),
  getEnvironmentData: (key) => environment.get(key),
  setEnvironmentData(key, value) {
    if (value === undefined) environment.delete(key);
    else environment.set(key, value);
  },
};

// later adds a property whose value is loaded on first use.
function later(id, names) {
  for (const name of names) {
    Object.defineProperty(module.exports, name, { get: () => require(id)[name], enumerable: true, configurable: true });
  }
}
later('internal/message_port', ['MessageChannel', 'MessagePort']);
later('internal/broadcast_channel', ['BroadcastChannel']);

'use strict';

// What events and EventTarget share.

module.exports = {
  defaultMaxListeners: 10,
  kMaxEventTargetListeners: Symbol('events.maxEventTargetListeners'),
  kMaxEventTargetListenersWarned: Symbol('events.maxEventTargetListenersWarned'),
  kResistStopPropagation: Symbol('kResistStopPropagation'), // of listeners that are called even if the event was stopped
};

'use strict';

// Shared by events and EventTarget.

module.exports = {
  defaultMaxListeners: 10,
  kMaxEventTargetListeners: Symbol('events.maxEventTargetListeners'),
  kMaxEventTargetListenersWarned: Symbol('events.maxEventTargetListenersWarned'),
  // listeners that are called even if the event was stopped
  kResistStopPropagation: Symbol('kResistStopPropagation'),
};

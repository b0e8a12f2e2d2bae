'use strict';

// There is no inspector.

const { unavailable } = require('internal/unavailable');

module.exports = {
  ...unavailable('inspector', ['open', 'waitForDebugger', 'Session']),
  close() {},
  console: undefined,
  url: () => undefined,
};

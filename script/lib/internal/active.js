'use strict';

// The things that keep the loop running, as far as the library knows them.

function resources() {
  const { activeTimers } = require('internal/timers');
  const { activeImmediates } = require('internal/immediates');
  const list = internalBinding('host').active();
  for (let i = activeTimers(); i > 0; i--) list.push('Timeout');
  for (let i = activeImmediates(); i > 0; i--) list.push('Immediate');
  return list;
}

module.exports = { handles: () => [], resources };

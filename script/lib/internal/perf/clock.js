'use strict';

// The clock of the timeline: milliseconds since the process began.

const { uptime } = internalBinding('process');

const now = () => uptime() * 1e3;

module.exports = { now, timeOrigin: Date.now() - now() };

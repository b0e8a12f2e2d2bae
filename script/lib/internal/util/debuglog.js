'use strict';

// Times as text, for console.timeEnd.

const { debuglog } = require('internal/util');

const [second, minute, hour] = [1000, 60 * 1000, 60 * 60 * 1000];

const pad = (value) => String(value).padStart(2, '0');

// formatTime formats milliseconds for people.
function formatTime(ms) {
  if (ms < second) return `${Number(ms.toFixed(3))}ms`;
  const hours = Math.floor(ms / hour);
  const minutes = Math.floor((ms % hour) / minute);
  const seconds = ((ms % minute) / second).toFixed(3);
  if (hours > 0) return `${hours}:${pad(minutes)}:${seconds.padStart(6, '0')} (h:mm:ss.mmm)`;
  if (minutes > 0) return `${minutes}:${seconds.padStart(6, '0')} (m:ss.mmm)`;
  return `${seconds}s`;
}

module.exports = { debuglog, formatTime };

'use strict';

// Warnings of the process: events, which are also printed.

const { codes: { ERR_INVALID_ARG_TYPE } } = require('internal/errors');
const { validateString } = require('internal/validators');

// emitWarning is process.emitWarning: the warning is an event, and is printed unless warnings are off.
function emitWarning(warning, type, code, until) {
  let detail;
  if (type !== null && typeof type === 'object' && !Array.isArray(type)) {
    ({ code, detail, ctor: until, type = 'Warning' } = type);
    if (typeof detail !== 'string') detail = undefined;
  } else if (typeof type === 'function') {
    until = type;
    code = undefined;
    type = 'Warning';
  }
  if (type !== undefined) validateString(type, 'type');
  if (typeof code === 'function') {
    until = code;
    code = undefined;
  } else if (code !== undefined) {
    validateString(code, 'code');
  }
  if (typeof warning === 'string') {
    const error = new Error(warning);
    error.name = String(type || 'Warning');
    if (code !== undefined) error.code = code;
    if (detail !== undefined) error.detail = detail;
    Error.captureStackTrace(error, until || emitWarning);
    warning = error;
  } else if (!(warning instanceof Error)) {
    throw new ERR_INVALID_ARG_TYPE('warning', ['Error', 'string'], warning);
  }
  if (warning.name === 'DeprecationWarning') {
    if (process.noDeprecation) return;
    if (process.throwDeprecation) {
      process.nextTick(() => { throw warning; });
      return;
    }
  }
  process.nextTick(() => {
    print(warning);
    process.emit('warning', warning);
  });
}

const options = require('internal/options');

// areOff reports whether a warning is suppressed.
function areOff({ code, name }) {
  if (options.isOff('--warnings') || process.env.NODE_NO_WARNINGS === '1') return true;
  return options.all('--disable-warning').some((one) => one === code || one === name);
}

let hinted = false;

function print(warning) {
  if (areOff(warning)) return;
  const isDeprecation = warning.name === 'DeprecationWarning';
  const code = warning.code ? `[${warning.code}] ` : '';
  let text = `(${process.release.name}:${process.pid}) ${code}`;
  if (process.traceProcessWarnings || (isDeprecation && process.traceDeprecation)) text += warning.stack;
  else text += `${warning.name}: ${warning.message}`;
  if (typeof warning.detail === 'string') text += `\n${warning.detail}`;
  text += '\n';
  if (!hinted && !process.traceProcessWarnings) {
    hinted = true;
    const flag = isDeprecation ? '--trace-deprecation' : '--trace-warnings';
    text += `(Use \`node ${flag} ...\` to show where the warning was created)\n`;
  }
  if (appended(text)) return;
  // As console.error does: the script may have replaced the stream.
  require('internal/console').console._stderr.write(text);
}

// appended reports whether a text was written to the file for warnings, if there is one.
function appended(text) {
  const path = options.value('--redirect-warnings') ?? process.env.NODE_REDIRECT_WARNINGS;
  if (!path) return false;
  try {
    require('fs').appendFileSync(path, text);
    return true;
  } catch {
    return false;
  }
}

module.exports = { emitWarning };

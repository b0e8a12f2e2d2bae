'use strict';

// What becomes of an exception that nobody caught, and how a script ends.

const process = require('internal/process');

const host = internalBinding('host');
const { writeSync } = internalBinding('files');

// Exit codes of scripts whose exceptions cannot be dealt with.
const NO_HANDLER = 6;
const HANDLER_THREW = 7;

// uncaught is called with each exception that nobody caught.
function uncaught(error, origin = 'uncaughtException') {
  const handle = process._fatalException;
  if (typeof handle !== 'function') {
    writeSync(2, describe(error));
    host.reallyExit(NO_HANDLER);
    return;
  }
  let isHandled;
  try {
    isHandled = handle(error, origin === 'unhandledRejection');
  } catch (thrown) {
    writeSync(2, describe(thrown));
    host.reallyExit(HANDLER_THREW);
    return;
  }
  if (isHandled) return;
  writeSync(2, describe(error));
  host.reallyExit(process.exitCode ?? 1);
}

// tell is process._fatalException: it tells the script, and returns whether somebody has dealt with the exception. If not, the
// listeners of the end have run.
function tell(error, fromPromise) {
  const origin = fromPromise ? 'unhandledRejection' : 'uncaughtException';
  process.emit('uncaughtExceptionMonitor', error, origin);
  if (process._captureCallback) {
    process._captureCallback(error);
    return true;
  }
  if (process.emit('uncaughtException', error, origin)) return true;
  try {
    emitExit(1);
  } catch {
    // What a listener of the end throws does not hide the error that led to it.
  }
  return false;
}

// describe returns what Node prints of an exception that ends a script.
function describe(error) {
  const { inspect } = require('internal/inspect');
  let text;
  if (error instanceof Error) {
    require('internal/stack').complete(error);
    text = `${placeOf(error)}${inspect(error)}`;
  } else {
    text = `Uncaught:\n${inspect(error)}\n(Use \`node --trace-uncaught ...\` to show where the exception was thrown)`;
  }
  return `${text}\n\nNode.js ${process.version}\n`;
}

// placeOf returns the line in which an error was made, with a mark below its column, if it is in a file that can be read.
function placeOf(error) {
  const frame = /\n    at (?:.*\()?(?:file:\/\/)?(\/[^\n]*?|\[eval\]):(\d+)(?::(\d+))?\)?(?:\n|$)/.exec(`\n${error.stack}`);
  if (frame === null || /\n    at [^\n]*\(?node:/.test(String(error.stack).slice(0, frame.index))) return '';
  const [, file, line, column] = frame;
  let text;
  try {
    const source = file === '[eval]' ? process._eval : require('fs').readFileSync(decodeURI(file), 'utf8');
    text = source.split('\n', line)[line - 1];
  } catch {
    return '';
  }
  if (text === undefined || text.length > longestLine) return `${file}:${line}\n\n`;
  return `${file}:${line}\n${text}\n${' '.repeat(Math.max(0, (column ?? 1) - 1))}^\n\n`;
}

const longestLine = 1000; // characters; what compilers have put on one line helps nobody

function beforeExit() {
  process.emit('beforeExit', process.exitCode ?? 0);
}

function emitExit(code) {
  if (code !== undefined) process.exitCode = code;
  if (process._exiting) return;
  process._exiting = true;
  process.emit('exit', process.exitCode ?? 0);
}

// end ends the script after its exit listeners.
function end(code) {
  emitExit(code);
  host.reallyExit(process.exitCode ?? 0);
}

// finish is called when nothing is left to be waited for.
function finish() {
  if (process.exitCode === undefined && require('internal/main').isUnsettled()) {
    writeSync(2, 'Warning: Detected unsettled top-level await\n');
    end(13);
  }
  end();
}

Object.defineProperty(process, '_fatalException', { value: tell, writable: true, enumerable: false, configurable: true });

module.exports = { beforeExit, describe, end, finish, uncaught };

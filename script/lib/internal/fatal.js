'use strict';

// Uncaught exceptions, and the end of a script.

const process = require('internal/process');

const host = internalBinding('host');

let domains; // of module domain: reports whether a domain has handled an exception

// Exit codes after exceptions that were not handled.
const NO_HANDLER = 6;
const HANDLER_THREW = 7;

// uncaught is called with each uncaught exception.
function uncaught(error, origin = 'uncaughtException') {
  const handle = process._fatalException;
  if (typeof handle !== 'function') {
    host.report(safelyDescribe(error));
    host.reallyExit(NO_HANDLER);
    return;
  }
  let isHandled;
  try {
    isHandled = handle(error, origin === 'unhandledRejection');
  } catch (thrown) {
    host.report(safelyDescribe(thrown));
    if (mustAbort()) process.abort();
    host.reallyExit(HANDLER_THREW);
    return;
  }
  if (isHandled) return;
  host.report(safelyDescribe(error, origin));
  if (mustAbort()) process.abort();
  host.reallyExit(process.exitCode ?? 1);
}

const mustAbort = () => require('internal/options').has('--abort-on-uncaught-exception');

// tell is process._fatalException: it emits the event, and returns whether a listener has handled the exception. If
// none has, the listeners of 'exit' have run.
function tell(error, fromPromise) {
  const origin = fromPromise ? 'unhandledRejection' : 'uncaughtException';
  process.emit('uncaughtExceptionMonitor', error, origin);
  if (domains !== undefined && domains(error)) return true;
  if (process._captureCallback) {
    process._captureCallback(error);
    return true;
  }
  if (mustAbort()) return false;
  if (process.emit('uncaughtException', error, origin)) return true;
  try {
    emitExit(1);
  } catch {
    // An exception in a listener of 'exit' does not hide the error that led to it.
  }
  return false;
}

// safelyDescribe is describe for any value: its getters may throw, and the script may have broken a function that
// describe needs.
function safelyDescribe(error, origin) {
  try {
    return describe(error, origin);
  } catch {
    return `Uncaught:\n${nameOf(error)}\n(It cannot be inspected)\n\nNode.js ${host.nodeVersion}\n`;
  }
}

function nameOf(value) {
  try {
    return `${value}`;
  } catch {
    return 'a value that has no text';
  }
}

// describe returns the text that Node prints about an exception that ends a script.
function describe(error, origin) {
  const { inspect } = require('internal/inspect');
  let text;
  if (Error.isError(error)) {
    require('internal/stack').complete(error);
    text = `${placeOf(error, origin)}${inspect(error)}`;
  } else {
    text = `Uncaught:\n${inspect(error)}`;
    if (error !== Object(error)) text += '\n(Use `node --trace-uncaught ...` to show where the exception was thrown)';
  }
  return `${text}\n\nNode.js ${process.version}\n`;
}

// placeOf returns the source line in which an error was made, with a mark below its column, if the source can be read.
function placeOf(error, origin) {
  const frame = /\n    at (?:.*\()?(?:file:\/\/)?(\/[^\n]*?|\[eval\]|\[stdin\]):(\d+)(?::(\d+))?\)?(?:\n|$)/.exec(`\n${error.stack}`);
  if (frame === null || /\n    at [^\n]*\(?node:/.test(String(error.stack).slice(0, frame.index))) return '';
  const [, file, line, column] = frame;
  let text;
  try {
    text = sourceOf(file).split('\n', line)[line - 1];
  } catch {
    return '';
  }
  if (text === undefined || text.length > longestLine) return `${file}:${line}\n\n`;
  let at = Math.max(0, (column ?? 1) - 1);
  // The engine gives the place of the arguments. Node marks the throw, or the expression that made the reason of a
  // rejection.
  at = (origin === 'unhandledRejection' ? made : thrown).exec(text.slice(0, at))?.index ?? at;
  return `${file}:${line}\n${text}\n${' '.repeat(at)}^\n\n`;
}

const thrown = /\bthrow\s+new\s+[\w$.]+$/;
const made = /\bnew\s+[\w$.]+$/;

function sourceOf(file) {
  return file[0] === '[' ? require('internal/main').givenText() : require('fs').readFileSync(decodeURI(file), 'utf8');
}

const longestLine = 1000; // characters; longer lines are generated code, which helps no reader

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

// finish is called when there is nothing left to wait for.
function finish() {
  if (process.exitCode === undefined && require('internal/main').isUnsettled()) {
    host.report('Warning: Detected unsettled top-level await\n');
    end(13);
  }
  emitExit();
  require('internal/ticks').runDeferred(); // Runs what the listeners have deferred, but no timers or I/O.
  host.reallyExit(process.exitCode ?? 0);
}

Object.defineProperty(process, '_fatalException', { value: tell, writable: true, enumerable: false,
  configurable: true });

function setDomains(fn) { domains = fn; }

module.exports = { beforeExit, describe, emitExit, end, finish, setDomains, uncaught };

'use strict';

// Rejections that are unhandled when all reactions have run.

const contexts = require('internal/context_hook');
const fatal = require('internal/fatal');
const process = require('internal/process');

let pending = new Map(); // reasons and domains by promise
const told = new WeakMap(); // numbers of reported rejections, by promise
const late = []; // promises that got a handler after their rejection was reported
let count = 0;

function unhandled(promise, reason) {
  if (reason instanceof ReferenceError) require('internal/module_scope').explain(reason);
  pending.set(promise, { reason, domain: contexts.domain?.() });
}

function handled(promise) {
  if (!pending.delete(promise) && told.has(promise)) late.push(promise);
}

// processRejections reports the unhandled rejections, and returns whether there were any.
function processRejections() {
  let any = false;
  while (late.length > 0) {
    any = true;
    const promise = late.shift();
    const number = told.get(promise);
    told.delete(promise);
    if (!process.emit('rejectionHandled', promise)) warnOfHandled(number);
  }
  if (pending.size === 0) return any;
  const list = pending;
  pending = new Map();
  for (const [promise, { reason, domain }] of list) {
    list.delete(promise);
    told.set(promise, ++count);
    let isDone = false;
    try {
      tell(promise, reason, count, domain);
      isDone = true;
    } finally {
      if (!isDone) for (const [p, what] of list) pending.set(p, what);
    }
  }
  return true;
}

function warnOfHandled(number) {
  const warning = new Error(`Promise rejection was handled asynchronously (rejection id: ${number})`);
  warning.name = 'PromiseRejectionHandledWarning';
  warning.id = number;
  process.emitWarning(warning);
}

const modes = ['none', 'strict', 'throw', 'warn'];

// checkMode ends the program if --unhandled-rejections has an invalid mode.
function checkMode() {
  if (modes.includes(mode())) return;
  internalBinding('stdio').writeSync(2, `${process.execPath}: invalid value for --unhandled-rejections\n`);
  process.reallyExit(9);
}

// mode returns the value of --unhandled-rejections.
function mode() {
  return require('internal/options').value('--unhandled-rejections') ?? 'throw';
}

function tell(promise, reason, number, domain) {
  const how = mode();
  if (how === 'strict') {
    fatal.uncaught(asError(reason), 'unhandledRejection');
    if (!process.emit('unhandledRejection', reason, promise)) warnOfUnhandled(reason, number);
    return;
  }
  const isHandled = domain ? domain.emit('error', reason) : process.emit('unhandledRejection', reason, promise);
  switch (how) {
    case 'none': return;
    case 'warn':
      warnOfUnhandled(reason, number);
      return;
    default:
      if (!isHandled) fatal.uncaught(asError(reason), 'unhandledRejection');
  }
}

const why = 'This error originated either by throwing inside of an async function without a catch block, ' +
  'or by rejecting a promise which was not handled with .catch(). ';

// UnhandledPromiseRejection is the error for a reason that is no error.
class UnhandledPromiseRejection extends Error {
  constructor(reason) {
    super(`${why}The promise rejected with the reason "${safeText(reason)}".`);
    this.code = 'ERR_UNHANDLED_REJECTION';
    Object.defineProperty(this, 'name', { value: 'UnhandledPromiseRejection', writable: true, configurable: true });
    this.stack = `${this.name}: ${this.message}`; // The place where it was made is of no use.
    Object.defineProperty(this, 'stack', { enumerable: false });
  }
}

function isErrorLike(reason) {
  return typeof reason === 'object' && reason !== null && Object.hasOwn(reason, 'stack');
}

function asError(reason) {
  return isErrorLike(reason) ? reason : new UnhandledPromiseRejection(reason);
}

// safeText returns a text for a value without running anything of it.
function safeText(value) {
  if (typeof value === 'symbol') return value.toString();
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return String(value);
  try {
    if (value instanceof Error) return String(value);
    if (typeof value === 'function') return Function.prototype.toString.call(value);
    return `#<${value.constructor?.name || 'Object'}>`;
  } catch {
    return '#<Object>';
  }
}

function warnOfUnhandled(reason, number) {
  const name = 'UnhandledPromiseRejectionWarning';
  const warning = new Error(`Unhandled promise rejection. ${why}To terminate the node process on unhandled promise rejection, use the ` +
    'CLI flag `--unhandled-rejections=strict` (see https://nodejs.org/api/cli.html#cli_unhandled_rejections_mode). ' +
    `(rejection id: ${number})`);
  warning.name = name;
  try {
    if (isErrorLike(reason)) {
      warning.stack = reason.stack;
      process.emitWarning(reason.stack, name);
    } else {
      process.emitWarning(safeText(reason), name);
    }
  } catch {
    // The warning below reports a reason that cannot be read.
  }
  process.emitWarning(warning);
}

module.exports = { checkMode, handled, process: processRejections, unhandled };

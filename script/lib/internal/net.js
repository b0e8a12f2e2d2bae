'use strict';

// Shared by the parts of net.

const binding = internalBinding('net');

const normalizedArgsSymbol = Symbol('normalizedArgs');

function isIP(address) {
  return typeof address === 'string' ? binding.isIP(address) : binding.isIP(`${address}`);
}

// toNumber returns a number of zero or more that may be written as a text, false for anything else.
function toNumber(value) {
  const number = Number(value);
  return number >= 0 ? number : false;
}

// isPipeName reports whether an argument of connect and listen is a path, and not a port.
function isPipeName(value) {
  return typeof value === 'string' && toNumber(value) === false;
}

// normalizeArgs returns [options, callback] of the forms that connect and listen can be called in.
function normalizeArgs(args) {
  let options = {};
  let callback = null;
  if (args.length > 0) {
    const [first] = args;
    if (typeof first === 'object' && first !== null) {
      options = first;
    } else if (isPipeName(first)) {
      options.path = first;
    } else {
      options.port = first;
      if (args.length > 1 && typeof args[1] === 'string') options.host = args[1];
    }
    const last = args.at(-1);
    if (typeof last === 'function') callback = last;
  }
  const normalized = [options, callback];
  normalized[normalizedArgsSymbol] = true;
  return normalized;
}

// MIN_ATTEMPT_TIMEOUT is the shortest time after which the next address is tried as well: milliseconds.
const MIN_ATTEMPT_TIMEOUT = 10;

const { execArgv } = internalBinding('host');

const timeoutFlag = '--network-family-autoselection-attempt-timeout=';
const timeout = Number(execArgv.findLast((flag) => flag.startsWith(timeoutFlag))?.slice(timeoutFlag.length));

const defaults = {
  autoSelectFamily: !execArgv.includes('--no-network-family-autoselection') &&
    !execArgv.includes('--no-enable-network-family-autoselection'),
  attemptTimeout: Math.max(timeout || 500, MIN_ATTEMPT_TIMEOUT),
};

module.exports = {
  MIN_ATTEMPT_TIMEOUT, defaults, isIP, isIPv4: (address) => isIP(address) === 4,
  isIPv6: (address) => isIP(address) === 6, isPipeName,
  normalizeArgs, normalizedArgsSymbol, toNumber,
};

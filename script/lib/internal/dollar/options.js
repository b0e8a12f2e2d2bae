'use strict';

// The options of commands: their checks, and their form for the host.

const { codes: { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE } } = require('internal/errors');
const {
  validateAbortSignal, validateBoolean, validateInteger, validateNumber, validateObject, validateString,
} = require('internal/validators');

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

// milliseconds returns the milliseconds of a duration: a number of them, or a text with a unit.
function milliseconds(value, name) {
  if (typeof value === 'string') {
    const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(value) ?? [];
    if (unit === undefined) throw new ERR_INVALID_ARG_VALUE(name, value, "must be a number of milliseconds, or one with a unit, such as '5s'");
    return number * units[unit];
  }
  validateNumber(value, name, 0);
  return value;
}

function text(value, name) {
  validateString(value, name);
  if (value.includes('\0')) throw new ERR_INVALID_ARG_VALUE(name, value, 'must be a string without null bytes');
  return value;
}

function boolean(value, name) {
  validateBoolean(value, name);
  return value;
}

function object(value, name) {
  validateObject(value, name);
  return value;
}

const slots = new Set(['pipe', 'ignore', 'inherit']);

// stdioOf returns the option for each of the first three descriptors, given one text for all or a list.
function stdioOf(value, name) {
  if (!Array.isArray(value)) value = [value, value, value];
  if (value.length > 3) throw new ERR_INVALID_ARG_VALUE(name, value, 'must not have more than three');
  return [0, 1, 2].map((i) => {
    const one = value[i] ?? 'pipe';
    if (slots.has(one)) return i === 0 && one === 'pipe' ? 'ignore' : one;
    const fd = typeof one === 'number' ? one : one.fd;
    if (!Number.isInteger(fd) || fd < 0) {
      throw new ERR_INVALID_ARG_VALUE(name, value, "must be 'pipe', 'ignore', 'inherit', a descriptor, or something that has one");
    }
    return fd;
  });
}

// checks has a function for each option that returns the checked value, or throws.
const checks = {
  __proto__: null,
  cwd: (value, name) => (value instanceof URL ? require('url').fileURLToPath(value) : text(value, name)),
  env: object,
  shell: text,
  prefix: text,
  stdio: stdioOf,
  input(value, name) {
    const isStream = typeof value?.[Symbol.asyncIterator] === 'function';
    if (typeof value === 'string' || ArrayBuffer.isView(value) || isStream) return value;
    if (value instanceof require('internal/dollar/output').ProcessOutput) return value.buffer();
    throw new ERR_INVALID_ARG_TYPE(name, ['string', 'Buffer', 'TypedArray', 'DataView', 'ProcessOutput', 'AsyncIterable'], value);
  },
  timeout: milliseconds,
  killSignal: (value) => require('internal/constants').signalNumber(value),
  killGrace: milliseconds,
  signal(value, name) {
    validateAbortSignal(value, name);
    return value;
  },
  maxBuffer(value, name) {
    validateNumber(value, name, 0);
    return value;
  },
  cutOff: boolean,
  limits(value, name) {
    validateObject(value, name);
    for (const [limit, most] of Object.entries(value)) validateInteger(most, `${name}.${limit}`, 0);
    return { ...value };
  },
  nothrow: boolean,
  quiet: boolean,
  verbose: boolean,
};

// validated returns the checked value of an option, undefined if it is not set.
function validated(name, value) {
  const check = checks[name];
  if (check === undefined) throw new ERR_INVALID_ARG_VALUE(`options.${String(name)}`, value, 'is not an option of $');
  return value === undefined ? undefined : check(value, `options.${name}`);
}

const asides = new Set(['nothrow', 'quiet']);

// put sets an option of a command, or of those that inherit from options. hasMore marks options that matter for the
// start of a command, because most commands have none.
function put(options, name, value) {
  options[name] = validated(name, value);
  if (!asides.has(name)) options.hasMore = true;
}

// forHost returns the options in the form that the host takes.
function forHost(options) {
  const { cwd, env, shell, prefix, input, timeout, killSignal, killGrace, maxBuffer, cutOff, limits } = options;
  return {
    cwd, env: env && pairsOf(env), shell, prefix, input: isStream(input) ? undefined : input, timeout, killSignal, killGrace, maxBuffer, cutOff, limits,
  };
}

// isStream reports whether an input is a stream or an iterable.
function isStream(input) {
  return typeof input === 'object' && !ArrayBuffer.isView(input);
}

function pairsOf(env) {
  const pairs = [];
  for (const name in env) {
    if (env[name] !== undefined) pairs.push(text(`${name}=${env[name]}`, `options.env['${name}']`));
  }
  return pairs;
}

const state = require('internal/env_state');
let told = 0; // number of the environment's changes that the host has got

// tellEnvironment passes the variables of process.env to the host if they have changed.
function tellEnvironment() {
  if (told === state.changes) return;
  internalBinding('command').setEnvironment(pairsOf(state.values));
  told = state.changes;
}

module.exports = { forHost, isStream, names: Object.keys(checks), put, tellEnvironment, validated };

'use strict';

const { codes: { ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE } } = require('internal/errors');
const { format, formatWithOptions } = require('internal/format');
const { inspect } = require('internal/inspect');
const { callbackify, debuglog, deprecate, inherits, promisify } = require('internal/util');
const {
  validateAbortSignal, validateBoolean, validateNumber, validateObject, validateOneOf, validateString,
} = require('internal/validators');

function stripVTControlCharacters(text) {
  validateString(text, 'str');
  return require('internal/inspect_layout').stripControls(text);
}

function toUSVString(text) {
  return `${text}`.toWellFormed();
}

function extend(target, source) {
  if (source === null || typeof source !== 'object') return target;
  for (const key of Object.keys(source)) target[key] = source[key];
  return target;
}

function getSystemErrorName(errno) {
  validateNumber(errno, 'err');
  if (errno >= 0 || !Number.isSafeInteger(errno)) throw new ERR_OUT_OF_RANGE('err', 'a negative integer', errno);
  return internalBinding('errno').entry(errno)?.[0] ?? `Unknown system error ${errno}`;
}

function getSystemErrorMessage(errno) {
  validateNumber(errno, 'err');
  if (errno >= 0 || !Number.isSafeInteger(errno)) throw new ERR_OUT_OF_RANGE('err', 'a negative integer', errno);
  return internalBinding('errno').entry(errno)?.[1] ?? `Unknown system error ${errno}`;
}

const getSystemErrorMap = () => new Map(internalBinding('errno').all());

const mostSites = 200;

function getCallSites(count = 8, options = undefined) {
  if (options === undefined) {
    if (typeof count === 'object') {
      options = count;
      validateObject(options, 'options');
      if (options.sourceMap !== undefined) validateBoolean(options.sourceMap, 'options.sourceMap');
      count = 8;
    }
  } else {
    validateObject(options, 'options');
    if (options.sourceMap !== undefined) validateBoolean(options.sourceMap, 'options.sourceMap');
  }
  validateNumber(count, 'frameCount', 1, mostSites);
  if (!Number.isInteger(count)) throw new ERR_OUT_OF_RANGE('frameCount', 'an integer', count);
  const { callSites } = require('internal/stack');
  return callSites(count).filter((site) => !site.getFileName()?.startsWith('node:util')).slice(0,
    count).map((site) => ({
    functionName: site.getFunctionName() ?? '', scriptId: '0', scriptName: site.getFileName() ?? '',
    lineNumber: site.getLineNumber() ?? 0,
    columnNumber: site.getColumnNumber() ?? 0, column: site.getColumnNumber() ?? 0,
  }));
}

function styleText(style, text, { validateStream = true, stream } = {}) {
  validateString(text, 'text');
  validateBoolean(validateStream, 'options.validateStream');
  let isOn = true;
  if (validateStream) {
    stream ??= process.stdout;
    const isStream = stream !== null && typeof stream === 'object' &&
      (typeof stream.pipe === 'function' || typeof stream.write === 'function' ||
      typeof stream.getReader === 'function' || typeof stream.getWriter === 'function');
    if (!isStream) throw new ERR_INVALID_ARG_TYPE('stream', ['ReadableStream', 'WritableStream', 'Stream'], stream);
    isOn = require('internal/colors').shouldColor(stream);
  }
  const styles = Array.isArray(style) ? style : [style];
  for (const one of styles) {
    if (one !== 'none' && (typeof one !== 'string' || inspect.colors[one] === undefined)) {
      validateOneOf(one, 'format', Reflect.ownKeys(inspect.colors));
    }
  }
  if (!isOn) return text;
  return styles.reduceRight((inner, one) => {
    if (one === 'none') return inner;
    const [open, close] = inspect.colors[one].map((code) => `\u001b[${code}m`);
    // Where an inner style ends this one with it, this one begins again; bold and dim end each other.
    const kept = one === 'dim' || one === 'bold' ? close + open : open;
    return open + inner.slice(0, -1).replaceAll(close, kept) + inner.slice(-1) + close;
  }, text);
}

function parseEnv(content) {
  validateString(content, 'content');
  return Object.assign(Object.create(null), internalBinding('errno').parseEnv(content));
}

// aborted is no async function, because that would keep the resource while it waits.
function aborted(signal, resource) {
  try {
    if (signal === undefined) throw new ERR_INVALID_ARG_TYPE('signal', 'AbortSignal', signal);
    validateAbortSignal(signal, 'signal');
    validateObject(resource, 'resource', { allowArray: true, allowFunction: true });
  } catch (error) {
    return Promise.reject(error);
  }
  if (signal.aborted) return Promise.resolve();
  const alive = new WeakRef(resource);
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      if (alive.deref() !== undefined) resolve();
    }, { once: true });
  });
}

function transferableAbortSignal(signal) {
  if (signal?.aborted === undefined) throw new ERR_INVALID_ARG_TYPE('signal', 'AbortSignal', signal);
  // Nothing is transferred: the copy is aborted with the original, which may be transferred again.
  const transfer = () => ({ copy: AbortSignal.any([signal]), move() {} });
  return Object.defineProperty(signal, require('internal/structured_clone').transferredBy,
    { value: transfer, configurable: true });
}

function errnoException(errno, syscall, original) {
  const code = getSystemErrorName(errno);
  const error = new Error(original ? `${syscall} ${code} ${original}` : `${syscall} ${code}`);
  return Object.assign(error, { errno, code, syscall });
}

function exceptionWithHostPort(errno, syscall, address, port, additional) {
  const code = getSystemErrorName(errno);
  let details = port && port > 0 ? ` ${address}:${port}` : address ? ` ${address}` : '';
  if (additional) details += ` - Local (${additional})`;
  const error = Object.assign(new Error(`${syscall} ${code}${details}`), { errno, code, syscall, address });
  if (port) error.port = port;
  return error;
}

function convertProcessSignalToExitCode(signal) {
  const { signals } = require('internal/constants');
  validateOneOf(signal, 'signalCode', Object.keys(signals));
  return 128 + signals[signal];
}

module.exports = {
  _errnoException: errnoException,
  _exceptionWithHostPort: exceptionWithHostPort,
  _extend: deprecate(extend, 'The `util._extend` API is deprecated. Please use Object.assign() instead.', 'DEP0060'),
  callbackify, convertProcessSignalToExitCode,
  debug: debuglog,
  debuglog, deprecate, format, styleText, formatWithOptions, getCallSites, getSystemErrorMap, getSystemErrorName,
  getSystemErrorMessage, inherits,
  inspect,
  isArray: deprecate(Array.isArray, 'The `util.isArray` API is deprecated. Please use `Array.isArray()` instead.',
    'DEP0044'),
  isDeepStrictEqual: (a, b, skipPrototype) => require('internal/deep_equal').isDeepStrictEqual(a, b, skipPrototype),
  promisify, stripVTControlCharacters, toUSVString, transferableAbortSignal,
  transferableAbortController() {
    const controller = new AbortController();
    transferableAbortSignal(controller.signal);
    return controller;
  },
  aborted,
  types: require('internal/types'),
  parseEnv,
  parseArgs: (config) => require('internal/parse_args').parseArgs(config),
  setTraceSigInt(enable) { validateBoolean(enable, 'enable'); },
};

// later adds a property whose module is loaded on first use.
function later(name, id, key = name) {
  Object.defineProperty(module.exports, name, {
    get() {
      const value = require(id)[key];
      Object.defineProperty(this, name, { value, writable: true, configurable: true, enumerable: true });
      return value;
    },
    configurable: true, enumerable: true,
  });
}
later('TextDecoder', 'internal/encoding');
later('TextEncoder', 'internal/encoding');
later('MIMEType', 'internal/mime');
later('MIMEParams', 'internal/mime');
later('diff', 'internal/diff');

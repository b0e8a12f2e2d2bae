'use strict';

// The global console, and the class of others.

const { codes: { ERR_CONSOLE_WRITABLE_STREAM, ERR_INCOMPATIBLE_OPTION_PAIR } } = require('internal/errors');
const { validateArray, validateInteger, validateObject, validateOneOf } = require('internal/validators');
const diagnostics = require('internal/diagnostics');
const lazyStreams = require('internal/lazy_stdio');

const { isatty, writeSync } = internalBinding('stdio');

const isConsole = Symbol('isConsole');
const state = Symbol('state'); // the private state of a console
const mostIndentation = 1000;

const isStream = (stream) => stream !== null && (typeof stream === 'object' || typeof stream === 'function') &&
  typeof stream.write === 'function';

// Console may be called with new or without.
function Console(first, ...rest) {
  if (!new.target) return Reflect.construct(Console, [first, ...rest]);
  const options = !first || typeof first.write === 'function' ?
    { stdout: first, stderr: rest[0], ignoreErrors: rest[1] } : first;
  const {
    stdout, stderr = stdout, ignoreErrors = true, colorMode = 'auto', inspectOptions, groupIndentation,
  } = options;
  if (!isStream(stdout)) throw new ERR_CONSOLE_WRITABLE_STREAM('stdout');
  if (!isStream(stderr)) throw new ERR_CONSOLE_WRITABLE_STREAM('stderr');
  validateOneOf(colorMode, 'colorMode', ['auto', true, false]);
  if (groupIndentation !== undefined) validateInteger(groupIndentation, 'groupIndentation', 0, mostIndentation);
  if (inspectOptions !== undefined) checkInspectOptions(inspectOptions, options.colorMode !== undefined);
  // Methods are bound, including those of a class that extends Console.
  const prototype = Object.getPrototypeOf(this);
  for (const name of Object.keys(Console.prototype)) {
    if (typeof prototype[name] !== 'function') continue;
    this[name] = named(prototype[name].bind(this), prototype[name].name || name);
  }
  const stream = (value) => ({ value, writable: true, configurable: true, enumerable: false });
  Object.defineProperties(this, { _stdout: stream(stdout), _stderr: stream(stderr) });
  setUp(this, { ignoreErrors, colorMode, inspectOptions, groupIndentation });
}

function checkInspectOptions(inspectOptions, isColorGiven) {
  validateObject(inspectOptions, 'options.inspectOptions');
  const all = inspectOptions instanceof Map ? inspectOptions.values() : [inspectOptions];
  for (const one of all) {
    validateObject(one, 'options.inspectOptions');
    if (one.colors !== undefined && isColorGiven) {
      throw new ERR_INCOMPATIBLE_OPTION_PAIR('options.inspectOptions.color', 'colorMode');
    }
  }
}

function named(fn, name) {
  return Object.defineProperty(fn, 'name', { value: name, configurable: true });
}

// setUp sets the private state. ignoreErrors: a stream that cannot be written to is no error of the script.
function setUp(console, { ignoreErrors = true, colorMode = 'auto', inspectOptions, groupIndentation = 2 }) {
  const hidden = (value) => ({ value, writable: true, configurable: true, enumerable: false });
  Object.defineProperties(console, {
    [state]: hidden({ ignoreErrors, colorMode, inspectOptions, step: groupIndentation, indentation: '',
      counts: new Map() }),
    _times: hidden(new Map()),
    [isConsole]: hidden(true),
    [Symbol.toStringTag]: { value: 'console', configurable: true },
  });
}

Object.defineProperty(Console, Symbol.hasInstance, { value: (instance) => Boolean(instance?.[isConsole]) });

// colorsFor returns the options of inspect for a stream.
function colorsFor({ colorMode, inspectOptions }, stream) {
  const options = inspectOptions instanceof Map ? inspectOptions.get(stream) : inspectOptions;
  if (options !== undefined && options.colors !== undefined) return options;
  const colors = colorMode === 'auto' ? stream !== undefined &&
    require('internal/colors').shouldColor(stream) : colorMode;
  if (options !== undefined) return { ...options, colors };
  return colors ? { colors: true } : undefined;
}

// streamOf returns the stream of a console. For the global console it is a descriptor until the script uses the
// process's stream.
function streamOf(console, toStderr) {
  const name = toStderr ? '_stderr' : '_stdout';
  return console[name];
}

const directs = new Map(); // stands for a stream of the process that the script has not used

for (const [name, fd] of [['stdout', 1], ['stderr', 2]]) {
  directs.set(name, { fd, isTTY: undefined, write: (text) => writeSync(fd, text) });
}

function direct(name) {
  if (Object.getOwnPropertyDescriptor(process, name)?.get !== lazyStreams[name]) return process[name];
  const stream = directs.get(name);
  stream.isTTY ??= isatty(stream.fd);
  return stream.isTTY ? process[name] : stream;
}

function write(console, toStderr, text) {
  const { indentation, ignoreErrors } = console[state];
  const stream = streamOf(console, toStderr);
  if (indentation !== '') text = indentation + text.replaceAll('\n', `\n${indentation}`);
  text += '\n';
  if (stream.fd !== undefined && directs.get(stream.fd === 1 ? 'stdout' : 'stderr') === stream) {
    try {
      stream.write(text);
    } catch {
      // As with other streams, its reader may be gone.
    }
    return;
  }
  if (!ignoreErrors) {
    stream.write(text);
    return;
  }
  if (stream === null || stream === undefined) return;
  // An error that is emitted during the write or soon after it has a listener that does nothing.
  const hasListener = typeof stream.once === 'function' && typeof stream.removeListener === 'function';
  try {
    if (hasListener) {
      if (stream.listenerCount?.('error') === 0) {
        stream.once('error', nothing);
        stream.write(text, ended(stream));
      } else {
        stream.write(text, nothing);
      }
    } else {
      stream.write(text);
    }
  } catch (error) {
    if (require('internal/inspect').isOverflow(error)) throw error;
  } finally {
    if (hasListener) stream.removeListener('error', nothing);
  }
}

function nothing() {}

// ended returns a callback for a write after which an error may still be emitted.
function ended(stream) {
  return (error) => {
    if (error == null || stream._writableState?.errorEmitted) return;
    if (stream.listenerCount('error') === 0) stream.once('error', nothing);
  };
}

// formatAll is loaded with the first value that is not a string.
function formatAll(options, args) {
  return require('internal/format').formatAll(options, args);
}

function print(console, toStderr, args) {
  const first = args[0];
  if (args.length === 1 && typeof first === 'string') {
    write(console, toStderr, first);
    return;
  }
  write(console, toStderr, formatAll(colorsFor(console[state], streamOf(console, toStderr)), args));
}

function publishAndPrint(console, name, toStderr, args) {
  if (diagnostics.active !== undefined) diagnostics.publish(name, args);
  print(console, toStderr, args);
}

function elapsed(console, label, method, args) {
  const began = console._times.get(label);
  if (began === undefined) {
    process.emitWarning(`No such label '${label}' for console.${method}()`);
    return false;
  }
  const { formatTime } = require('internal/util/debuglog');
  print(console, false, ['%s: %s', label, formatTime(Number(process.hrtime.bigint() - began) / 1e6), ...args]);
  return true;
}

const methods = {
  log(...args) { publishAndPrint(this, 'console.log', false, args); },
  info(...args) { publishAndPrint(this, 'console.info', false, args); },
  debug(...args) { publishAndPrint(this, 'console.debug', false, args); },
  warn(...args) { publishAndPrint(this, 'console.warn', true, args); },
  error(...args) { publishAndPrint(this, 'console.error', true, args); },
  dir(object, options) {
    write(this, false, require('internal/inspect').inspect(object, { customInspect: false, ...colorsFor(this[state], streamOf(this, false)), ...options }));
  },
  time(label = 'default') {
    label = `${label}`;
    if (this._times.has(label)) process.emitWarning(`Label '${label}' already exists for console.time()`);
    else this._times.set(label, process.hrtime.bigint());
  },
  timeEnd(label = 'default') {
    label = `${label}`;
    if (elapsed(this, label, 'timeEnd', [])) this._times.delete(label);
  },
  timeLog(label = 'default', ...data) { elapsed(this, `${label}`, 'timeLog', data); },
  trace(...args) {
    const error = { name: 'Trace', message: formatAll(colorsFor(this[state], streamOf(this, true)), args) };
    Error.captureStackTrace(error, methods.trace);
    this.error(error.stack);
  },
  assert(expression, ...args) {
    if (expression) return;
    args[0] = `Assertion failed${args.length === 0 ? '' : `: ${typeof args[0] === 'string' ? args[0] : require('internal/inspect').inspect(args[0])}`}`;
    this.warn(...args);
  },
  clear() {
    const stream = streamOf(this, false);
    if (stream.isTTY && process.env.TERM !== 'dumb') stream.write('\u001b[1;1H\u001b[0J');
  },
  count(label = 'default') {
    label = `${label}`;
    const { counts } = this[state];
    const count = (counts.get(label) ?? 0) + 1;
    counts.set(label, count);
    this.log(`${label}: ${count}`);
  },
  countReset(label = 'default') {
    label = `${label}`;
    if (!this[state].counts.delete(label)) process.emitWarning(`Count for '${label}' does not exist`);
  },
  group(...data) {
    if (data.length > 0) Reflect.apply(this.log, this, data);
    if (this[state].indentation.length < mostIndentation) this[state].indentation += ' '.repeat(this[state].step);
  },
  groupEnd() {
    const own = this[state];
    own.indentation = own.indentation.slice(0, own.indentation.length - own.step);
  },
  table(data, properties) {
    if (data === null || typeof data !== 'object') {
      this.log(data);
      return;
    }
    if (properties !== undefined) validateArray(properties, 'properties');
    this.log(require('internal/console_table').table(data, properties, colorsFor(this[state], streamOf(this, false))));
  },
  dirxml(...args) { print(this, false, args); },
  groupCollapsed(...data) { this.group(...data); },
};

Console.prototype = methods;
Object.defineProperty(methods, 'constructor', { value: Console, writable: true, configurable: true, enumerable: false });

// The global console has no Console prototype, and uses the process's streams at the time of the write.
const console = Object.create({});
setUp(console, {});
for (const name of Object.keys(methods)) console[name] = named(methods[name].bind(console), name);
for (const name of ['stdout', 'stderr']) {
  Object.defineProperty(console, `_${name}`, {
    get: () => direct(name),
    set(value) {
      Object.defineProperty(console, `_${name}`, { value, writable: true, configurable: true, enumerable: true });
    },
    configurable: true, enumerable: false,
  });
}
Object.defineProperty(console, 'Console', { value: Console, writable: true, configurable: true, enumerable: true });
for (const name of ['profile', 'profileEnd', 'timeStamp', 'context']) {
  console[name] = { [name]() {} }[name];
}
console.createTask = function createTask(name) {
  require('internal/validators').validateString(name, 'name');
  return { run: (fn) => fn() };
};

module.exports = { Console, console };

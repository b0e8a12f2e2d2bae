'use strict';

const internal = require('internal/child_process');
const { AbortError, codes } = require('internal/errors');
const { signalNumber } = require('internal/constants');
const {
  validateAbortSignal, validateArray, validateBoolean, validateFunction, validateInt32, validateInteger, validateNumber, validateObject, validateString,
} = require('internal/validators');

const { ERR_CHILD_PROCESS_IPC_REQUIRED, ERR_CHILD_PROCESS_STDIO_MAXBUFFER, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE } = codes;

const MAX_BUFFER = 1024 * 1024;

const kCustomPromisify = Symbol.for('nodejs.util.promisify.custom');

// checkNull throws for a text with a NUL byte, which no system call can take.
function checkNull(text, name, kinds = 'a string') {
  if (typeof text === 'string' && text.includes('\u0000')) throw new ERR_INVALID_ARG_VALUE(name, text, `must be ${kinds} without null bytes`);
}

// validPath returns a path that may be a string, a Buffer or a URL of a file.
function validPath(path, name) {
  const { isURL, fileURLToPath } = require('internal/url');
  if (isURL(path)) path = fileURLToPath(path);
  if (typeof path !== 'string' && !(path instanceof Uint8Array)) {
    throw new ERR_INVALID_ARG_TYPE(name, ['string', 'Buffer', 'URL'], path);
  }
  if (typeof path !== 'string') {
    if (path.includes(0)) throw new ERR_INVALID_ARG_VALUE(name, path, 'must be a string, Uint8Array, or URL without null bytes');
    return require('buffer').Buffer.from(path).toString();
  }
  checkNull(path, name, 'a string, Uint8Array, or URL');
  return path;
}

function validateTimeout(timeout) {
  if (timeout != null) validateInteger(timeout, 'timeout', 0);
}

function validateMaxBuffer(maxBuffer) {
  if (maxBuffer != null) validateNumber(maxBuffer, 'options.maxBuffer', 0);
}

function sanitizeKillSignal(signal) {
  if (typeof signal === 'string' || typeof signal === 'number') return signalNumber(signal);
  if (signal != null) throw new ERR_INVALID_ARG_TYPE('options.killSignal', ['string', 'number'], signal);
  return undefined;
}

let warnedOfShell = false;

function warnOfShell() {
  if (warnedOfShell) return;
  warnedOfShell = true;
  process.emitWarning('Passing args to a child process with shell option true can lead to security vulnerabilities, ' +
    'as the arguments are not escaped, only concatenated.', 'DeprecationWarning', 'DEP0190');
}

function optional(options, name, validate) {
  if (options[name] != null) validate(options[name], `options.${name}`);
}

function validateShell(value, name) {
  if (typeof value !== 'boolean' && typeof value !== 'string') throw new ERR_INVALID_ARG_TYPE(name, ['boolean', 'string'], value);
  checkNull(value, name);
}

// envPairsOf returns the child's environment, including the variables that env inherits.
function envPairsOf(env) {
  if (env === require('internal/env') && Object.keys(Object.prototype).length === 0) return require('internal/env_state').pairs();
  const pairs = [];
  for (const key in env) {
    const value = env[key];
    if (value === undefined) continue;
    const pair = `${key}=${value}`;
    if (pair.includes('\0')) {
      const name = `options.env['${key}']`;
      checkNull(key, name);
      checkNull(String(value), name);
    }
    pairs.push(pair);
  }
  return pairs;
}

// defaultShell returns the shell of process.platform, which a script may have changed.
function defaultShell() {
  if (process.platform === 'win32') return process.env.comspec || 'cmd.exe';
  return process.platform === 'android' ? '/system/bin/sh' : '/bin/sh';
}

// normalizeSpawnArguments checks the arguments of spawn and the like, and returns the options of ChildProcess.spawn.
function normalizeSpawnArguments(file, args, options) {
  validateString(file, 'file');
  checkNull(file, 'file');
  if (file.length === 0) throw new ERR_INVALID_ARG_VALUE('file', file, 'cannot be empty');
  if (Array.isArray(args)) {
    args = args.slice();
  } else if (args == null) {
    args = [];
  } else if (typeof args !== 'object') {
    throw new ERR_INVALID_ARG_TYPE('args', 'object', args);
  } else {
    options = args;
    args = [];
  }
  args.forEach((arg, i) => checkNull(arg, `args[${i}]`));
  if (options === undefined) options = {};
  else validateObject(options, 'options');
  options = { __proto__: null, ...options };

  let { cwd } = options;
  if (cwd != null) cwd = validPath(cwd, 'options.cwd');
  optional(options, 'detached', validateBoolean);
  optional(options, 'uid', validateInt32);
  optional(options, 'gid', validateInt32);
  optional(options, 'shell', validateShell);
  optional(options, 'argv0', (value, name) => {
    validateString(value, name);
    checkNull(value, name);
  });
  optional(options, 'windowsHide', validateBoolean);
  optional(options, 'windowsVerbatimArguments', validateBoolean);

  if (options.shell) {
    if (args.length > 0) warnOfShell();
    const command = args.length > 0 ? `${file} ${args.join(' ')}` : file;
    file = typeof options.shell === 'string' ? options.shell : defaultShell();
    if (process.platform === 'win32' && /^(?:.*\\)?cmd(?:\.exe)?$/i.test(file)) {
      args = ['/d', '/s', '/c', `"${command}"`];
      options.windowsVerbatimArguments = true;
    } else {
      args = ['-c', command];
    }
  }
  args.unshift(typeof options.argv0 === 'string' ? options.argv0 : file);

  return {
    __proto__: null, ...options, args, cwd, detached: Boolean(options.detached), envPairs: envPairsOf(options.env || process.env), file,
    windowsHide: Boolean(options.windowsHide), windowsVerbatimArguments: Boolean(options.windowsVerbatimArguments),
  };
}

function spawn(file, args, options) {
  options = normalizeSpawnArguments(file, args, options);
  validateTimeout(options.timeout);
  validateAbortSignal(options.signal, 'options.signal');
  const killSignal = sanitizeKillSignal(options.killSignal);
  const child = new internal.ChildProcess();
  child.spawn(options);

  if (options.timeout > 0) {
    let timer = setTimeout(() => {
      timer = null;
      try {
        child.kill(killSignal);
      } catch (error) {
        child.emit('error', error);
      }
    }, options.timeout);
    child.once('exit', () => {
      if (timer !== null) clearTimeout(timer);
      timer = null;
    });
  }

  const { signal } = options;
  if (signal) {
    const abort = () => abortChild(child, killSignal, signal.reason);
    if (signal.aborted) {
      process.nextTick(abort);
    } else {
      const disposable = require('events').addAbortListener(signal, abort);
      child.once('exit', () => disposable[Symbol.dispose ?? Symbol.for('Symbol.dispose')]());
    }
  }
  return child;
}

function abortChild(child, killSignal, reason) {
  try {
    if (child.kill(killSignal)) child.emit('error', new AbortError(undefined, { cause: reason }));
  } catch (error) {
    child.emit('error', error);
  }
}

function fork(modulePath, args = [], options) {
  modulePath = validPath(modulePath, 'modulePath');
  if (args == null) {
    args = [];
  } else if (typeof args === 'object' && !Array.isArray(args)) {
    options = args;
    args = [];
  } else {
    validateArray(args, 'args');
  }
  if (options != null) validateObject(options, 'options');
  options = { __proto__: null, ...options, shell: false };
  options.execPath ||= process.execPath;
  checkNull(options.execPath, 'options.execPath');

  let execArgv = options.execArgv || process.execArgv;
  if (execArgv === process.execArgv && process._eval != null) {
    const i = execArgv.lastIndexOf(process._eval);
    if (i > 0) execArgv = execArgv.toSpliced(i - 1, 2); // The text was for this process only.
  }
  args = [...execArgv, modulePath, ...args];

  if (typeof options.stdio === 'string') {
    options.stdio = internal.stdioStringToArray(options.stdio, 'ipc');
  } else if (!Array.isArray(options.stdio)) {
    options.stdio = internal.stdioStringToArray(options.silent ? 'pipe' : 'inherit', 'ipc');
  } else if (!options.stdio.includes('ipc')) {
    throw new ERR_CHILD_PROCESS_IPC_REQUIRED('options.stdio');
  }
  return spawn(options.execPath, args, options);
}

function normalizeExecArgs(command, options, callback) {
  validateString(command, 'command');
  checkNull(command, 'command');
  if (typeof options === 'function') {
    callback = options;
    options = undefined;
  }
  options = { __proto__: null, ...options };
  options.shell = typeof options.shell === 'string' ? options.shell : true;
  return { file: command, options, callback };
}

function exec(command, options, callback) {
  const normal = normalizeExecArgs(command, options, callback);
  return module.exports.execFile(normal.file, normal.options, normal.callback);
}

function normalizeExecFileArgs(file, args, options, callback) {
  if (Array.isArray(args)) {
    args = args.slice();
  } else if (args != null && typeof args === 'object') {
    callback = options;
    options = args;
    args = null;
  } else if (typeof args === 'function') {
    callback = args;
    options = null;
    args = null;
  }
  args ??= [];
  if (typeof options === 'function') callback = options;
  else if (options != null) validateObject(options, 'options');
  if (typeof options === 'function') options = null;
  options ??= {};
  if (callback != null) validateFunction(callback, 'callback');
  if (options.argv0 != null) {
    validateString(options.argv0, 'options.argv0');
    checkNull(options.argv0, 'options.argv0');
  }
  return { file, args, options, callback };
}

// Output gathers the output of a child's stream, up to a limit.
class Output {
  constructor(stream, name, encoding, limit, exceeded) {
    this.chunks = [];
    this.length = 0;
    this.stream = stream;
    this.encoding = encoding;
    if (!stream) return;
    if (encoding) stream.setEncoding(encoding);
    const { Buffer } = require('buffer');
    stream.on('data', (chunk) => {
      if (limit === Infinity) {
        this.chunks.push(chunk);
        return;
      }
      const used = stream.readableEncoding;
      const length = used ? Buffer.byteLength(chunk, used) : chunk.length;
      this.length += length;
      if (this.length <= limit) {
        this.chunks.push(chunk);
        return;
      }
      this.chunks.push(chunk.slice(0, limit - (this.length - length)));
      exceeded(new ERR_CHILD_PROCESS_STDIO_MAXBUFFER(name));
    });
  }

  value() {
    if (this.encoding || this.stream?.readableEncoding) return this.chunks.join('');
    return require('buffer').Buffer.concat(this.chunks);
  }
}

function execFile(file, args, options, callback) {
  ({ file, args, options, callback } = normalizeExecFileArgs(file, args, options, callback));
  options = {
    __proto__: null, encoding: 'utf8', timeout: 0, maxBuffer: MAX_BUFFER, killSignal: 'SIGTERM', cwd: null, env: null, shell: false, ...options,
  };
  validateTimeout(options.timeout);
  validateMaxBuffer(options.maxBuffer);
  options.killSignal = sanitizeKillSignal(options.killSignal);

  const child = spawn(file, args, {
    cwd: options.cwd, env: options.env, gid: options.gid, shell: options.shell, signal: options.signal, uid: options.uid,
    windowsHide: Boolean(options.windowsHide), windowsVerbatimArguments: Boolean(options.windowsVerbatimArguments),
  });

  const { Buffer } = require('buffer');
  const encoding = options.encoding !== 'buffer' && Buffer.isEncoding(options.encoding) ? options.encoding : null;
  let killed = false;
  let exited = false;
  let timer = null;
  let failure = null;
  let cmd = file;

  function finish(code, signal) {
    if (exited) return;
    exited = true;
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (!callback) return;
    const out = stdout.value();
    const err = stderr.value();
    if (!failure && code === 0 && signal === null) {
      callback(null, out, err);
      return;
    }
    if (args?.length) cmd += ` ${args.join(' ')}`;
    failure ||= Object.assign(new Error(`Command failed: ${cmd}\n${err}`), {
      code: code < 0 ? require('internal/system_errors').getSystemErrorName(code) : code, killed: child.killed || killed, signal,
    });
    failure.cmd = cmd;
    callback(failure, out, err);
  }

  function fail(error) {
    failure = error;
    child.stdout?.destroy();
    child.stderr?.destroy();
    finish();
  }

  function kill() {
    child.stdout?.destroy();
    child.stderr?.destroy();
    killed = true;
    try {
      child.kill(options.killSignal);
    } catch (error) {
      failure = error;
      finish();
    }
  }

  function exceeded(error) {
    failure = error;
    kill();
  }

  const stdout = new Output(child.stdout, 'stdout', encoding, options.maxBuffer, exceeded);
  const stderr = new Output(child.stderr, 'stderr', encoding, options.maxBuffer, exceeded);
  if (options.timeout > 0) {
    timer = setTimeout(() => {
      kill();
      timer = null;
    }, options.timeout);
  }
  child.addListener('close', finish);
  child.addListener('error', fail);
  return child;
}

// promised returns exec or execFile for util.promisify.
function promised(name) {
  return { [name](...args) {
    const { promise, resolve, reject } = Promise.withResolvers();
    promise.child = module.exports[name](...args, (error, stdout, stderr) => {
      if (error === null) resolve({ stdout, stderr });
      else reject(Object.assign(error, { stdout, stderr }));
    });
    return promise;
  } }[name];
}

Object.defineProperty(exec, kCustomPromisify, { enumerable: false, value: promised('exec') });
Object.defineProperty(execFile, kCustomPromisify, { enumerable: false, value: promised('execFile') });

function isView(value) {
  return ArrayBuffer.isView(value);
}

function spawnSync(file, args, options) {
  options = { __proto__: null, maxBuffer: MAX_BUFFER, ...normalizeSpawnArguments(file, args, options) };
  validateTimeout(options.timeout);
  validateMaxBuffer(options.maxBuffer);
  options.killSignal = sanitizeKillSignal(options.killSignal);
  options.stdio = internal.getValidStdio(options.stdio || 'pipe', true).stdio;
  if (options.input) options.stdio[0] = { ...options.stdio[0], input: options.input };
  for (let i = 0; i < options.stdio.length; i++) {
    const input = options.stdio[i]?.input;
    if (input == null) continue;
    const slot = options.stdio[i] = { ...options.stdio[i] };
    if (isView(input)) slot.input = input;
    else if (typeof input === 'string') slot.input = require('buffer').Buffer.from(input, options.encoding);
    else throw new ERR_INVALID_ARG_TYPE(`options.stdio[${i}]`, ['Buffer', 'TypedArray', 'DataView', 'string'], input);
  }
  return internal.spawnSync(options);
}

function syncFailure(result, args, cmd) {
  if (result.error) return Object.assign(result.error, result);
  if (result.status === 0) return undefined;
  let text = `Command failed: ${cmd ?? args.join(' ')}`;
  if (result.stderr && result.stderr.length > 0) text += `\n${result.stderr.toString()}`;
  return Object.assign(new Error(text), result);
}

function finishSync(result, inherits, args, cmd) {
  if (inherits && result.stderr) process.stderr.write(result.stderr);
  const error = syncFailure(result, args, cmd);
  if (error) throw error;
  return result.stdout;
}

function execFileSync(file, args, options) {
  if (typeof options === 'function') throw new ERR_INVALID_ARG_TYPE('options', 'object', options);
  ({ file, args, options } = normalizeExecFileArgs(file, args, options));
  const result = spawnSync(file, args, options);
  return finishSync(result, !options.stdio, [options.argv0 || file, ...args]);
}

function execSync(command, options) {
  const normal = normalizeExecArgs(command, options, null);
  const result = spawnSync(normal.file, normal.options);
  return finishSync(result, !normal.options.stdio, undefined, command);
}

// _forkChild is called in a forked program: process becomes the other end of its channel, which keeps the loop running
// while the script listens to it.
function _forkChild() {
  const advanced = process.env.NODE_CHANNEL_SERIALIZATION_MODE === 'advanced';
  const channel = internalBinding('child').parentChannel();
  if (channel === undefined) return;
  const control = internal.setupChannel(process, channel, advanced);
  const counted = (name) => name === 'message' || name === 'disconnect';
  process.on('newListener', (name) => {
    if (counted(name)) control.refCounted();
  });
  process.on('removeListener', (name) => {
    if (counted(name)) control.unrefCounted();
  });
}

module.exports = { ChildProcess: internal.ChildProcess, _forkChild, exec, execFile, execFileSync, execSync, fork, spawn, spawnSync };

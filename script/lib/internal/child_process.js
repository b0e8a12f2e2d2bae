'use strict';

// ChildProcess: a child, its streams and its channel, over a native child of Go. Module child_process checks most of the
// arguments.

const EventEmitter = require('events');
const contexts = require('internal/context_hook');
const diagnostics = require('internal/diagnostics');
const { codes } = require('internal/errors');
const { signalName, signalNumber } = require('internal/constants');
const { errnoException, errnoOf } = require('internal/system_errors');
const { validateArray, validateObject, validateOneOf, validateString } = require('internal/validators');
const { kChannelHandle, setupChannel } = require('internal/channel');

const binding = internalBinding('child');

const { ERR_INVALID_ARG_VALUE, ERR_INVALID_SYNC_FORK_INPUT, ERR_IPC_ONE_PIPE, ERR_IPC_SYNC_FORK } = codes;

// Errors that a child emits; spawn throws all others.
const told = new Set([errnoOf('EACCES'), errnoOf('EAGAIN'), errnoOf('EMFILE'), errnoOf('ENFILE'), errnoOf('ENOENT')]);

const kIsUsedAsStdio = Symbol('kIsUsedAsStdio'); // of a stream of a child

function stdioStringToArray(stdio, channel) {
  let slots;
  switch (stdio) {
    case 'ignore':
    case 'overlapped':
    case 'pipe':
      slots = [stdio, stdio, stdio];
      break;
    case 'inherit':
      slots = [0, 1, 2];
      break;
    default:
      throw new ERR_INVALID_ARG_VALUE('stdio', stdio);
  }
  if (channel) slots.push(channel);
  return slots;
}

// slotOf returns the description of one descriptor of a child.
function slotOf(stdio, i, sync) {
  if (stdio == null) stdio = i < 3 ? 'pipe' : 'ignore';
  if (stdio === 'ignore') return { type: 'ignore' };
  if (stdio === 'pipe' || stdio === 'overlapped' || (typeof stdio === 'number' && stdio < 0)) {
    return { type: stdio === 'overlapped' ? 'overlapped' : 'pipe', readable: i === 0, writable: i !== 0 };
  }
  if (stdio === 'inherit') return { type: 'inherit', fd: i };
  if (typeof stdio === 'number' || typeof stdio.fd === 'number') {
    return { type: 'fd', fd: typeof stdio === 'number' ? stdio : stdio.fd };
  }
  const handle = stdio._handle ?? stdio.handle;
  if (typeof handle?.fd === 'number') return { type: 'wrap', fd: handle.fd, handle, _stdio: stdio };
  if (typeof stdio === 'string' || ArrayBuffer.isView(stdio)) {
    if (!sync) throw new ERR_INVALID_SYNC_FORK_INPUT(require('internal/inspect').inspect(stdio));
    return undefined;
  }
  throw new ERR_INVALID_ARG_VALUE('stdio', stdio);
}

function getValidStdio(stdio, sync) {
  if (typeof stdio === 'string') stdio = stdioStringToArray(stdio);
  else if (!Array.isArray(stdio)) throw new ERR_INVALID_ARG_VALUE('stdio', stdio);
  while (stdio.length < 3) stdio.push(undefined);
  let ipc;
  let ipcFd;
  const slots = [];
  stdio.forEach((one, i) => {
    if (one !== 'ipc') {
      const slot = slotOf(one, i, sync);
      if (slot !== undefined) slots.push(slot);
      return;
    }
    if (sync) throw new ERR_IPC_SYNC_FORK();
    if (ipc !== undefined) throw new ERR_IPC_ONE_PIPE();
    ipcFd = i;
    ipc = { type: 'ipc', ipc: true };
    slots.push(ipc);
  });
  return { stdio: slots, ipc, ipcFd };
}

function ChildProcess() {
  EventEmitter.call(this);
  this._closesNeeded = 1;
  this._closesGot = 0;
  this.connected = false;
  this.signalCode = null;
  this.exitCode = null;
  this.killed = false;
  this.spawnfile = null;
  this._handle = null;
}
Object.setPrototypeOf(ChildProcess.prototype, EventEmitter.prototype);
Object.setPrototypeOf(ChildProcess, EventEmitter);

ChildProcess.prototype.spawn = function spawn(options) {
  validateObject(options, 'options');
  const { stdio, ipc } = getValidStdio(options.stdio || 'pipe', false);
  options.stdio = stdio;
  validateOneOf(options.serialization, 'options.serialization', [undefined, 'json', 'advanced']);
  if (options.envPairs === undefined) options.envPairs = ipc === undefined ? undefined : [];
  else validateArray(options.envPairs, 'options.envPairs');
  validateString(options.file, 'options.file');
  this.spawnfile = options.file;
  if (options.args === undefined) {
    this.spawnargs = [];
  } else {
    validateArray(options.args, 'options.args');
    this.spawnargs = options.args;
  }

  for (const slot of stdio) {
    if (slot.type === 'wrap') slot.fd = slot.handle.lend?.() ?? slot.fd;
  }
  if (diagnostics.active !== undefined) {
    diagnostics.publish('child_process', { process: this });
    diagnostics.publish('tracing:child_process.spawn:start', { process: this, options });
  }
  const tell = (code, signal) => onexit(this, code, signal === null ? null : signalName(signal));
  const started = binding.spawn(options, contexts.bindRequest === undefined ? tell :
    contexts.bindRequest(tell, 'PROCESSWRAP'));
  const failure = started.errno;
  if (told.has(failure)) {
    process.nextTick(onexit, this, failure, null);
    if (failure === errnoOf('EMFILE') || failure === errnoOf('ENFILE')) return failure;
  } else if (failure !== 0) {
    throw errnoException(failure, 'spawn');
  } else {
    process.nextTick(() => this.emit('spawn'));
  }
  this._handle = started.handle;
  if (failure === 0) this.pid = started.pid;
  if (diagnostics.active !== undefined) publishStarted(this, failure);

  const streams = stdio.map((slot, i) => {
    if (slot.type === 'wrap') lendToChild(slot);
    const native = started.stdio[i];
    if (native === undefined) return null;
    if (failure === 0) {
      this._closesNeeded++;
      if (i === 0) return native; // See putWhenAsked.
    }
    return slot.socket = streamOf(native, i, failure === 0 ? this : undefined);
  });
  if (streams[0] !== null && failure === 0) putWhenAsked(this, streams);
  else put(this, streams);
  if (ipc !== undefined && started.channel !== undefined) {
    this._closesNeeded++;
    setupChannel(this, started.channel, options.serialization === 'advanced', () => maybeClose(this));
  }
  return failure;
};

// streamOf returns the stream of descriptor i of a child, which is notified of its close.
function streamOf(native, i, child) {
  const socket = require('internal/net_socket').ofHandle(native, { readable: i > 0, writable: i === 0 || i > 2 });
  if (child !== undefined) socket.on('close', () => maybeClose(child));
  return socket;
}

function put(child, streams) {
  [child.stdin, child.stdout, child.stderr] = streams;
  child.stdio = streams;
}

// Given is a class whose constructor returns its argument: classes that extend it add private names to any object.
class Given {
  constructor(object) { return object; }
}

// Unasked marks children whose stdin was not read yet. A WeakMap would keep them for ever, because their streams refer
// to them.
class Unasked extends Given {
  #streams; // all streams; stdin is a native one, or null once it is closed

  static add(child, streams) {
    if (!(#streams in child)) new Unasked(child);
    child.#streams = streams;
  }

  // streams returns the streams of a child, undefined once stdin was read.
  static streams(child) { return #streams in child ? child.#streams : undefined; }

  static remove(child) { child.#streams = undefined; }
}

// putWhenAsked is put, but makes the stdin stream when the property is first read: making it takes as long as starting
// a program, and few scripts write to a child.
function putWhenAsked(child, streams) {
  Unasked.add(child, streams);
  const ask = () => askForStdin(child);
  const property = (name) => ({
    get() {
      ask();
      return child[name];
    },
    set(value) {
      ask();
      child[name] = value;
    },
    enumerable: true, configurable: true,
  });
  Object.defineProperty(child, 'stdin', property('stdin'));
  [, child.stdout, child.stderr] = streams;
  Object.defineProperty(child, 'stdio', property('stdio'));
}

function askForStdin(child) {
  const streams = Unasked.streams(child);
  if (streams === undefined) return;
  Unasked.remove(child);
  streams[0] = streams[0] === null ? closedStdin() : streamOf(streams[0], 0, child);
  for (const name of ['stdin', 'stdio']) {
    Object.defineProperty(child, name, { value: name === 'stdin' ? streams[0] : streams, writable: true, enumerable: true, configurable: true });
  }
}

// closedStdin returns the stdin of a child that has exited.
function closedStdin() {
  const { Socket } = require('internal/net_socket');
  return new Socket({ readable: false, writable: true }).destroy();
}

// closeStdin closes the stdin of a child that has exited.
function closeStdin(child) {
  const streams = Unasked.streams(child);
  if (streams === undefined) {
    child.stdin?.destroy();
    return;
  }
  const { Pipe, constants } = require('internal/stream_handle');
  new Pipe(constants.SOCKET).attach(streams[0]).close(() => maybeClose(child));
  streams[0] = null;
}

// inspect shows a child with all of its streams.
ChildProcess.prototype[Symbol.for('nodejs.util.inspect.custom')] = function () {
  askForStdin(this);
  return this;
};

function publishStarted(child, failure) {
  if (failure === 0) diagnostics.publish('tracing:child_process.spawn:end', { process: child });
  else diagnostics.publish('tracing:child_process.spawn:error',
    { process: child, error: errnoException(failure, `spawn ${child.spawnfile}`) });
}

// lendToChild lends a stream of this process to a child, and stops reading it here.
function lendToChild({ handle, _stdio: stream }) {
  handle.readStop?.();
  stream.pause?.();
  stream.readableFlowing = false;
  if (stream._readableState) stream._readableState.reading = false;
  stream[kIsUsedAsStdio] = true;
}

function onexit(child, code, signal) {
  if (signal) child.signalCode = signal;
  else child.exitCode = code;
  closeStdin(child);
  child._handle = null;
  if (code < 0) {
    const error = errnoException(code, child.spawnfile ? `spawn ${child.spawnfile}` : 'spawn');
    if (child.spawnfile) error.path = child.spawnfile;
    error.spawnargs = child.spawnargs.slice(1);
    child.emit('error', error);
  } else {
    child.emit('exit', child.exitCode, child.signalCode);
  }
  process.nextTick(flushStdio, child);
  maybeClose(child);
}

// flushStdio resumes streams that are not read, because 'close' waits for their end.
function flushStdio(child) {
  for (const stream of Unasked.streams(child) ?? child.stdio ?? []) {
    if (stream?.readable && !stream.readableFlowing && !stream[kIsUsedAsStdio]) stream.resume();
  }
}

function maybeClose(child) {
  child._closesGot++;
  if (child._closesGot === child._closesNeeded) child.emit('close', child.exitCode, child.signalCode);
}

ChildProcess.prototype.kill = function kill(signal) {
  const number = signal === 0 ? 0 : signalNumber(signal === undefined ? 'SIGTERM' : signal);
  if (!this._handle) return false;
  const failure = this._handle.kill(number);
  if (failure === 0) {
    this.killed = true;
    return true;
  }
  if (failure === errnoOf('EINVAL') || failure === errnoOf('ENOSYS')) throw errnoException(failure, 'kill');
  if (failure !== errnoOf('ESRCH')) this.emit('error', errnoException(failure, 'kill'));
  return false;
};

ChildProcess.prototype.ref = function ref() {
  this._handle?.ref();
};

ChildProcess.prototype.unref = function unref() {
  this._handle?.unref();
};

ChildProcess.prototype[Symbol.dispose ?? Symbol.for('Symbol.dispose')] = function () {
  if (!this.killed) this.kill();
};

function spawnSync(options) {
  const result = binding.spawnSync(options);
  if (result.output) {
    const { Buffer } = require('buffer');
    result.output = result.output.map((bytes) => {
      if (bytes === null) return null;
      const buffer = Buffer.from(bytes.buffer);
      return options.encoding && options.encoding !== 'buffer' ? buffer.toString(options.encoding) : buffer;
    });
  }
  result.stdout = result.output?.[1];
  result.stderr = result.output?.[2];
  if (result.error) {
    result.error = errnoException(result.error, `spawnSync ${options.file}`);
    result.error.path = options.file;
    result.error.spawnargs = options.args.slice(1);
  }
  return result;
}

module.exports = { ChildProcess, getValidStdio, kChannelHandle, setupChannel, spawnSync, stdioStringToArray };

'use strict';

// ProcessPromise is a command, and the promise of its output.

const { codes: { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_INVALID_STATE } } = require('internal/errors');
const { templateOf } = require('internal/dollar/command');
const { forHost, isStream, put, tellEnvironment, validated } = require('internal/dollar/options');
const { ProcessError, ProcessOutput, isBrokenPipe, setPipedFrom, wasKilled } = require('internal/dollar/output');
const { nextTick } = require('internal/ticks');

const binding = internalBinding('command');

// The states of a command, in their order. It is NEW until the end of the turn in which it was made, so methods can
// still set its options. It is WAITING only if other commands, whose output it needs, are among its values.
const [NEW, WAITING, RUNNING, OVER] = [0, 1, 2, 3];

const MAX_BUFFER = 64 << 20; // Go's default

function nothing() {}

let start; // starts a command

// The functions of the promise that the constructor is making.
let resolveMade;
let rejectMade;

function takeFunctions(resolve, reject) {
  resolveMade = resolve;
  rejectMade = reject;
}

// Connections has the state that most commands do not need.
class Connections {
  slots; // targets of the first three descriptors; undefined: no input, and both outputs are kept
  streams = [undefined, undefined, undefined]; // the script's ends of pipes
  source; // the command whose output this one reads
  sinks = []; // promises of streams that take the output
  isStopped = false; // killed by #stop: its exit is no failure
  aborted; // {reason}
  disposeAbort;
}

class ProcessPromise extends Promise {
  #template;
  #values;
  #options; // the options of its $, or its own, which inherit from these
  #hasOwnOptions = false;
  #nothrow; // whether the command itself was set to; undefined: as in #options
  #quiet;
  #state = NEW;
  #number; // the host's number of the command, while it runs
  #resolve;
  #reject;
  #connections; // undefined: it has none

  constructor(template, values, options) {
    super(takeFunctions);
    this.#resolve = resolveMade;
    this.#reject = rejectMade;
    resolveMade = rejectMade = undefined;
    this.#template = template;
    this.#values = values;
    this.#options = options;
    nextTick(start, this);
  }

  static {
    start = (command) => command.#start();
    internalBinding('host').setHook('commandClosed', (command, code, signal, stdout, stderr, ms, bits, error) => {
      command.#onClose(code, signal, stdout, stderr, ms, bits, error);
    });
    // await uses a promise whose constructor is Promise directly, and others by way of two more. then() does not return
    // a command.
    delete ProcessPromise.prototype.constructor;
  }

  get [Symbol.toStringTag]() { return 'ProcessPromise'; }

  // Methods that set options.

  cwd(dir) {
    this.#mustBeNew('cwd');
    return this.#set('cwd', dir);
  }

  env(env) {
    this.#mustBeNew('env');
    return this.#set('env', env);
  }

  stdio(stdin, ...others) {
    this.#mustBeNew('stdio');
    return this.#set('stdio', others.length === 0 ? stdin : [stdin, ...others]);
  }

  nothrow(on = true) {
    this.#nothrow = validated('nothrow', on);
    return this;
  }

  quiet(on = true) {
    this.#quiet = validated('quiet', on);
    return this;
  }

  verbose(on = true) { return this.#set('verbose', on).quiet(!on); }
  timeout(duration, signal) {
    if (signal !== undefined) {
      this.#mustBeNew('timeout with a signal');
      this.#set('killSignal', signal);
    }
    this.#set('timeout', duration);
    if (this.#number !== undefined) binding.timeout(this.#number, this.#options.timeout);
    return this;
  }

  #set(name, value) {
    if (!this.#hasOwnOptions) {
      this.#hasOwnOptions = true;
      this.#options = { __proto__: this.#options };
    }
    put(this.#options, name, value);
    return this;
  }

  #mustBeNew(what) {
    if (this.#state !== NEW) {
      throw new ERR_INVALID_STATE(`${what} has to be asked for in the turn in which the command is made; it has been started: ${this.command}`);
    }
  }

  #connected() { return this.#connections ??= new Connections(); }

  // Input and output.

  get stdin() {
    const { streams, source } = this.#connected();
    if (streams[0] === undefined) {
      this.#mustBeNew('stdin');
      if (source !== undefined) throw new ERR_INVALID_STATE('stdin is the output of another command');
      streams[0] = this.#stream(0, 'write');
      streams[0].on('error', nothing); // A command need not read all of its input.
    }
    return streams[0];
  }

  get stdout() { return this.#output(1); }
  get stderr() { return this.#output(2); }

  #output(i) {
    const { streams } = this.#connected();
    if (streams[i] === undefined) {
      this.#mustBeNew(i === 1 ? 'stdout' : 'stderr');
      streams[i] = this.#stream(i, 'read');
    }
    return streams[i];
  }

  #stream(i, kind) {
    const [own, fd] = binding.pipe(kind);
    this.#connect(i, [fd]);
    return require('internal/net_socket').ofHandle(own, { readable: i > 0, writable: i === 0 });
  }

  // #connect adds a target of a descriptor. The first one replaces the default.
  #connect(i, target) {
    const slots = this.#connected().slots ??= [undefined, undefined, undefined];
    if (slots[i] === undefined || i === 0) slots[i] = [target];
    else slots[i].push(target);
  }

  // pipe connects the output of this command to a command, a file or a stream, and returns the reading command, or this
  // one.
  pipe(target, ...values) {
    const template = templateOf(target);
    if (template !== undefined) {
      target = new ProcessPromise(template, values, this.#options);
      target.#nothrow = this.#nothrow;
      target.#quiet = this.#quiet;
    }
    if (target instanceof ProcessPromise) return this.#pipeTo(target);
    this.#mustBeNew('pipe');
    if (typeof target === 'string') {
      this.#connect(1, { path: target });
    } else if (typeof target?.write === 'function' && typeof target.on === 'function') {
      this.#pipeInto(target);
    } else {
      throw new ERR_INVALID_ARG_TYPE('target', ['ProcessPromise', 'string', 'Writable'], target);
    }
    return this;
  }

  #pipeTo(next) {
    this.#mustBeNew('pipe');
    next.#mustBeNew('pipe');
    if (next.#connections?.source !== undefined || next.#connections?.slots?.[0] !== undefined || next === this) {
      throw new ERR_INVALID_ARG_VALUE('target', next.command, 'must be a command that has no other input');
    }
    const [r, w] = binding.pipe('join');
    this.#connect(1, [w]);
    next.#connect(0, [r]);
    next.#connected().source = this;
    this.catch(nothing); // The next command reports it.
    return next;
  }

  #pipeInto(stream) {
    const isShared = stream === process.stdout || stream === process.stderr;
    const sink = require('stream/promises').pipeline(this.stdout, stream, { end: !isShared });
    this.#connected().sinks.push(sink.then(nothing, (error) => error));
  }

  lines() {
    this.#mustBeNew('lines');
    const [reader, fd] = binding.pipe('lines');
    this.#connect(1, [fd]);
    this.catch(nothing); // The iteration reports it.
    const { Lines } = require('internal/dollar/lines');
    return new Lines(reader, () => this, () => this.#stop());
  }

  [Symbol.asyncIterator]() { return this.lines(); }

  async text(encoding) { return (await this).text(encoding); }
  async json() { return (await this).json(); }
  async buffer() { return (await this).buffer(); }
  get exitCode() { return this.#outcome().then(({ exitCode }) => exitCode); }

  // The run of the command.

  get pid() {
    this.#start();
    return this.#number === undefined ? undefined : binding.pid(this.#number);
  }

  get command() { return this.#template.show(this.#values); }

  // kill sends a signal to all processes of the command, and reports whether there was one. Without a signal it kills
  // them: with SIGKILL, if killSignal does not end them in time.
  kill(signal) {
    const number = signal === undefined ? undefined : signal === 0 ? 0 : validated('killSignal', signal);
    this.#start();
    if (this.#state === WAITING) throw new ERR_INVALID_STATE('the command waits for another one, whose output is part of it');
    if (this.#number === undefined) return false;
    if (number !== undefined) return binding.signal(this.#number, number);
    const isThere = binding.signal(this.#number, 0);
    this.#killAll();
    return isThere;
  }

  // abort kills the command. Its error has the reason.
  abort(reason) {
    if (this.#state === OVER || this.#connections?.aborted !== undefined) return;
    this.#connected().aborted = { reason: reason ?? new (require('internal/errors').AbortError)() };
    this.#killAll();
  }

  // #killAll kills the command, and those whose output it reads.
  #killAll() {
    if (this.#number !== undefined) binding.kill(this.#number);
    else if (this.#state < RUNNING) this.#connected().aborted ??= { reason: undefined };
    this.#connections?.source?.#killAll();
  }

  // #stop kills the command for a reader that needs no more. Its exit is then no failure.
  #stop() {
    this.#connected().isStopped = true;
    this.#killAll();
    return this.#outcome();
  }

  #outcome() { return this.then((output) => output, (error) => error); }

  #start() {
    if (this.#state !== NEW) return;
    if (!this.#isWithCommands()) {
      this.#launch();
      return;
    }
    this.#state = WAITING;
    Promise.all(this.#values.map((value) => (Array.isArray(value) ? Promise.all(value) : value))).then((values) => {
      this.#values = values;
      this.#launch();
    }, (error) => this.#fail(error));
  }

  // #isWithCommands reports whether the output of other commands is among the values.
  #isWithCommands() {
    const values = this.#values;
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (typeof value !== 'object') continue;
      if (value instanceof ProcessPromise || (Array.isArray(value) && value.some((one) => one instanceof ProcessPromise))) return true;
    }
    return false;
  }

  #launch() {
    this.#state = RUNNING;
    let isStarting = false; // The host closes the descriptors.
    try {
      const options = this.#options;
      const hasMore = options.hasMore === true || this.#connections !== undefined;
      if (hasMore && this.#isAborted(options.signal)) {
        this.#closePipeEnds();
        this.#onClose(-1, 0, undefined, undefined, 0, 0, undefined);
        return;
      }
      tellEnvironment();
      const { text } = this.#template;
      if (!hasMore) { // Most commands start here.
        isStarting = true;
        this.#number = binding.start(this, text, this.#values, false);
        if (this.#number !== undefined) return;
        isStarting = false;
      }
      const values = this.#template.check(this.#values);
      const slots = this.#slotsOf(options);
      if (this.#isShown) process.stderr.write(`$ ${this.command}\n`);
      const given = forHost(options);
      isStarting = true;
      this.#number = binding.start(this, text, values, true, given, slots);
      this.#follow(options);
    } catch (error) {
      if (!isStarting) this.#closePipeEnds();
      if (isStarting && error.syscall !== undefined) this.#onClose(-1, 0, undefined, undefined, 0, 0, error);
      else this.#fail(error);
    }
  }

  get #isShown() { return this.#options.verbose && !(this.#quiet ?? this.#options.quiet); }

  #isAborted(signal) {
    if (signal?.aborted) this.#connected().aborted ??= { reason: signal.reason };
    return this.#connections?.aborted !== undefined;
  }

  // #follow applies the options that concern a running command.
  #follow({ signal, input }) {
    if (signal !== undefined) this.#connected().disposeAbort = require('events').addAbortListener(signal, () => this.abort(signal.reason));
    // It need not read all of it.
    if (isStream(input)) require('stream').pipeline(input, this.#connections.streams[0], nothing);
  }

  // #slotsOf returns the descriptors in the form that the host takes, undefined for the default.
  #slotsOf(options) {
    const { stdio, input } = options;
    const isVerbose = this.#isShown;
    if (input !== undefined) {
      if (this.#connections?.slots?.[0] !== undefined) throw new ERR_INVALID_STATE('a command has its input, or stdin or a pipe in its place');
      if (isStream(input)) {
        const [own, fd] = binding.pipe('write');
        this.#connect(0, [fd]);
        this.#connections.streams[0] = require('internal/net_socket').ofHandle(own, { readable: false, writable: true });
      }
    }
    const slots = this.#connections?.slots;
    if (slots === undefined && stdio === undefined && !isVerbose) return undefined;
    const [stdin, stdout, stderr] = slots ?? [];
    const kept = isVerbose ? ['pipe', 2] : ['pipe'];
    const other = (i) => {
      const one = stdio?.[i] ?? 'pipe';
      return one === 'pipe' ? kept : [one];
    };
    return [stdin ?? [stdio?.[0] ?? 'ignore'], stdout ?? other(1), stderr ?? other(2)];
  }

  // #closePipeEnds closes the descriptors of a command that is not started.
  #closePipeEnds() {
    for (const [fd] of (this.#connections?.slots ?? []).flat().filter(Array.isArray)) binding.closePipeEnd(fd);
  }

  #fail(error) {
    if (this.#state === WAITING) this.#closePipeEnds();
    this.#state = OVER;
    this.#reject(error);
  }

  // #onClose is called when the command has exited and its output is complete.
  #onClose(code, signal, stdout, stderr, ms, bits, error) {
    this.#state = OVER;
    const output = new ProcessOutput(code, signal, stdout, stderr, ms, bits, this.#template, this.#values);
    if (code === 0 && bits === 0 && error === undefined && this.#connections === undefined) { // Most commands end here.
      this.#number = undefined;
      this.#resolve(output);
      return;
    }
    const { aborted, disposeAbort, source, sinks } = this.#connections ?? {};
    const failure = {
      error: aborted === undefined ? error : abortError(aborted.reason), isAborted: aborted !== undefined,
      hasStarted: this.#number !== undefined && error === undefined,
    };
    this.#number = undefined;
    disposeAbort?.[Symbol.dispose]();
    if (wasKilled(output)) source?.#killAll();
    if (source === undefined && (sinks === undefined || sinks.length === 0)) this.#settle(output, failure);
    else this.#settleWithOthers(output, failure);
  }

  // #settle settles the promise. other is the failure of another command that is a failure of this one as well.
  #settle(output, failure, other) {
    const hasFailed = output.exitCode !== 0 || failure.error !== undefined || wasKilled(output);
    const isTold = this.#connections?.isStopped !== true && !((this.#nothrow ?? this.#options.nothrow) && failure.error === undefined);
    if (!isTold || (!hasFailed && other === undefined)) {
      this.#resolve(output);
      return;
    }
    const { timeout, maxBuffer = MAX_BUFFER } = this.#options;
    this.#reject(hasFailed ? new ProcessError(output, { ...failure, timeout, maxBuffer, where: this.#template.where }) : other);
  }

  // #settleWithOthers waits for the command before this one, and for the streams after it. Their errors are errors of
  // this command as well.
  async #settleWithOthers(output, failure) {
    const { source, sinks } = this.#connections;
    const [first, ...failures] = await Promise.all([source?.#outcome(), ...sinks]);
    setPipedFrom(output, first);
    const sinkError = failures.find((one) => one !== undefined && one !== null);
    if (sinkError !== undefined && sinkError.code !== 'ERR_STREAM_PREMATURE_CLOSE') {
      failure.error ??= sinkError;
    }
    this.#settle(output, failure, first instanceof Error && !(first instanceof ProcessError && isBrokenPipe(first)) ? first : undefined);
  }
}

// abortError returns the error of a command that was aborted for a reason.
function abortError(reason) {
  if (reason instanceof Error) return reason;
  return new (require('internal/errors').AbortError)(undefined, { cause: reason });
}

module.exports = { ProcessPromise };

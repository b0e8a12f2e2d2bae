'use strict';

// ProcessPromise is a command that runs, and the promise of its end.

const { codes: { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_INVALID_STATE } } = require('internal/errors');
const { ENDED, ProcessError, ProcessOutput, isBrokenPipe, isFailure } = require('internal/dollar/output');
const { forHost, isStream, tellEnvironment, validated } = require('internal/dollar/options');
const { nextTick } = require('internal/ticks');

const binding = internalBinding('command');

// What a command is at. It is started at the end of the turn in which it was made, so that methods can say what it is
// to be.
const [NEW, WAITING, RUNNING, OVER] = [0, 1, 2, 3];

const MAX_BUFFER = 64 << 20; // Go's default

function nothing() {}

let start; // starts a command

class ProcessPromise {
  #template;
  #values;
  #options; // may have a prototype with more
  #state = NEW;
  #handle; // of the host
  #promise;
  #resolve;
  #reject;
  #slots; // what the first three descriptors are: lists of targets; undefined: nothing to be read, and two that are kept
  #streams = [undefined, undefined, undefined]; // this side of descriptors that are pipes
  #source; // the command whose output this one reads
  #sinks = []; // promises of streams that take the output
  #isStopped = false; // by one who does not want to know how it ends
  #aborted; // {reason}
  #disposeAbort;

  constructor(template, values, options) {
    this.#template = template;
    this.#values = values;
    this.#options = options;
    const { promise, resolve, reject } = Promise.withResolvers();
    this.#promise = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    nextTick(start, this);
  }

  static {
    start = (command) => command.#start();
  }

  then(resolved, rejected) { return this.#promise.then(resolved, rejected); }
  catch(rejected) { return this.#promise.catch(rejected); }
  finally(settled) { return this.#promise.finally(settled); }
  get [Symbol.toStringTag]() { return 'ProcessPromise'; }

  // What the command is to be.

  cwd(dir) { return this.#set('cwd', dir); }
  env(env) { return this.#set('env', env); }
  stdio(stdin, ...others) {
    this.#mustBeNew('stdio');
    return this.#set('stdio', others.length === 0 ? stdin : [stdin, ...others]);
  }
  nothrow(on = true) { return this.#set('nothrow', on); }
  quiet(on = true) { return this.#set('quiet', on); }
  verbose(on = true) { return this.#set('verbose', on).#set('quiet', !on); }
  timeout(duration, signal) {
    if (signal !== undefined) {
      this.#mustBeNew('timeout with a signal');
      this.#set('killSignal', signal);
    }
    this.#set('timeout', duration);
    this.#handle?.timeout(this.#options.timeout);
    return this;
  }

  #set(name, value) {
    if (name === 'cwd' || name === 'env') this.#mustBeNew(name);
    value = validated(name, value);
    if (!Object.hasOwn(this.#options, kOwn)) this.#options = { __proto__: this.#options, [kOwn]: true };
    this.#options[name] = value;
    return this;
  }

  #mustBeNew(what) {
    if (this.#state !== NEW) {
      throw new ERR_INVALID_STATE(`${what} has to be asked for in the turn in which the command is made; it has been started: ${this.command}`);
    }
  }

  // What goes in and what comes out.

  get stdin() {
    if (this.#streams[0] === undefined) {
      this.#mustBeNew('stdin');
      if (this.#source !== undefined) throw new ERR_INVALID_STATE('stdin is the output of another command');
      this.#streams[0] = this.#stream(0, 'write');
      this.#streams[0].on('error', nothing); // A command need not read all of its input.
    }
    return this.#streams[0];
  }

  get stdout() { return this.#output(1); }
  get stderr() { return this.#output(2); }

  #output(i) {
    if (this.#streams[i] === undefined) {
      this.#mustBeNew(i === 1 ? 'stdout' : 'stderr');
      this.#streams[i] = this.#stream(i, 'read');
    }
    return this.#streams[i];
  }

  #stream(i, kind) {
    const [own, fd] = binding.pipe(kind);
    this.#connect(i, [fd]);
    return require('internal/net_socket').ofHandle(own, { readable: i > 0, writable: i === 0 });
  }

  // #connect adds a target to what a descriptor is. The first takes the place of what it is without.
  #connect(i, target) {
    this.#slots ??= [undefined, undefined, undefined];
    if (this.#slots[i] === undefined || i === 0) this.#slots[i] = [target];
    else this.#slots[i].push(target);
  }

  // pipe has a command, a file or a stream read what this one writes, and returns the command that reads, or this one.
  pipe(target, ...values) {
    if (Array.isArray(target) && Array.isArray(target.raw)) {
      const { templateOf } = require('internal/dollar/command');
      target = new ProcessPromise(templateOf(target), values, this.#options);
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
    if (next.#source !== undefined || next.#slots?.[0] !== undefined || next === this) {
      throw new ERR_INVALID_ARG_VALUE('target', next.command, 'must be a command that has no other input');
    }
    const [r, w] = binding.pipe('join');
    this.#connect(1, [w]);
    next.#connect(0, [r]);
    next.#source = this;
    this.#promise.catch(nothing); // The next one tells of it.
    return next;
  }

  #pipeInto(stream) {
    const isShared = stream === process.stdout || stream === process.stderr;
    this.#sinks.push(require('stream/promises').pipeline(this.stdout, stream, { end: !isShared }).then(nothing, (error) => error));
  }

  lines() {
    this.#mustBeNew('lines');
    const [reader, fd] = binding.pipe('lines');
    this.#connect(1, [fd]);
    this.#promise.catch(nothing); // The lines tell of it.
    const { Lines } = require('internal/dollar/lines');
    return new Lines(reader, () => this.#promise, () => this.#stop());
  }

  [Symbol.asyncIterator]() { return this.lines(); }

  async text(encoding) { return (await this.#promise).text(encoding); }
  async json() { return (await this.#promise).json(); }
  async buffer() { return (await this.#promise).buffer(); }
  get exitCode() { return this.#outcome().then(({ exitCode }) => exitCode); }

  // Its life.

  get pid() {
    this.#start();
    return this.#handle?.pid();
  }

  get command() { return this.#template.show(this.#values); }

  // kill sends a signal to all processes of the command, and reports whether there was one. Without a signal they are
  // ended: with SIGKILL, if the soft signal does not help in time.
  kill(signal) {
    const number = signal === undefined ? undefined : signal === 0 ? 0 : validated('killSignal', signal);
    this.#start();
    if (this.#state === WAITING) throw new ERR_INVALID_STATE('the command waits for another one, whose output is part of it');
    if (this.#handle === undefined) return false;
    if (number !== undefined) return this.#handle.kill(number);
    const isThere = this.#handle.kill(0);
    this.#end();
    return isThere;
  }

  // abort ends the command, whose error has the reason.
  abort(reason) {
    if (this.#state === OVER || this.#aborted !== undefined) return;
    this.#aborted = { reason: reason ?? new (require('internal/errors').AbortError)() };
    this.#end();
  }

  // #end ends the command, and those whose output it reads.
  #end() {
    if (this.#handle === undefined && this.#state < RUNNING) this.#aborted ??= { reason: undefined };
    this.#handle?.end();
    this.#source?.#end();
  }

  // #stop ends the command for one who has had enough of it. Its promise does not tell of that.
  #stop() {
    this.#isStopped = true;
    this.#end();
    return this.#outcome();
  }

  #outcome() { return this.#promise.then((output) => output, (error) => error); }

  #start() {
    if (this.#state !== NEW) return;
    const waits = this.#values.some((value) => value instanceof ProcessPromise || (Array.isArray(value) && value.some((one) => one instanceof ProcessPromise)));
    if (!waits) {
      this.#launch();
      return;
    }
    this.#state = WAITING;
    Promise.all(this.#values.map((value) => (Array.isArray(value) ? Promise.all(value) : value))).then((values) => {
      this.#values = values;
      this.#launch();
    }, (error) => this.#fail(error));
  }

  #launch() {
    this.#state = RUNNING;
    let isGiven = false; // The host closes the descriptors.
    try {
      const options = this.#options;
      const { signal } = options;
      if (signal?.aborted) this.#aborted ??= { reason: signal.reason };
      if (this.#aborted !== undefined) {
        this.#closeGiven();
        this.#over(-1, 0, undefined, undefined, 0, 0, undefined);
        return;
      }
      const { text, values } = this.#template.fill(this.#values);
      tellEnvironment();
      const slots = this.#slotsOf(options);
      const given = forHost(options);
      if (options.verbose && !options.quiet) process.stderr.write(`$ ${this.command}\n`);
      isGiven = true;
      this.#handle = binding.start(given, options.prefix === undefined ? text : options.prefix + text, values, slots,
        (...end) => this.#over(...end));
      if (signal !== undefined) this.#disposeAbort = require('events').addAbortListener(signal, () => this.abort(signal.reason));
      if (isStream(options.input)) require('stream').pipeline(options.input, this.#streams[0], nothing); // It need not read all of it.
    } catch (error) {
      if (!isGiven) this.#closeGiven();
      if (isGiven && error.syscall !== undefined) this.#over(-1, 0, undefined, undefined, 0, 0, error);
      else this.#fail(error);
    }
  }

  // #slotsOf returns what the host makes of the descriptors, undefined for what it does without being told.
  #slotsOf(options) {
    const { stdio, input } = options;
    const isVerbose = options.verbose && !options.quiet;
    if (input !== undefined) {
      if (this.#slots?.[0] !== undefined) throw new ERR_INVALID_STATE('a command has its input, or stdin or a pipe in its place');
      if (isStream(input)) {
        const [own, fd] = binding.pipe('write');
        this.#connect(0, [fd]);
        this.#streams[0] = require('internal/net_socket').ofHandle(own, { readable: false, writable: true });
      }
    }
    if (this.#slots === undefined && stdio === undefined && !isVerbose) return undefined;
    const [stdin, stdout, stderr] = this.#slots ?? [];
    const kept = isVerbose ? ['pipe', 2] : ['pipe'];
    const other = (i) => {
      const one = stdio?.[i] ?? 'pipe';
      return one === 'pipe' ? kept : [one];
    };
    return [stdin ?? [stdio?.[0] ?? 'ignore'], stdout ?? other(1), stderr ?? other(2)];
  }

  // #closeGiven closes the descriptors of a command that is not started.
  #closeGiven() {
    for (const [fd] of (this.#slots ?? []).flat().filter(Array.isArray)) binding.closeGiven(fd);
  }

  #fail(error) {
    if (this.#state === WAITING) this.#closeGiven();
    this.#state = OVER;
    this.#reject(error);
  }

  // #over is called when the command has ended.
  #over(code, signal, stdout, stderr, ms, bits, error) {
    this.#state = OVER;
    this.#disposeAbort?.[Symbol.dispose]();
    const end = {
      code, signal, stdout, stderr, ms, bits, error, hasStarted: this.#handle !== undefined && error === undefined, isAborted: this.#aborted !== undefined,
      timeout: this.#options.timeout, maxBuffer: this.#options.maxBuffer ?? MAX_BUFFER, where: this.#template.where, pipedFrom: undefined,
      show: () => this.#template.show(this.#values),
    };
    if (this.#aborted !== undefined) end.error = abortError(this.#aborted.reason);
    this.#handle = undefined;
    if ((bits & ENDED) !== 0) this.#source?.#end();
    if (this.#source === undefined && this.#sinks.length === 0) this.#settle(end);
    else this.#settleWithOthers(end);
  }

  #settle(end, failure) {
    if (this.#isStopped || this.#options.nothrow && end.error === undefined || !isFailure(end) && failure === undefined) this.#resolve(new ProcessOutput(end));
    else this.#reject(failure !== undefined && !isFailure(end) ? failure : new ProcessError(end));
  }

  // #settleWithOthers waits for the command in front of this one, and for streams behind it. Their errors are this
  // one's, too.
  async #settleWithOthers(end) {
    const [first, ...failures] = await Promise.all([this.#source?.#outcome(), ...this.#sinks]);
    end.pipedFrom = first;
    const sinkError = failures.find((one) => one !== undefined && one !== null);
    if (sinkError !== undefined && sinkError.code !== 'ERR_STREAM_PREMATURE_CLOSE') {
      end.error ??= sinkError;
    }
    this.#settle(end, first instanceof Error && !(first instanceof ProcessError && isBrokenPipe(first)) ? first : undefined);
  }
}

const kOwn = Symbol('kOwn'); // in options that are those of one command

// abortError returns the error of a command that was aborted for a reason.
function abortError(reason) {
  if (reason instanceof Error) return reason;
  return new (require('internal/errors').AbortError)(undefined, { cause: reason });
}

module.exports = { ProcessPromise };

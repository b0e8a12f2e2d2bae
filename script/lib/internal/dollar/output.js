'use strict';

// The exit of a command and its output.

const { signalName } = require('internal/constants');

const custom = Symbol.for('nodejs.util.inspect.custom');

// Bits of a command's outcome. Go has the same in host/command.go.
const LATE = 1;
const CUT_OFF = 2;
const FULL = 4;
const KILLED = LATE | FULL; // by a limit

const nothing = new Uint8Array(0);

function bufferOf(bytes) {
  const { buffer, byteOffset, byteLength } = bytes ?? nothing;
  return require('buffer').Buffer.from(buffer, byteOffset, byteLength);
}

function textOf(bytes) {
  return bytes === undefined ? '' : bufferOf(bytes).toString();
}

let bitsOf;
let setPipedFrom; // sets pipedFrom of an output

// ProcessOutput is the output of a command that has succeeded, or whose failure is no error.
class ProcessOutput {
  #stdout; // bytes; undefined: none
  #stderr;
  #more; // {stdout, stderr, pipedFrom}: decoded outputs, if they were read, and the value of pipedFrom
  #ms;
  #bits;
  #template;
  #values;

  // The arguments are those of the host's commandClosed, see host/command.go.
  constructor(code, signal, stdout, stderr, ms, bits, template, values) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#ms = ms;
    this.#bits = bits;
    this.#template = template;
    this.#values = values;
    this.exitCode = code === -1 ? null : code;
    this.signal = signal === 0 ? null : signalName(signal);
  }

  static {
    bitsOf = (output) => output.#bits;
    setPipedFrom = (output, from) => { (output.#more ??= {}).pipedFrom = from; };
  }

  get ok() { return this.exitCode === 0; }
  get stdout() { return (this.#more ??= {}).stdout ??= textOf(this.#stdout); }
  get stderr() { return (this.#more ??= {}).stderr ??= textOf(this.#stderr); }
  get command() { return this.#template.show(this.#values); }
  get duration() { return this.#ms; } // milliseconds
  get timedOut() { return (this.#bits & LATE) !== 0; }
  get cutOff() { return (this.#bits & CUT_OFF) !== 0; } // there was more output than maxBuffer
  get pipedFrom() { return this.#more?.pipedFrom; } // the output of the command before this one in a pipe

  buffer() { return bufferOf(this.#stdout); }
  text(encoding = 'utf8') { return encoding === 'utf8' ? this.stdout : this.buffer().toString(encoding); }
  json() { return JSON.parse(this.stdout); }
  lines() { return this.stdout === '' ? [] : this.stdout.replace(/\r?\n$/, '').split(/\r?\n/); }
  toString() { return this.stdout; }
  valueOf() { return this.stdout.replace(/\r?\n$/, ''); }

  [custom](depth, options) {
    const { exitCode, signal, stdout, stderr } = this;
    return `ProcessOutput ${require('internal/inspect').inspect({ exitCode, signal, stdout, stderr }, options)}`;
  }
}

// ProcessError is the error of a command that has failed, with the properties of a ProcessOutput. A failure has also:
// error, isAborted, hasStarted, timeout, maxBuffer and where.
class ProcessError extends Error {
  constructor(output, failure) {
    const { command, stdout, stderr, exitCode, signal, timedOut, cutOff, pipedFrom } = output;
    const { error, isAborted, where } = failure;
    const what = `${described(output, failure)}: ${shortened(command, 200)}`;
    const told = stderr.trim();
    super(`${what}${where === '' ? '' : ` (${where})`}${told === '' ? '' : `\n${told.length > 1000 ? `…${told.slice(-1000)}` : told}`}`,
      error === undefined ? undefined : { cause: error });
    Object.defineProperties(this, {
      name: { value: 'ProcessError', writable: true, configurable: true },
      output: { value: output, writable: true, configurable: true },
      shortMessage: { value: what, writable: true, configurable: true },
      stack: { value: `ProcessError: ${this.message}${where === '' ? '' : `\n    at ${where}`}`, writable: true, configurable: true },
    });
    Object.assign(this, { exitCode, signal, command, stdout, stderr });
    const code = (bitsOf(output) & FULL) !== 0 ? 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER' : isAborted ? 'ABORT_ERR' : error?.code;
    if (code !== undefined) this.code = code;
    if (timedOut) this.timedOut = true;
    if (cutOff) this.cutOff = true;
    if (pipedFrom !== undefined) this.pipedFrom = pipedFrom;
  }

  get ok() { return false; }
  get duration() { return this.output.duration; }
  buffer() { return this.output.buffer(); }
  text(encoding) { return this.output.text(encoding); }
  json() { return this.output.json(); }
  lines() { return this.output.lines(); }
}

// described returns the text about the end of a command.
function described(output, { error, isAborted, hasStarted, timeout, maxBuffer }) {
  const { exitCode, signal } = output;
  const bits = bitsOf(output);
  if (isAborted) return 'Command was aborted';
  if ((bits & LATE) !== 0) return `Command has taken more than ${timeout} ms`;
  if ((bits & FULL) !== 0) return `Command has written more than ${maxBuffer} bytes`;
  if (error !== undefined) return `Command ${hasStarted ? 'failed' : 'could not be started'}, ${error.message}`;
  if (signal !== null) return `Command was ended by ${signal}`;
  return `Command failed with exit code ${exitCode}`;
}

function shortened(text, most) {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

// wasKilled reports whether a limit has killed a command.
function wasKilled(output) {
  return (bitsOf(output) & KILLED) !== 0;
}

// isBrokenPipe reports whether a command was killed because its reader had closed the pipe, as in a shell's pipeline.
function isBrokenPipe(error) {
  return error.signal === 'SIGPIPE' || error.exitCode === 128 + 13;
}

module.exports = { ProcessError, ProcessOutput, isBrokenPipe, setPipedFrom, wasKilled };

'use strict';

// How a command has ended, and what it has written.

const { signalName } = require('internal/constants');

const custom = Symbol.for('nodejs.util.inspect.custom');

// Bits of an end. Go has the same in host/command.go.
const LATE = 1;
const CUT_OFF = 2;
const FULL = 4;
const ENDED = LATE | FULL; // by a limit

const nothing = new Uint8Array(0);

function bufferOf(bytes) {
  const { buffer, byteOffset, byteLength } = bytes ?? nothing;
  return require('buffer').Buffer.from(buffer, byteOffset, byteLength);
}

// ProcessOutput is what a command that has succeeded has written, or one whose failure is no error.
class ProcessOutput {
  #end;
  #stdout; // as text
  #stderr;

  constructor(end) {
    this.#end = end;
    this.exitCode = end.code === -1 ? null : end.code;
    this.signal = end.signal === 0 ? null : signalName(end.signal);
  }

  get ok() { return this.exitCode === 0; }
  get stdout() { return this.#stdout ??= this.#end.stdout === undefined ? '' : bufferOf(this.#end.stdout).toString(); }
  get stderr() { return this.#stderr ??= this.#end.stderr === undefined ? '' : bufferOf(this.#end.stderr).toString(); }
  get command() { return this.#end.show(); }
  get duration() { return this.#end.ms; } // milliseconds
  get timedOut() { return (this.#end.bits & LATE) !== 0; }
  get cutOff() { return (this.#end.bits & CUT_OFF) !== 0; } // there was more output than maxBuffer
  get pipedFrom() { return this.#end.pipedFrom; } // how the command has ended whose output this one has read

  buffer() { return bufferOf(this.#end.stdout); }
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

// ProcessError is the error of a command that has failed: it has what a ProcessOutput has.
class ProcessError extends Error {
  constructor(end) {
    const output = new ProcessOutput(end);
    const { command, stdout, stderr, exitCode, signal, timedOut, cutOff } = output;
    const what = `${described(end, output)}: ${shortened(command, 200)}`;
    const told = stderr.trim();
    super(`${what}${end.where === '' ? '' : ` (${end.where})`}${told === '' ? '' : `\n${told.length > 1000 ? `…${told.slice(-1000)}` : told}`}`,
      end.error === undefined ? undefined : { cause: end.error });
    Object.defineProperties(this, {
      name: { value: 'ProcessError', writable: true, configurable: true },
      output: { value: output, writable: true, configurable: true },
      shortMessage: { value: what, writable: true, configurable: true },
      stack: { value: `ProcessError: ${this.message}${end.where === '' ? '' : `\n    at ${end.where}`}`, writable: true, configurable: true },
    });
    Object.assign(this, { exitCode, signal, command, stdout, stderr });
    const code = (end.bits & FULL) !== 0 ? 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER' : end.isAborted ? 'ABORT_ERR' : end.error?.code;
    if (code !== undefined) this.code = code;
    if (timedOut) this.timedOut = true;
    if (cutOff) this.cutOff = true;
    if (end.pipedFrom !== undefined) this.pipedFrom = end.pipedFrom;
  }

  get ok() { return false; }
  get duration() { return this.output.duration; }
  buffer() { return this.output.buffer(); }
  text(encoding) { return this.output.text(encoding); }
  json() { return this.output.json(); }
  lines() { return this.output.lines(); }
}

// described says in words what has become of a command.
function described(end, { exitCode, signal }) {
  const { error } = end;
  if (end.isAborted) return 'Command was aborted';
  if ((end.bits & LATE) !== 0) return `Command has taken more than ${end.timeout} ms`;
  if ((end.bits & FULL) !== 0) return `Command has written more than ${end.maxBuffer} bytes`;
  if (error !== undefined) return `Command ${end.hasStarted ? 'failed' : 'could not be started'}, ${error.message}`;
  if (signal !== null) return `Command was ended by ${signal}`;
  return `Command failed with exit code ${exitCode}`;
}

function shortened(text, most) {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

// isFailure reports whether an end is one.
function isFailure(end) {
  return end.code !== 0 || end.error !== undefined || (end.bits & ENDED) !== 0;
}

// isBrokenPipe reports whether a command has ended because nobody read any more what it wrote, as in a shell's
// pipeline.
function isBrokenPipe(error) {
  return error.signal === 'SIGPIPE' || error.exitCode === 128 + 13;
}

module.exports = { ENDED, ProcessError, ProcessOutput, isBrokenPipe, isFailure };

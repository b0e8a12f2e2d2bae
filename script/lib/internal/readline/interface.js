'use strict';

// Interface: lines of a stream. The editor for terminals is in internal/readline/editor.

const EventEmitter = require('events');
const { AbortError, codes: { ERR_INVALID_ARG_VALUE, ERR_USE_AFTER_CLOSE } } = require('internal/errors');
const {
  validateAbortSignal, validateArray, validateNumber, validateString, validateUint32,
} = require('internal/validators');
const { StringDecoder } = require('string_decoder');

const lineEnd = /\r\n|\n|\r|\u2028|\u2029/;
const otherEnd = /[\r\u2028\u2029]/;
const leastDelay = 100; // milliseconds; a \n within this time after a \r belongs to the same line end

const kQuestion = Symbol('kQuestion');
const kOldPrompt = Symbol('kOldPrompt');
const kRest = Symbol('kRest');
const kSawReturn = Symbol('kSawReturn');
const kDecoder = Symbol('kDecoder');
const kEditor = Symbol('kEditor');
const kListeners = Symbol('kListeners');
const kReject = Symbol('kReject');
const kIterator = Symbol('kIterator');

function Interface(input, output, completer, terminal) {
  if (!(this instanceof Interface)) return new Interface(input, output, completer, terminal);
  EventEmitter.call(this);
  let options = {};
  if (input?.input) {
    options = input;
    ({ input, output, completer, terminal } = options);
  }
  const {
    history, historySize = 30, removeHistoryDuplicates = false, prompt = '> ', crlfDelay, escapeCodeTimeout = 500,
    tabSize = 8, signal,
  } = options;
  if (completer !== undefined && typeof completer !== 'function') {
    throw new ERR_INVALID_ARG_VALUE('completer', completer);
  }
  if (history !== undefined) validateArray(history, 'history');
  validateNumber(historySize, 'historySize', 0);
  if (signal !== undefined) validateAbortSignal(signal, 'options.signal');
  if (!Number.isFinite(escapeCodeTimeout)) {
    throw new ERR_INVALID_ARG_VALUE('input.escapeCodeTimeout', escapeCodeTimeout);
  }
  validateUint32(tabSize, 'tabSize', true);
  this.line = '';
  this.cursor = 0;
  this.input = input;
  this.output = output;
  this.terminal = Boolean(terminal ?? output?.isTTY);
  this.crlfDelay = crlfDelay ? Math.max(leastDelay, crlfDelay) : leastDelay;
  this.escapeCodeTimeout = escapeCodeTimeout;
  this.tabSize = tabSize;
  this.history = history ?? [];
  this.historySize = historySize;
  this.historyIndex = -1;
  this.removeHistoryDuplicates = Boolean(removeHistoryDuplicates);
  this.completer = completer;
  this.closed = false;
  this.paused = false;
  this[kRest] = '';
  this[kSawReturn] = 0;
  this[kDecoder] = new StringDecoder('utf8');
  this._prompt = String(prompt);
  this[kListeners] = [];
  if (this.terminal) {
    const { Editor } = require('internal/readline/editor');
    this[kEditor] = new Editor(this);
    this[kEditor].start();
    listen(this, output, 'resize', () => this[kEditor].refresh());
  } else {
    listen(this, input, 'data', (data) => onData(this, data));
  }
  listen(this, input, 'error', (error) => this.emit('error', error));
  listen(this, input, 'end', () => onEnd(this));
  if (signal) abortWith(this, signal);
  input.resume();
}
Object.setPrototypeOf(Interface.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Interface, EventEmitter);

// listen adds a listener that is removed when the interface is closed.
function listen(rl, to, event, listener) {
  if (to == null || typeof to.on !== 'function') return;
  to.on(event, listener);
  rl[kListeners].push(() => to.removeListener(event, listener));
}

function abortWith(rl, signal) {
  const close = () => rl.close();
  if (signal.aborted) {
    process.nextTick(close);
    return;
  }
  signal.addEventListener('abort', close, { once: true });
  rl.once('close', () => signal.removeEventListener('abort', close));
}

function onData(rl, data) {
  if (data === undefined) return;
  let text = typeof data === 'string' ? data : rl[kDecoder].write(data);
  if (text === '') return;
  if (rl[kSawReturn] && Date.now() - rl[kSawReturn] <= rl.crlfDelay) {
    if (text[0] === '\n') text = text.slice(1);
    rl[kSawReturn] = 0;
  }
  // Most texts have only \n as line ends, for which split is much faster.
  const lines = text.split(otherEnd.test(text) ? lineEnd : '\n');
  if (lines.length === 1) {
    rl[kRest] += text;
    return;
  }
  const rest = lines.pop();
  lines[0] = rl[kRest] + lines[0];
  rl[kRest] = rest;
  rl[kSawReturn] = text.endsWith('\r') ? Date.now() : 0;
  for (const line of lines) rl._onLine(line);
}

function onEnd(rl) {
  if (rl.terminal) {
    if (rl.line !== '') rl.emit('line', rl.line);
  } else {
    const rest = rl[kRest] + rl[kDecoder].end();
    rl[kRest] = '';
    if (rest !== '') rl.emit('line', rest);
  }
  rl.close();
}

Interface.prototype._onLine = function (line) {
  const answer = this[kQuestion];
  if (answer) {
    this[kQuestion] = null;
    this.setPrompt(this[kOldPrompt]);
    answer(line);
  } else {
    this.emit('line', line);
  }
};

Object.defineProperty(Interface.prototype, 'columns', {
  configurable: true, enumerable: true, get() { return this.output?.columns || Infinity; },
});

Interface.prototype.getPrompt = function () { return this._prompt; };
Interface.prototype.setPrompt = function (prompt) { this._prompt = String(prompt); };

Interface.prototype.prompt = function (preserveCursor) {
  if (this.paused) this.resume();
  if (this.terminal && process.env.TERM !== 'dumb') {
    if (!preserveCursor) this.cursor = 0;
    this[kEditor].refresh();
  } else {
    this._writeToOutput(this._prompt);
  }
};

Interface.prototype._writeToOutput = function (text) {
  validateString(text, 'stringToWrite');
  if (this.output != null) this.output.write(text);
};

Interface.prototype._refreshLine = function () { this[kEditor].refresh(); };

function ask(rl, query, callback) {
  if (rl.closed) throw new ERR_USE_AFTER_CLOSE('readline');
  if (rl[kQuestion]) {
    rl.prompt();
    return;
  }
  rl[kOldPrompt] = rl._prompt;
  rl.setPrompt(query);
  rl[kQuestion] = callback;
  rl.prompt();
}

function cancel(rl) {
  if (!rl[kQuestion]) return;
  rl[kQuestion] = null;
  rl.setPrompt(rl[kOldPrompt]);
  if (rl.terminal) rl[kEditor].clear();
}

Interface.prototype.question = function question(query, options, callback) {
  if (typeof options === 'function') [options, callback] = [undefined, options];
  const signal = options?.signal;
  if (signal) {
    validateAbortSignal(signal, 'options.signal');
    if (signal.aborted) return;
    const onAbort = () => cancel(this);
    signal.addEventListener('abort', onAbort, { once: true });
    const answer = callback;
    callback = typeof answer === 'function' ? (line) => {
      signal.removeEventListener('abort', onAbort);
      return answer(line);
    } : () => signal.removeEventListener('abort', onAbort);
  }
  if (typeof callback === 'function') ask(this, query, callback);
};

Object.defineProperty(Interface.prototype.question, require('internal/util').promisify.custom, {
  value: function question(query, options) { return askLater(this, query, options); },
  configurable: true, writable: true,
});

// askLater returns the promise of an answer.
function askLater(rl, query, options) {
  return new Promise((resolve, reject) => {
    const signal = options?.signal;
    if (signal) {
      validateAbortSignal(signal, 'options.signal');
      const onAbort = () => {
        cancel(rl);
        reject(new AbortError(undefined, { cause: signal.reason }));
      };
      if (signal.aborted) {
        onAbort();
        return;
      }
      signal.addEventListener('abort', onAbort, { once: true });
      ask(rl, query, (line) => {
        signal.removeEventListener('abort', onAbort);
        resolve(line);
      });
    } else {
      ask(rl, query, resolve);
    }
    rl[kReject] = reject;
  });
}

Interface.prototype.close = function () {
  if (this.closed) return;
  this.pause();
  if (this.terminal) this[kEditor].stop();
  this.closed = true;
  for (const remove of this[kListeners]) remove();
  this[kListeners] = [];
  this.emit('close');
};

// _giveUp closes the interface because of a key, and rejects the waiting question.
Interface.prototype._giveUp = function (key) {
  this.close();
  this[kReject]?.(new AbortError(`Aborted with ${key}`));
};

Interface.prototype[Symbol.dispose] = function () { this.close(); };

Interface.prototype.pause = function () {
  if (this.closed) throw new ERR_USE_AFTER_CLOSE('readline');
  if (this.paused) return this;
  this.input.pause();
  this.paused = true;
  this.emit('pause');
  return this;
};

Interface.prototype.resume = function () {
  if (this.closed) throw new ERR_USE_AFTER_CLOSE('readline');
  if (!this.paused) return this;
  this.input.resume();
  this.paused = false;
  this.emit('resume');
  return this;
};

Interface.prototype.write = function (data, key) {
  if (this.closed) throw new ERR_USE_AFTER_CLOSE('readline');
  if (this.paused) this.resume();
  if (this.terminal) this[kEditor].write(data, key);
  else onData(this, data);
};

Interface.prototype.getCursorPos = function () {
  if (!this.terminal) return { cols: this.cursor, rows: 0 };
  return this[kEditor].position(this._prompt + this.line.slice(0, this.cursor));
};
Interface.prototype._getCursorPos = Interface.prototype.getCursorPos;

const mostLines = 1024; // lines that may wait for a loop before the input is paused

// The lines in order: waiting lines are kept, and the input is paused if they are many.
Interface.prototype[Symbol.asyncIterator] = function () {
  this[kIterator] ??= iterate(this); // Nested loops take the lines of one.
  return this[kIterator];
};

function iterate(rl) {
  let lines = [];
  let taken = 0; // returned lines at the beginning of the list: shifting each would move all the others
  const waiting = [];
  let ended = rl.closed;
  let failure;
  let paused = false;
  const onLine = (line) => {
    if (waiting.length > 0) {
      waiting.shift().resolve({ value: line, done: false });
      return;
    }
    lines.push(line);
    if (lines.length - taken > mostLines && !paused && !rl.closed) {
      paused = true;
      rl.pause();
    }
  };
  const finish = () => {
    ended = true;
    rl.removeListener('line', onLine);
    rl.removeListener('close', finish);
    rl.removeListener('error', fail);
    for (const one of waiting.splice(0)) one.resolve({ value: undefined, done: true });
  };
  const fail = (error) => {
    if (waiting.length > 0) waiting.shift().reject(error);
    else failure = error;
    finish();
  };
  rl.on('line', onLine);
  rl.on('close', finish);
  rl.on('error', fail);
  return {
    [Symbol.for('nodejs.watermarkData')]: { get high() { return mostLines; }, get low() {
      return 1;
    }, get size() { return lines.length - taken; } },
    next() {
      if (taken < lines.length) {
        const value = lines[taken++];
        if (taken === lines.length) {
          lines = [];
          taken = 0;
          if (paused && !rl.closed) rl.resume();
          paused = false;
        }
        return Promise.resolve({ value, done: false });
      }
      if (failure !== undefined) {
        const error = failure;
        failure = undefined;
        return Promise.reject(error);
      }
      if (ended) return Promise.resolve({ value: undefined, done: true });
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    return() {
      lines = [];
      taken = 0;
      finish();
      rl.close();
      return Promise.resolve({ value: undefined, done: true });
    },
    throw(error) {
      finish();
      rl.close();
      return Promise.reject(error);
    },
    [Symbol.asyncIterator]() { return this; },
  };
}

module.exports = { Interface, askLater };

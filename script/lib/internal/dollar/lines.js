'use strict';

// Lines is the output of a command, line by line. The command waits while the script is behind.
class Lines {
  #reader; // of the host
  #ended; // called at the end of the lines; returns the promise of the command's end
  #stop; // called to kill the command
  #lines = [];
  #next = 0; // of #lines
  #waiting = []; // calls of next that wait
  #isOver = false;
  #result; // the promise of the last call

  constructor(reader, ended, stop) {
    this.#reader = reader;
    this.#ended = ended;
    this.#stop = stop;
  }

  next() {
    if (this.#next < this.#lines.length && this.#waiting.length === 0) return Promise.resolve({ value: this.#lines[this.#next++], done: false });
    if (this.#isOver) return this.#end();
    const { promise, resolve } = Promise.withResolvers();
    this.#waiting.push(resolve);
    if (this.#waiting.length === 1) this.#reader.read((lines, problem) => this.#read(lines, problem));
    return promise;
  }

  #read(lines, problem) {
    if (lines === undefined) {
      this.#isOver = true;
      if (problem !== undefined) {
        this.#stop();
        this.#result = Promise.reject(Object.assign(new Error(`The lines of a command cannot be read: ${problem}`), { code: 'ERR_LINE_TOO_LONG' }));
      }
      for (const resolve of this.#waiting.splice(0)) resolve(this.#end());
      return;
    }
    this.#lines = this.#next < this.#lines.length ? [...this.#lines.slice(this.#next), ...lines] : lines;
    this.#next = 0;
    while (this.#waiting.length > 0 && this.#next < this.#lines.length) this.#waiting.shift()({ value: this.#lines[this.#next++], done: false });
    if (this.#waiting.length > 0) this.#reader.read();
  }

  // #end waits for the command. Its failure is the error of the iteration, once.
  #end() {
    const result = this.#result ?? this.#ended();
    this.#result = Promise.resolve();
    return result.then(() => ({ value: undefined, done: true }));
  }

  // return kills the command: its other lines are not wanted.
  return(value) {
    this.#isOver = true;
    this.#lines = [];
    this.#reader.close();
    const ended = this.#stop();
    this.#result = Promise.resolve();
    return ended.then(() => ({ value, done: true }));
  }

  [Symbol.asyncIterator]() { return this; }

  [Symbol.asyncDispose]() { return this.return().then(() => undefined); }
}

module.exports = { Lines };

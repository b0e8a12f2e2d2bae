'use strict';

// The memory of a line editor: states for undo, and cut texts.

const mostStates = 2048;
const mostCharacters = 1 << 20; // in all states: pasted text has a state for each of its characters
const mostCuts = 32;

// History has the states of a line before its edits, and those that were undone.
class History {
  #before = [];
  #after = [];
  #characters = 0; // of the states before

  // add remembers a state that an edit is about to change.
  add(state) {
    this.#push(state);
    this.#after = [];
  }

  #push(state) {
    this.#before.push(state);
    this.#characters += state.line.length;
    while (this.#before.length > 1 && (this.#before.length > mostStates || this.#characters > mostCharacters)) {
      this.#characters -= this.#before.shift().line.length;
    }
  }

  // undo returns the state before the last edit, undefined if there is none. state is the present one.
  undo(state) {
    const last = this.#before.pop();
    if (last === undefined) return undefined;
    this.#characters -= last.line.length;
    this.#after.push(state);
    return last;
  }

  redo(state) {
    const next = this.#after.pop();
    if (next !== undefined) this.#push(state);
    return next;
  }

  clear() {
    this.#before = [];
    this.#after = [];
    this.#characters = 0;
  }
}

// Cuts are the texts that were deleted up to an end of a line, newest first.
class Cuts {
  #all = [];
  #at = 0; // index of the inserted one

  add(text) {
    if (text === '' || text === this.#all[0]) return;
    this.#all.unshift(text);
    if (this.#all.length > mostCuts) this.#all.pop();
    this.#at = 0;
  }

  get current() { return this.#all[this.#at]; }

  // next makes the cut before the current one the current one, and returns it; undefined if there is none.
  next() {
    if (this.#all.length < 2) return undefined;
    this.#at = (this.#at + 1) % this.#all.length;
    return this.current;
  }
}

module.exports = { Cuts, History };

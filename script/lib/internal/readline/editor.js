'use strict';

// Editor edits the line of an Interface on a terminal: the arrows, what deletes, the history, completion.

const { clearScreenDown, cursorTo, moveCursor } = require('internal/readline/callbacks');
const { Cuts, History } = require('internal/readline/edits');
const { emitKeypressEvents } = require('internal/readline/keypress');
const { StringDecoder } = require('string_decoder');

const blank = /\s/;
const word = /\w/;
const wordAfter = /^(?:\s+|[^\w\s]+|\w+)\s*/;

class Editor {
  #rl;
  #rows = 0; // of the cursor, from the prompt
  #onKeypress;
  #sawReturn = 0;
  #tabs = 0; // pressed in a row
  #begin = null; // beginning of the lines of the history that are searched; null: no search
  #edits = new History();
  #cuts = new Cuts();
  #isPutIn = false; // the last key has inserted a cut, which may be replaced by another
  #known; // the text whose position was computed last: the next one usually has one character more

  constructor(rl) { this.#rl = rl; }

  start() {
    const { input } = this.#rl;
    emitKeypressEvents(input, this.#rl);
    this.#onKeypress = (text, key) => {
      this.write(text, key);
      if (key?.sequence) {
        // A lone half of a surrogate pair cannot be shown, so the terminal shows the whole line.
        const code = key.sequence.codePointAt(0);
        if (code >= 0xd800 && code <= 0xdfff) this.refresh();
      }
    };
    input.on('keypress', this.#onKeypress);
    this.#raw(true);
    this.#rl.historyIndex = -1;
    this.decoder = new StringDecoder('utf8');
  }

  stop() {
    this.#rl.input.removeListener('keypress', this.#onKeypress);
    this.#raw(false);
  }

  #raw(on) {
    const { input } = this.#rl;
    if (typeof input.setRawMode === 'function') input.setRawMode(on);
  }

  // position returns the cursor's position after a text.
  position(text) {
    const { columns, tabSize } = this.#rl;
    const { width: getStringWidth } = require('internal/inspect_layout');
    const known = this.#known;
    let [offset, rows, rest] = [0, 0, text];
    if (known?.columns === columns && text.startsWith(known.text)) {
      ({ offset, rows } = known);
      rest = text.slice(known.text.length);
    }
    for (const character of rest.replace(/\x1b\[[0-9;]*[A-Za-z]/g, '')) {
      if (character === '\n') {
        rows += Math.ceil(offset / columns) || 1;
        offset = 0;
      } else if (character === '\t') {
        offset += tabSize - (offset % tabSize);
      } else {
        const width = getStringWidth(character, false);
        if (width === 2 && (offset + 1) % columns === 0) offset++;
        offset += width;
      }
    }
    // An escape sequence, or a surrogate pair, may continue in the next text.
    this.#known = /\x1b|[\ud800-\udbff]$/.test(rest) ? undefined : { text, columns, offset, rows };
    const cols = columns === Infinity ? offset : offset % columns;
    rows += columns === Infinity ? 0 : (offset - cols) / columns;
    return { cols, rows };
  }

  refresh() {
    const rl = this.#rl;
    const text = rl._prompt + rl.line;
    const all = this.position(text);
    const at = this.position(rl._prompt + rl.line.slice(0, rl.cursor));
    if (this.#rows > 0) moveCursor(rl.output, 0, -this.#rows);
    cursorTo(rl.output, 0);
    clearScreenDown(rl.output);
    rl._writeToOutput(text);
    if (all.cols === 0) rl._writeToOutput(' ');
    cursorTo(rl.output, at.cols);
    if (all.rows > at.rows) moveCursor(rl.output, 0, at.rows - all.rows);
    this.#rows = at.rows;
  }

  // clear starts a new, empty line.
  clear() {
    const rl = this.#rl;
    this.#move(Infinity);
    rl._writeToOutput('\r\n');
    rl.line = '';
    rl.cursor = 0;
    this.#rows = 0;
  }

  write(text, key = {}) {
    const rl = this.#rl;
    key ??= {};
    if (typeof text !== 'string' && text !== undefined && text !== null) text = this.decoder.write(text);
    if (key.name !== 'tab') this.#tabs = 0;
    this.#search(key);
    if (!key.meta || key.name !== 'y') this.#isPutIn = false;
    if (key.name === 'escape') return;
    if (key.sequence === '\x1f' || key.sequence === '\x1e') {
      this.#go(key.sequence === '\x1f' ? this.#edits.undo(this.#state()) : this.#edits.redo(this.#state()));
      return;
    }
    if (key.ctrl && key.shift) {
      if (key.name === 'backspace') this.#cut(-this.#rl.cursor);
      else if (key.name === 'delete') this.#cut(Infinity);
      return;
    }
    if (key.ctrl) {
      if (this.#control(key)) return;
    } else if (key.meta) {
      this.#meta(key);
      return;
    }
    if (this.#sawReturn && key.name !== 'enter') this.#sawReturn = 0;
    switch (key.name) {
      case 'return':
        this.#sawReturn = Date.now();
        this.#line();
        return;
      case 'enter':
        if (this.#sawReturn === 0 || Date.now() - this.#sawReturn > rl.crlfDelay) this.#line();
        this.#sawReturn = 0;
        return;
      case 'backspace': this.#delete(-this.#left()); return;
      case 'delete': this.#delete(this.#right()); return;
      case 'left': this.#move(-this.#left()); return;
      case 'right': this.#move(this.#right()); return;
      case 'home': this.#move(-Infinity); return;
      case 'end': this.#move(Infinity); return;
      case 'up': this.#remember(1); return;
      case 'down': this.#remember(-1); return;
      case 'tab':
        if (typeof rl.completer === 'function') {
          this.#complete(++this.#tabs > 1);
          return;
        }
        break;
    }
    if (typeof text === 'string' && text !== '') this.#insertLines(text);
  }

  #control({ name }) {
    const rl = this.#rl;
    switch (name) {
      case 'c':
        if (rl.listenerCount('SIGINT') > 0) rl.emit('SIGINT');
        else rl._giveUp('Ctrl+C');
        return true;
      case 'd':
        if (rl.cursor === 0 && rl.line === '') rl._giveUp('Ctrl+D');
        else this.#delete(this.#right());
        return true;
      case 'h': this.#delete(-this.#left()); return true;
      case 'u': this.#cut(-rl.cursor); return true;
      case 'k': this.#cut(Infinity); return true;
      case 'y': this.#putIn(); return true;
      case 'a': this.#move(-Infinity); return true;
      case 'e': this.#move(Infinity); return true;
      case 'b': this.#move(-this.#left()); return true;
      case 'f': this.#move(this.#right()); return true;
      case 'n': this.#remember(-1); return true;
      case 'p': this.#remember(1); return true;
      case 'w':
      case 'backspace': this.#delete(-this.#wordBefore()); return true;
      case 'delete': this.#delete(this.#wordAfter()); return true;
      case 'left': this.#move(-this.#wordBefore()); return true;
      case 'right': this.#move(this.#wordAfter()); return true;
      case 'l':
        cursorTo(rl.output, 0, 0);
        clearScreenDown(rl.output);
        this.refresh();
        return true;
      case 'z':
        if (rl.listenerCount('SIGTSTP') > 0) {
          rl.emit('SIGTSTP');
          return true;
        }
        this.#stopProcess();
        return true;
      case 'return':
      case 'enter':
      case undefined:
        return false;
    }
    return true;
  }

  // #stopProcess stops the program as a job of the shell, and redraws the line when it continues.
  #stopProcess() {
    const rl = this.#rl;
    process.once('SIGCONT', () => {
      if (rl.paused) return;
      rl.pause();
      rl.emit('SIGCONT');
      this.#raw(true);
      this.refresh();
      rl.resume();
    });
    this.#raw(false);
    process.kill(process.pid, 'SIGTSTP');
  }

  #meta({ name }) {
    switch (name) {
      case 'b': this.#move(-this.#wordBefore()); break;
      case 'f': this.#move(this.#wordAfter()); break;
      case 'd':
      case 'delete': this.#delete(this.#wordAfter()); break;
      case 'backspace': this.#delete(-this.#wordBefore()); break;
      case 'y': this.#change(); break;
    }
  }

  #state() { return { line: this.#rl.line, cursor: this.#rl.cursor }; }

  #go(state) {
    if (state === undefined) return;
    Object.assign(this.#rl, state);
    this.refresh();
  }

  // #cut deletes text to an end of the line, and keeps it for insertion.
  #cut(n) {
    const { line, cursor } = this.#rl;
    this.#cuts.add(n < 0 ? line.slice(0, cursor) : line.slice(cursor));
    this.#delete(n < 0 ? n : line.length - cursor);
  }

  #putIn() {
    if (this.#cuts.current === undefined) return;
    this.#isPutIn = true;
    this.#insert(this.#cuts.current);
  }

  // #change replaces the inserted cut by the one before it.
  #change() {
    const last = this.#cuts.current;
    const text = this.#isPutIn ? this.#cuts.next() : undefined;
    if (text === undefined) return;
    const rl = this.#rl;
    rl.line = rl.line.slice(0, rl.cursor - last.length) + text + rl.line.slice(rl.cursor);
    rl.cursor += text.length - last.length;
    this.refresh();
  }

  #left() {
    const { line, cursor } = this.#rl;
    if (cursor === 0) return 0;
    return cursor > 1 && line.codePointAt(cursor - 2) > 0xffff ? 2 : 1;
  }

  #right() {
    const { line, cursor } = this.#rl;
    if (cursor >= line.length) return 0;
    return line.codePointAt(cursor) > 0xffff ? 2 : 1;
  }

  // #wordBefore goes back from the cursor: an expression with $ would begin at each place of a long line.
  #wordBefore() {
    const { line, cursor } = this.#rl;
    let at = cursor;
    while (at > 0 && blank.test(line[at - 1])) at--;
    const isWord = at > 0 && word.test(line[at - 1]);
    while (at > 0 && !blank.test(line[at - 1]) && word.test(line[at - 1]) === isWord) at--;
    return cursor - at;
  }

  #wordAfter() { return wordAfter.exec(this.#rl.line.slice(this.#rl.cursor))?.[0].length ?? 0; }

  #move(by) {
    const rl = this.#rl;
    const before = this.position(rl._prompt + rl.line.slice(0, rl.cursor));
    rl.cursor = Math.min(Math.max(0, rl.cursor + by), rl.line.length);
    const after = this.position(rl._prompt + rl.line.slice(0, rl.cursor));
    if (before.rows === after.rows) moveCursor(rl.output, after.cols - before.cols, 0);
    else this.refresh();
  }

  #delete(n) {
    if (n === 0) return;
    const rl = this.#rl;
    this.#edits.add(this.#state());
    const from = Math.min(rl.cursor, rl.cursor + n);
    rl.line = rl.line.slice(0, from) + rl.line.slice(from + Math.abs(n));
    rl.cursor = from;
    this.refresh();
  }

  #insertLines(text) {
    const parts = text.split(/\r\n|\n|\r/);
    parts.forEach((part, i) => {
      if (i > 0) this.#line();
      if (part !== '') this.#insert(part);
    });
  }

  #insert(text) {
    const rl = this.#rl;
    this.#edits.add(this.#state());
    const isAtEnd = rl.cursor === rl.line.length;
    const before = this.position(rl._prompt + rl.line);
    rl.line = isAtEnd ? rl.line + text : rl.line.slice(0, rl.cursor) + text + rl.line.slice(rl.cursor);
    rl.cursor += text.length;
    const after = this.position(rl._prompt + rl.line);
    if (isAtEnd && before.rows === after.rows) rl._writeToOutput(text);
    else this.refresh();
  }

  #line() {
    const rl = this.#rl;
    const line = this.#addHistory();
    this.#edits.clear();
    this.clear();
    rl._onLine(line);
  }

  #addHistory() {
    const rl = this.#rl;
    const { line } = rl;
    if (line === '' || rl.historySize === 0 || line.trim() === '') return line;
    if (rl.history.length === 0 || rl.history[0] !== line) {
      if (rl.removeHistoryDuplicates) {
        const at = rl.history.indexOf(line);
        if (at >= 0) rl.history.splice(at, 1);
      }
      rl.history.unshift(line);
      if (rl.history.length > rl.historySize) rl.history.pop();
    }
    rl.historyIndex = -1;
    const shown = rl.history[0];
    rl.emit('history', rl.history);
    return shown ?? line;
  }

  // #search begins to go through the history with a plain up or down, and ends that with any other key.
  #search({ name, ctrl, meta, shift }) {
    const rl = this.#rl;
    if ((name === 'up' || name === 'down') && !ctrl && !meta && !shift) {
      this.#begin ??= rl.line.slice(0, rl.cursor);
    } else if (this.#begin !== null) {
      this.#begin = null;
      if (rl.historyIndex === rl.history.length) rl.historyIndex = -1;
    }
  }

  // #remember goes up or down in the history, among the lines with the searched beginning. At its ends is the searched
  // text.
  #remember(by) {
    const rl = this.#rl;
    const { history } = rl;
    if (by > 0 ? rl.historyIndex >= history.length || history.length === 0 : rl.historyIndex < 0) return;
    const begin = this.#begin ?? '';
    let at = rl.historyIndex + by;
    while (at >= 0 && at < history.length && (!history[at].startsWith(begin) || history[at] === rl.line)) at += by;
    rl.historyIndex = at;
    rl.line = at < 0 || at === history.length ? begin : history[at];
    rl.cursor = rl.line.length;
    this.refresh();
  }

  #complete(isAgain) {
    const rl = this.#rl;
    const before = rl.line.slice(0, rl.cursor);
    rl.pause();
    const finish = (error, found) => {
      rl.resume();
      if (error) {
        const { inspect } = require('util');
        rl._writeToOutput(`Tab completion error: ${inspect(error)}`);
        return;
      }
      this.#showCompletions(isAgain, found);
    };
    if (rl._completesLater) this.#completeLater(before, finish);
    else if (rl.completer.length === 2) rl.completer(before, finish);
    else finish(null, rl.completer(before));
  }

  async #completeLater(before, finish) {
    let found;
    try {
      found = await this.#rl.completer(before);
    } catch (error) {
      finish(error);
      return;
    }
    finish(null, found);
  }

  #showCompletions(isAgain, found) {
    const rl = this.#rl;
    if (!found || found[0].length === 0) return;
    const [all, part] = found;
    const common = all.filter((one) => one !== '').reduce((shared, one) => {
      let i = 0;
      while (i < shared.length && shared[i] === one[i]) i++;
      return shared.slice(0, i);
    });
    if (common.startsWith(part) && common.length > part.length) {
      this.#insert(common.slice(part.length));
      return;
    }
    if (!part.startsWith(common) && all.length === 1) {
      rl.line = rl.line.slice(0, rl.cursor - part.length) + common + rl.line.slice(rl.cursor);
      rl.cursor += common.length - part.length;
      this.refresh();
      return;
    }
    if (!isAgain) return;
    const { width: getStringWidth } = require('internal/inspect_layout');
    const width = Math.max(...all.map((one) => getStringWidth(one))) + 2;
    const columns = rl.columns === Infinity ? 1 : Math.max(1, Math.floor(rl.columns / width));
    let text = '\r\n';
    let inRow = 0;
    for (const [i, one] of all.entries()) {
      if (one === '') {
        text += inRow > 0 ? '\r\n\r\n' : '\r\n';
        inRow = 0;
        continue;
      }
      text += one;
      if (++inRow < columns && i < all.length - 1 && all[i + 1] !== '') {
        text += ' '.repeat(width - getStringWidth(one));
      } else if (inRow === columns) {
        text += '\r\n';
        inRow = 0;
      }
    }
    if (inRow > 0) text += '\r\n';
    rl._writeToOutput(`${text}\r\n`);
    this.#rows = 0;
    this.refresh();
  }
}

module.exports = { Editor };

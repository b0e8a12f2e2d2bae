'use strict';

// emitKeypressEvents makes 'keypress' events of a terminal's input.

const { StringDecoder } = require('string_decoder');

const kDecoder = Symbol('keypress-decoder');
const kKeys = Symbol('escape-decoder');

// Names of keys by the characters after ESC and [ or O, without modifiers.
const named = {
  'OP': 'f1', 'OQ': 'f2', 'OR': 'f3', 'OS': 'f4', '[P': 'f1', '[Q': 'f2', '[R': 'f3', '[S': 'f4', '[11~': 'f1',
  '[12~': 'f2', '[13~': 'f3', '[14~': 'f4', '[[A': 'f1', '[[B': 'f2', '[[C': 'f3', '[[D': 'f4', '[[E': 'f5',
  '[15~': 'f5', '[17~': 'f6', '[18~': 'f7', '[19~': 'f8', '[20~': 'f9', '[21~': 'f10', '[23~': 'f11', '[24~': 'f12',
  '[200~': 'paste-start', '[201~': 'paste-end', '[A': 'up', '[B': 'down', '[C': 'right', '[D': 'left', '[E': 'clear',
  '[F': 'end', '[H': 'home', 'OA': 'up', 'OB': 'down', 'OC': 'right', 'OD': 'left', 'OE': 'clear', 'OF': 'end',
  'OH': 'home', '[1~': 'home', '[2~': 'insert', '[3~': 'delete', '[4~': 'end', '[5~': 'pageup', '[6~': 'pagedown',
  '[[5~': 'pageup', '[[6~': 'pagedown', '[7~': 'home', '[8~': 'end',
};
const shifted = { '[a': 'up', '[b': 'down', '[c': 'right', '[d': 'left', '[e': 'clear', '[2$': 'insert',
  '[3$': 'delete', '[5$': 'pageup', '[6$': 'pagedown',
  '[7$': 'home', '[8$': 'end', '[Z': 'tab' };
const controlled = { 'Oa': 'up', 'Ob': 'down', 'Oc': 'right', 'Od': 'left', 'Oe': 'clear', '[2^': 'insert',
  '[3^': 'delete', '[5^': 'pageup',
  '[6^': 'pagedown', '[7^': 'home', '[8^': 'end' };

const longestSequence = 32; // characters; a longer sequence is no key

// sequenceOf returns the length of the escape sequence at the beginning of text, 0 if it is incomplete.
function sequenceOf(text) {
  let at = 1;
  while (text[at] === '\x1b' && at < 3) at++;
  if (at < 3 && at >= text.length) return 0;
  if (at > 2) return at; // Three of them are a key.
  if (text[at] !== '[' && text[at] !== 'O') return at + (text.codePointAt(at) > 0xffff ? 2 : 1);
  const kind = text[at++];
  if (kind === 'O') {
    if (/[0-9]/.test(text[at] ?? '')) at++;
    return at < text.length ? at + 1 : 0;
  }
  if (text[at] === '[') at++;
  while (/[0-9;]/.test(text[at] ?? '')) at++;
  if (at >= longestSequence) return at;
  return at < text.length ? at + 1 : 0;
}

function keyOf(text) {
  const key = { sequence: text, name: undefined, ctrl: false, meta: false, shift: false };
  const escapes = /^\x1b*/.exec(text)[0].length;
  const rest = text.slice(escapes);
  if (escapes > 0 && /^[[O]./s.test(rest)) {
    key.code = rest;
    if (escapes > 1) key.meta = true;
    const modified = /^(\[\[?|O)(?:(\d+)(?:;(\d+))?)?([~^$A-Za-z])$/.exec(rest);
    if (modified !== null) {
      let [, head, number = '', modifier, last] = modified;
      if (last >= 'A' && last <= 'Z' && last !== '~' && number !== '' && head !== '[[') {
        if (modifier === undefined) modifier = number;
        number = '';
      }
      key.code = head + number + last;
      const bits = (modifier ?? 1) - 1;
      key.ctrl = Boolean(bits & 4);
      key.meta = key.meta || Boolean(bits & 10);
      key.shift = Boolean(bits & 1);
    }
    const { code } = key;
    if (Object.hasOwn(named, code)) {
      key.name = named[code];
    } else if (Object.hasOwn(shifted, code)) {
      key.name = shifted[code];
      key.shift = true;
    } else if (Object.hasOwn(controlled, code)) {
      key.name = controlled[code];
      key.ctrl = true;
    } else {
      key.name = 'undefined';
    }
    return key;
  }
  if (rest === '') {
    key.name = 'escape';
    key.meta = true;
    return key;
  }
  if (escapes > 0) key.meta = true;
  const code = rest.codePointAt(0);
  if (rest === '\r') key.name = 'return';
  else if (rest === '\n') key.name = 'enter';
  else if (rest === '\t') key.name = 'tab';
  else if (rest === '\b' || rest === '\x7f') key.name = 'backspace';
  else if (rest === ' ') key.name = 'space';
  else if (code <= 0x1a && escapes === 0) {
    key.name = String.fromCharCode(code + 96);
    key.ctrl = true;
  } else if (/^[0-9A-Za-z]$/.test(rest)) {
    key.name = rest.toLowerCase();
    key.shift = /^[A-Z]$/.test(rest);
  } else if (escapes > 0) {
    key.name = undefined;
  }
  return key;
}

class Keys {
  #stream;
  #text = '';

  constructor(stream) { this.#stream = stream; }

  get isPending() { return this.#text !== ''; }

  write(text) {
    text = this.#text + text;
    this.#text = '';
    for (let at = 0, size; at < text.length; at += size) {
      if (text[at] === '\x1b') {
        size = sequenceOf(text.slice(at, at + longestSequence + 1));
        if (size === 0) {
          this.#text = text.slice(at);
          return;
        }
      } else {
        size = text.codePointAt(at) > 0xffff ? 2 : 1;
      }
      this.#emit(text.slice(at, at + size));
    }
  }

  // flush emits an escape that nothing has followed.
  flush() {
    const text = this.#text;
    this.#text = '';
    if (text !== '') this.#emit(text);
  }

  #emit(text) {
    const key = keyOf(text);
    const isCharacter = [...text].length === 1;
    if (key.name !== undefined || isCharacter || key.meta) {
      this.#stream.emit('keypress', isCharacter && text !== '\x1b' ? text : undefined, key);
    }
  }
}

function emitKeypressEvents(stream, iface = {}) {
  if (stream[kDecoder]) return;
  stream[kDecoder] = new StringDecoder('utf8');
  stream[kKeys] = new Keys(stream);
  const flush = () => stream[kKeys].flush();
  let timer;

  function onData(input) {
    if (stream.listenerCount('keypress') === 0) {
      stream.removeListener('data', onData); // There is no listener any more.
      stream.on('newListener', onNewListener);
      return;
    }
    const text = typeof input === 'string' ? input : stream[kDecoder].write(input);
    if (text === '') return;
    clearTimeout(timer);
    iface[kSawKeyPress] = [...text].length === 1;
    stream[kKeys].write(text);
    if (stream[kKeys].isPending) timer = setTimeout(flush, iface.escapeCodeTimeout ?? 500);
  }

  function onNewListener(event) {
    if (event === 'keypress') {
      stream.on('data', onData);
      stream.removeListener('newListener', onNewListener);
    }
  }

  if (stream.listenerCount('keypress') > 0) stream.on('data', onData);
  else stream.on('newListener', onNewListener);
}

const kSawKeyPress = Symbol('sawKeyPress');

module.exports = { emitKeypressEvents };

'use strict';

const { clearLine, clearScreenDown, cursorTo, moveCursor } = require('internal/readline/callbacks');
const { Interface } = require('internal/readline/interface');
const { emitKeypressEvents } = require('internal/readline/keypress');

function createInterface(input, output, completer, terminal) {
  return new Interface(input, output, completer, terminal);
}

module.exports = { Interface, clearLine, clearScreenDown, createInterface, cursorTo, emitKeypressEvents, moveCursor };

Object.defineProperty(module.exports, 'promises', { configurable: true, enumerable: true,
  get: () => require('readline/promises') });

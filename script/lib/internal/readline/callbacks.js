'use strict';

// Functions that move a terminal's cursor and clear parts of it.

const { codes: { ERR_INVALID_ARG_VALUE, ERR_INVALID_CURSOR_POS } } = require('internal/errors');
const { CSI } = require('internal/readline/utils');
const { validateFunction } = require('internal/validators');

function send(stream, text, callback) {
  if (callback !== undefined) validateFunction(callback, 'callback');
  if (stream == null || text === '') {
    if (typeof callback === 'function') process.nextTick(callback, null);
    return true;
  }
  return stream.write(text, callback);
}

function cursorTo(stream, x, y, callback) {
  if (callback !== undefined) validateFunction(callback, 'callback');
  if (typeof y === 'function') [callback, y] = [y, undefined];
  if (Number.isNaN(x)) throw new ERR_INVALID_ARG_VALUE('x', x);
  if (Number.isNaN(y)) throw new ERR_INVALID_ARG_VALUE('y', y);
  if (stream == null || (typeof x !== 'number' && typeof y !== 'number')) return send(stream, '', callback);
  if (typeof x !== 'number') throw new ERR_INVALID_CURSOR_POS();
  return send(stream, typeof y !== 'number' ? CSI`${x + 1}G` : CSI`${y + 1};${x + 1}H`, callback);
}

function moveCursor(stream, dx, dy, callback) {
  let text = '';
  if (dx < 0) text += CSI`${-dx}D`;
  else if (dx > 0) text += CSI`${dx}C`;
  if (dy < 0) text += CSI`${-dy}A`;
  else if (dy > 0) text += CSI`${dy}B`;
  return send(stream, text, callback);
}

// clearLine clears the line left of the cursor if dir < 0, right of it if dir > 0, else all of it.
function clearLine(stream, dir, callback) {
  const text = dir < 0 ? CSI.kClearToLineBeginning : dir > 0 ? CSI.kClearToLineEnd : CSI.kClearLine;
  return send(stream, text, callback);
}

function clearScreenDown(stream, callback) {
  return send(stream, CSI.kClearScreenDown, callback);
}

module.exports = { clearLine, clearScreenDown, cursorTo, moveCursor };

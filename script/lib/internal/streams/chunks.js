'use strict';

// Taking data from the chunks that a Readable holds.

const { Buffer } = require('buffer');
const { codes: { ERR_OUT_OF_RANGE } } = require('internal/errors');

const MAX_HIGH_WATER_MARK = 0x40000000; // bytes: 1 GiB

// markFor returns the next power of two, because slowly growing reads must not raise the mark each time.
function markFor(n) {
  if (n > MAX_HIGH_WATER_MARK) throw new ERR_OUT_OF_RANGE('size', '<= 1GiB', n);
  return n <= 1 ? n : 2 ** (32 - Math.clz32(n - 1));
}

function howMuch(n, state) {
  if (n <= 0 || (state.length === 0 && state.ended)) return 0;
  if (state.objectMode) return 1;
  if (Number.isNaN(n)) return state.flowing && state.length > 0 ? state.buffer[state.bufferIndex].length : state.length;
  if (n <= state.length) return n;
  return state.ended ? state.length : 0;
}

const FEW = 256; // read chunks that may stay in front of the list: moving the others costs more

// take returns n bytes of the buffer, or one object; null if there is none.
function take(n, state) {
  if (state.length === 0) return null;
  const { buffer, objectMode } = state;
  const first = buffer[state.bufferIndex];
  if (objectMode || n === first.length) {
    buffer[state.bufferIndex++] = null;
    trim(state);
    return first;
  }
  if (!n || n >= state.length) {
    const all = state.bufferIndex === 0 ? buffer : buffer.slice(state.bufferIndex);
    state.buffer = [];
    state.bufferIndex = 0;
    if (all.length === 1) return all[0];
    return state.decoder !== null ? all.join('') : Buffer.concat(all, state.length);
  }
  if (n < first.length) {
    buffer[state.bufferIndex] = first.slice(n);
    return first.slice(0, n);
  }
  const parts = [];
  while (n > 0) {
    const chunk = buffer[state.bufferIndex];
    if (chunk.length > n) {
      parts.push(chunk.slice(0, n));
      buffer[state.bufferIndex] = chunk.slice(n);
      break;
    }
    parts.push(chunk);
    n -= chunk.length;
    buffer[state.bufferIndex++] = null;
  }
  trim(state);
  return state.decoder !== null ? parts.join('') : Buffer.concat(parts);
}

// trim removes the chunks before bufferIndex, which were read.
function trim(state) {
  if (state.bufferIndex === state.buffer.length) {
    state.buffer.length = 0;
    state.bufferIndex = 0;
  } else if (state.bufferIndex > FEW) {
    state.buffer.splice(0, state.bufferIndex);
    state.bufferIndex = 0;
  }
}

module.exports = { howMuch, markFor, take };

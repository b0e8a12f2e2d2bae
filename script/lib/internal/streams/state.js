'use strict';

// The high-water marks of streams.

const { codes: { ERR_INVALID_ARG_VALUE } } = require('internal/errors');
const { validateInteger } = require('internal/validators');

let bytes = 64 * 1024;
let objects = 16;

function getDefaultHighWaterMark(objectMode) {
  return objectMode ? objects : bytes;
}

function setDefaultHighWaterMark(objectMode, value) {
  validateInteger(value, 'value', 0);
  if (objectMode) objects = value;
  else bytes = value;
}

// getHighWaterMark returns the mark that the options of a stream set. specific is the option for one side of a duplex.
function getHighWaterMark(state, options, specific, isDuplex) {
  const own = options?.highWaterMark;
  const given = own ?? (isDuplex ? options?.[specific] : undefined);
  if (given == null) return getDefaultHighWaterMark(state.objectMode);
  if (!Number.isInteger(given) || given < 0) {
    throw new ERR_INVALID_ARG_VALUE(own != null ? 'options.highWaterMark' : `options.${specific}`, given);
  }
  return Math.floor(given);
}

module.exports = { getDefaultHighWaterMark, getHighWaterMark, setDefaultHighWaterMark };

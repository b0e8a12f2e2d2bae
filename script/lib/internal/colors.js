'use strict';

// shouldColor reports whether output to a stream may have colors: as the environment says, else if it is a terminal.
function shouldColor(stream) {
  const { env } = process;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  if (env.NODE_DISABLE_COLORS || env.NO_COLOR) return false;
  return stream?.isTTY === true && (typeof stream.getColorDepth !== 'function' || stream.getColorDepth() > 2);
}

module.exports = { shouldColor };

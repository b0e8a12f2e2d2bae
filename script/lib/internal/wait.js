'use strict';

// Atomics.wait. There is one thread, so no other can notify it: it sleeps. Interrupting the host ends it; the engine's
// own wait could not be interrupted.

const { sleep } = internalBinding('host');

module.exports = function wait(array, index, value, timeout) {
  const isWide = array instanceof BigInt64Array;
  if (!isWide && !(array instanceof Int32Array)) {
    throw new TypeError('[object Object] is not an int32 or BigInt64 typed array.');
  }
  if (!(array.buffer instanceof SharedArrayBuffer)) {
    throw new TypeError('[object Int32Array] is not a shared typed array.');
  }
  const wanted = isWide ? BigInt.asIntN(64, BigInt(value)) : value | 0;
  if (Atomics.load(array, index) !== wanted) return 'not-equal';
  const ms = timeout === undefined ? NaN : Number(timeout);
  sleep(Number.isNaN(ms) ? Infinity : Math.max(0, ms));
  return 'timed-out';
};

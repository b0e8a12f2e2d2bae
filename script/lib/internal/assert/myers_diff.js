'use strict';

// The shortest edit script from one list of lines to another, by Myers' algorithm.

const { codes: { ERR_OUT_OF_RANGE } } = require('internal/errors');

const insert = 1; // a line of the actual value alone
const nop = 0;
const remove = -1; // a line of the expected value alone

const mostLines = 2 ** 31;
// the most lines that differ; for more, all lines are reported as different, because memory grows with their square
const mostSteps = 1000;

const isSame = (a, b, ignoreComma) => a === b || (ignoreComma && (`${a},` === b || a === `${b},`));

// myersDiff returns operations as [operation, line], the last first.
function myersDiff(actual, expected, ignoreComma = false) {
  const total = actual.length + expected.length;
  if (total >= mostLines) throw new ERR_OUT_OF_RANGE('myersDiff input size', '< 2^31', total);
  const most = Math.min(total, mostSteps);
  const middle = most + 1;
  const reach = new Int32Array(2 * middle + 1); // the furthest line of actual on each diagonal
  const trace = []; // of the diagonals from -steps - 1 to steps + 1, before each step
  for (let steps = 0; steps <= most; steps++) {
    trace.push(reach.slice(middle - steps - 1, middle + steps + 2));
    for (let k = -steps; k <= steps; k += 2) {
      const at = middle + k;
      let x = k === -steps || (k !== steps && reach[at - 1] < reach[at + 1]) ? reach[at + 1] : reach[at - 1] + 1;
      let y = x - k;
      while (x < actual.length && y < expected.length && isSame(actual[x], expected[y], ignoreComma)) {
        x++;
        y++;
      }
      reach[at] = x;
      if (x >= actual.length && y >= expected.length) return walkBack(trace, actual, expected, ignoreComma);
    }
  }
  return [...expected.map((line) => [remove, line]).reverse(), ...actual.map((line) => [insert, line]).reverse()];
}

function walkBack(trace, actual, expected, ignoreComma) {
  const out = [];
  let x = actual.length;
  let y = expected.length;
  for (let steps = trace.length - 1; steps >= 0; steps--) {
    const reach = (k) => trace[steps][k + steps + 1];
    const k = x - y;
    const from = k === -steps || (k !== steps && reach(k - 1) < reach(k + 1)) ? k + 1 : k - 1;
    const fromX = reach(from);
    const fromY = fromX - from;
    while (x > fromX && y > fromY) {
      const line = actual[x - 1];
      out.push([nop, ignoreComma && !line.endsWith(',') ? expected[y - 1] : line]);
      x--;
      y--;
    }
    if (steps > 0) {
      if (x > fromX) out.push([insert, actual[--x]]);
      else out.push([remove, expected[--y]]);
    }
  }
  return out;
}

module.exports = { insert, myersDiff, nop, remove };

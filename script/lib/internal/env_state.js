'use strict';

// The variables of process.env, and the number of their changes.

const values = Object.assign(Object.create(null), internalBinding('process').environ());
const state = { values, changes: 0, pairs };

let listed = []; // list of NAME=value after that number of changes
let listedChanges = -1;

// pairs returns a list of NAME=value. Reading process.env, which is a proxy, would take much longer.
function pairs() {
  if (listedChanges !== state.changes) {
    listed = Object.keys(values).map((name) => `${name}=${values[name]}`);
    listedChanges = state.changes;
  }
  return listed.slice();
}

module.exports = state;

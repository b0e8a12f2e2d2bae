'use strict';

// What process.env has, and how often it was changed.

const values = Object.assign(Object.create(null), internalBinding('process').environ());
const state = { values, changes: 0, pairs };

let listed = []; // NAME=value of what process.env had after so many changes
let listedChanges = -1;

// pairs returns a list of NAME=value. It takes much longer by way of process.env, which is a proxy.
function pairs() {
  if (listedChanges !== state.changes) {
    listed = Object.keys(values).map((name) => `${name}=${values[name]}`);
    listedChanges = state.changes;
  }
  return listed.slice();
}

module.exports = state;

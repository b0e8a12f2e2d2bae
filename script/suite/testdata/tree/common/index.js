'use strict';
// What our own tests of the suite share. A test fails at its end if a function was not called as often as it must be.

const expected = [];

process.on('exit', (code) => {
  const wrong = expected.filter((one) => one.called !== one.exact);
  for (const one of wrong) {
    console.error(`Mismatched function calls: expected ${one.exact}, actual ${one.called}`);
  }
  if (code === 0 && wrong.length > 0) process.exit(1);
});

function mustCall(fn = () => {}, exact = 1) {
  const one = { exact, called: 0 };
  expected.push(one);
  return (...args) => {
    one.called++;
    return fn(...args);
  };
}

function mustNotCall(message = 'function should not have been called') {
  return () => { throw new Error(message); };
}

function expectsError(code) {
  return mustCall((error) => {
    if (error?.code !== code) throw new Error(`error code is ${error?.code}, not ${code}`);
  });
}

function skip(reason) {
  console.log(`1..0 # Skipped: ${reason}`);
  process.exit(0);
}

module.exports = { mustCall, mustNotCall, expectsError, skip };

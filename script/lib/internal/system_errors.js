'use strict';

// Errors of system calls, by their negative numbers.

const names = new Map(internalBinding('errno').all()); // [name, text] by number
const numbers = new Map([...names].map(([number, [name]]) => [name, number]));

function errnoOf(name) {
  return numbers.get(name);
}

function getSystemErrorName(errno) {
  return names.get(errno)?.[0] ?? `Unknown system error ${errno}`;
}

// errnoException returns the error of a system call that has failed with a negative number.
function errnoException(errno, syscall, detail) {
  const code = getSystemErrorName(errno);
  const error = new Error(detail ? `${syscall} ${code} ${detail}` : `${syscall} ${code}`);
  Object.assign(error, { errno, code, syscall });
  return error;
}

module.exports = { errnoException, errnoOf, getSystemErrorName, names };

'use strict';

// Errors of system calls, by their negative numbers.

const { errnos } = internalBinding('process');

const names = new Map(errnos.map(([name, number, text]) => [-number, [name, text]]));
names.set(-4094, ['UNKNOWN', 'unknown error']);
names.set(-4095, ['EOF', 'end of file']);

function getSystemErrorName(errno) {
  return names.get(errno)?.[0] ?? `Unknown system error ${errno}`;
}

// errnoException returns the error of a system call that has failed with a negative number.
function errnoException(errno, syscall, detail) {
  const [code, text] = names.get(errno) ?? [`Unknown system error ${errno}`, ''];
  const error = new Error(detail ? `${syscall} ${code} ${detail}` : `${syscall} ${code}`);
  Object.assign(error, { errno, code, syscall });
  return error;
}

module.exports = { errnoException, getSystemErrorName, names };

'use strict';

// Errors of sockets: errors of system calls, with the address.

const { getSystemErrorName, names } = require('internal/system_errors');

// withHostPort returns the error of a system call about an address, without the system's text.
function withHostPort(errno, syscall, address, port, additional) {
  const code = getSystemErrorName(errno);
  let where = '';
  if (port && port > 0) where = ` ${address}:${port}`;
  else if (address) where = ` ${address}`;
  if (additional) where += ` - Local (${additional})`;
  return complete(new Error(`${syscall} ${code}${where}`), errno, code, syscall, address, port);
}

// uvWithHostPort is withHostPort with the system's text.
function uvWithHostPort(errno, syscall, address, port) {
  const [code, text] = names.get(errno) ?? [`Unknown system error ${errno}`, ''];
  let where = '';
  if (port && port > 0) where = ` ${address}:${port}`;
  else if (address) where = ` ${address}`;
  return complete(new Error(`${syscall} ${code}: ${text}${where}`), errno, code, syscall, address, port);
}

function complete(error, errno, code, syscall, address, port) {
  error.code = code;
  error.errno = errno;
  error.syscall = syscall;
  error.address = address;
  if (port) error.port = port;
  return error;
}

// dnsException returns the error of a lookup. errno is a name such as ENOTFOUND, or a number.
function dnsException(errno, syscall, hostname) {
  const code = typeof errno === 'string' ? errno : getSystemErrorName(errno);
  const error = new Error(`${syscall} ${code}${hostname ? ` ${hostname}` : ''}`);
  error.errno = typeof errno === 'number' ? errno : undefined;
  error.code = code;
  error.syscall = syscall;
  if (hostname) error.hostname = hostname;
  return error;
}

module.exports = { dnsException, uvWithHostPort, withHostPort };

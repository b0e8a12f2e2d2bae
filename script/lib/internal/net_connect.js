'use strict';

// How a net.Socket connects: it looks up the name, and tries the addresses, those of both families in turns.

const { codes } = require('internal/errors');
const { isIP, defaults, MIN_ATTEMPT_TIMEOUT } = require('internal/net');
const spans = require('internal/perf/spans');
const { withHostPort } = require('internal/socket_errors');
const { Pipe, TCP, constants } = require('internal/stream_handle');
const {
  validateBoolean, validateFunction, validateInt32, validateNumber, validatePort, validateString,
} = require('internal/validators');

const {
  ERR_INVALID_ADDRESS_FAMILY, ERR_INVALID_ARG_TYPE, ERR_INVALID_IP_ADDRESS, ERR_IP_BLOCKED, ERR_MISSING_ARGS,
  ERR_SOCKET_CONNECTION_TIMEOUT,
} = codes;

function hostPort(address, family, port) {
  return family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}

function fail(socket, error) {
  socket.destroy(error);
}

// start connects a socket whose connect was given these options. connected is called with a number and the handle.
function start(socket, options, connected) {
  if (options.path !== undefined && options.path !== null && options.path !== '') {
    validateString(options.path, 'options.path');
    const handle = socket._handle instanceof Pipe ? socket._handle : new Pipe(constants.SOCKET);
    socket._adopt(handle);
    attemptPath(socket, handle, options.path, connected);
    return;
  }
  lookupAndConnect(socket, options, connected);
}

// check checks the arguments of connect before the socket is changed.
function check(options) {
  const { path, port, localAddress, localPort, autoSelectFamily, autoSelectFamilyAttemptTimeout, lookup } = options;
  if (path !== undefined && path !== null && path !== '') return;
  if (port === undefined && (path === undefined || path === null)) {
    throw new ERR_MISSING_ARGS(['options', 'port', 'path']);
  }
  if (localAddress && !isIP(localAddress)) throw new ERR_INVALID_IP_ADDRESS(localAddress);
  if (localPort) validateNumber(localPort, 'options.localPort');
  if (port !== undefined) {
    if (typeof port !== 'number' && typeof port !== 'string') {
      throw new ERR_INVALID_ARG_TYPE('options.port', ['number', 'string'], port);
    }
    validatePort(port);
  }
  if (autoSelectFamily != null) validateBoolean(autoSelectFamily, 'options.autoSelectFamily');
  if (autoSelectFamilyAttemptTimeout != null) {
    validateInt32(autoSelectFamilyAttemptTimeout, 'options.autoSelectFamilyAttemptTimeout', 1);
  }
  if (options.host != null) validateString(options.host, 'options.host');
  if (lookup != null) validateFunction(lookup, 'options.lookup');
}

function wrongFamily(family, { host, port }) {
  return Object.assign(new ERR_INVALID_ADDRESS_FAMILY(family, host, port), { host, port });
}

function lookupAndConnect(socket, options, connected) {
  const { localAddress, localPort } = options;
  const host = options.host || 'localhost';
  const port = options.port | 0;
  const autoSelect = options.autoSelectFamily ?? defaults.autoSelectFamily;
  const timeout = Math.max(options.autoSelectFamilyAttemptTimeout ?? defaults.attemptTimeout, MIN_ATTEMPT_TIMEOUT);
  const to = { socket, port, localAddress, localPort, connected };
  const family = isIP(host);
  if (family !== 0) {
    process.nextTick(() => {
      if (socket.connecting) attempt(to, host, family);
    });
    return;
  }
  const dns = require('dns');
  const wanted = { family: autoSelect && options.family === undefined ? undefined : options.family || 0,
    hints: options.hints || 0 };
  if (wanted.family !== 4 && wanted.family !== 6 && wanted.hints === 0) wanted.hints = dns.ADDRCONFIG;
  socket._host = host;
  const lookup = options.lookup || dns.lookup;
  if (autoSelect && wanted.family !== 4 && wanted.family !== 6 && !localAddress) {
    lookupAll(to, lookup, host, options, wanted, timeout);
    return;
  }
  lookup(host, wanted, (error, ip, addressType) => {
    socket.emit('lookup', error, ip, addressType, host);
    if (!socket.connecting) return;
    if (error) {
      process.nextTick(fail, socket, error);
    } else if (typeof ip !== 'string' || !isIP(ip)) {
      process.nextTick(fail, socket, new ERR_INVALID_IP_ADDRESS(ip));
    } else if (addressType !== 4 && addressType !== 6) {
      process.nextTick(fail, socket, wrongFamily(addressType, options));
    } else {
      socket._unrefTimer();
      attempt(to, ip, addressType);
    }
  });
}

// lookupAll resolves all addresses of a name, and tries them in turns: one of the first's family, then one of the
// other.
function lookupAll(to, lookup, host, options, wanted, timeout) {
  const { socket } = to;
  wanted.all = true;
  lookup(host, wanted, (error, addresses) => {
    if (!socket.connecting) return;
    if (error) {
      socket.emit('lookup', error, undefined, undefined, host);
      process.nextTick(fail, socket, error);
      return;
    }
    const valid = [[], []];
    let first;
    for (const { address, family } of addresses) {
      socket.emit('lookup', error, address, family, host);
      if (!socket.connecting) return;
      if (!isIP(address) || (family !== 4 && family !== 6)) continue;
      first ??= family;
      valid[family === first ? 0 : 1].push({ address, family });
    }
    if (first === undefined) {
      const [{ address, family } = {}] = addresses;
      process.nextTick(fail, socket, isIP(address) ? wrongFamily(family, options) :
        new ERR_INVALID_IP_ADDRESS(address));
      return;
    }
    const turns = [];
    for (let i = 0; i < Math.max(valid[0].length, valid[1].length); i++) {
      for (const list of valid) {
        if (i < list.length) turns.push(list[i]);
      }
    }
    socket._unrefTimer();
    if (turns.length === 1) {
      attempt(to, turns[0].address, turns[0].family);
      return;
    }
    socket.autoSelectFamilyAttemptedAddresses = [];
    attemptNext({ ...to, turns, timeout, next: 0, timer: null, errors: [], current: null });
  });
}

// begin makes a handle connect to an address. It returns the error of an immediate failure.
function begin(to, handle, address, family, done) {
  const { port, localAddress, localPort } = to;
  let from = '';
  if (localAddress || localPort) {
    from = hostPort(localAddress || (family === 6 ? '::' : '0.0.0.0'), family, localPort || 0);
  }
  if (spans.isObserved !== undefined) done = timed(done, address, port);
  const failed = handle.connectTo('tcp', hostPort(address, family, port), from, done);
  if (failed === 0) return undefined;
  if (failed[1] === 'bind') return withHostPort(failed[0], 'bind', localAddress, localPort);
  return connectError(to, failed[0], address);
}

function timed(done, host, port) {
  const start = spans.begin('net');
  return start === undefined ? done : (status) => {
    if (status === 0) spans.end('net', 'connect', start, { host, port });
    done(status);
  };
}

function connectError({ port, localAddress, localPort }, status, address) {
  const details = localAddress && localPort ? `${localAddress}:${localPort}` : undefined;
  const error = withHostPort(status, 'connect', address, port, details);
  if (details) {
    error.localAddress = localAddress;
    error.localPort = localPort;
  }
  return error;
}

function isBlocked(socket, address, family) {
  return socket.blockList?.check(address, `ipv${family}`) === true;
}

function attempt(to, address, family) {
  const { socket, port, connected } = to;
  if (isBlocked(socket, address, family)) {
    socket.destroy(new ERR_IP_BLOCKED(address));
    return;
  }
  const handle = socket._handle instanceof TCP ? socket._handle : new TCP(constants.SOCKET);
  socket._adopt(handle);
  socket.emit('connectionAttempt', address, port, family);
  if (!socket.connecting) return;
  const failure = begin(to, handle, address, family, (status) => {
    if (status === 0) {
      connected(handle);
      return;
    }
    if (socket.destroyed) return;
    const error = connectError(to, status, address);
    socket.emit('connectionAttemptFailed', address, port, family, error);
    socket.connecting = false;
    socket.destroy(error);
  });
  if (failure !== undefined) socket.destroy(failure);
}

function attemptPath(socket, handle, path, connected) {
  socket.emit('connectionAttempt', path, null, null);
  const failed = handle.connectTo('unix', path, '', (status) => {
    if (status === 0) {
      connected(handle);
      return;
    }
    if (socket.destroyed) return;
    socket.connecting = false;
    socket.destroy(withHostPort(status, 'connect', path));
  });
  if (failed !== 0) process.nextTick(fail, socket, withHostPort(failed[0], 'connect', path));
}

// attemptNext tries the next of several addresses. If there is no answer for a while, the following one is tried as
// well.
function attemptNext(context) {
  const { socket, port, turns } = context;
  clearTimeout(context.timer);
  context.timer = null;
  if (!socket.connecting) return;
  while (context.next < turns.length) {
    const { address, family } = turns[context.next++];
    if (isBlocked(socket, address, family)) {
      const error = new ERR_IP_BLOCKED(address);
      context.errors.push(error);
      socket.emit('connectionAttemptFailed', address, port, family, error);
      continue;
    }
    const handle = new TCP(constants.SOCKET);
    socket._adopt(handle);
    context.current = handle;
    socket.autoSelectFamilyAttemptedAddresses.push(`${address}:${port}`);
    socket.emit('connectionAttempt', address, port, family);
    if (!socket.connecting) return;
    const failure = begin(context, handle, address, family,
      (status) => attempted(context, handle, address, family, status));
    if (failure !== undefined) {
      context.errors.push(failure);
      socket.emit('connectionAttemptFailed', address, port, family, failure);
      continue;
    }
    if (context.next < turns.length) {
      context.timer = setTimeout(() => {
        socket.emit('connectionAttemptTimeout', address, port, family);
        if (context.current !== handle) return;
        handle.close();
        context.errors.push(connectError(context, require('internal/system_errors').errnoOf('ETIMEDOUT'), address));
        attemptNext(context);
      }, context.timeout);
    }
    return;
  }
  failAll(context);
}

function attempted(context, handle, address, family, status) {
  const { socket, port } = context;
  clearTimeout(context.timer);
  if (context.current !== handle || !socket.connecting) return;
  if (status === 0) {
    context.current = null;
    context.connected(handle);
    return;
  }
  const error = connectError(context, status, address);
  context.errors.push(error);
  socket.emit('connectionAttemptFailed', address, port, family, error);
  attemptNext(context);
}

function failAll({ socket, errors }) {
  if (!socket.connecting) return;
  if (errors.length === 0) {
    socket.destroy(new ERR_SOCKET_CONNECTION_TIMEOUT());
    return;
  }
  if (errors.length === 1) {
    socket.destroy(errors[0]);
    return;
  }
  const all = new AggregateError(errors);
  all.code = errors[0].code;
  socket.connecting = false;
  socket.destroy(all);
}

module.exports = { check, start };

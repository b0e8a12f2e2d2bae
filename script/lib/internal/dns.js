'use strict';

// Shared by dns and dns/promises: the checks of arguments and the calls of Go. They differ only in how the answer is
// given.

const contexts = require('internal/context_hook');
const { codes } = require('internal/errors');
const { isIP } = require('internal/net');
const { dnsException } = require('internal/socket_errors');
const {
  validateArray, validateBoolean, validateNumber, validateOneOf, validatePort, validateString,
} = require('internal/validators');

const binding = internalBinding('dns');

const {
  ERR_INVALID_ADDRESS, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_INVALID_IP_ADDRESS, ERR_MISSING_ARGS,
} = codes;

const ADDRCONFIG = 32;
const V4MAPPED = 8;
const ALL = 16;

// Node's numbers of getaddrinfo's errors.
const errnos = { ENOTFOUND: -3008, EAI_AGAIN: -3001 };

const errorCodes = {
  NODATA: 'ENODATA', FORMERR: 'EFORMERR', SERVFAIL: 'ESERVFAIL', NOTFOUND: 'ENOTFOUND', NOTIMP: 'ENOTIMP',
  REFUSED: 'EREFUSED', BADQUERY: 'EBADQUERY', BADNAME: 'EBADNAME', BADFAMILY: 'EBADFAMILY', BADRESP: 'EBADRESP',
  CONNREFUSED: 'ECONNREFUSED', TIMEOUT: 'ETIMEOUT', EOF: 'EOF', FILE: 'EFILE', NOMEM: 'ENOMEM',
  DESTRUCTION: 'EDESTRUCTION', BADSTR: 'EBADSTR', BADFLAGS: 'EBADFLAGS', NONAME: 'ENONAME', BADHINTS: 'EBADHINTS',
  NOTINITIALIZED: 'ENOTINITIALIZED', LOADIPHLPAPI: 'ELOADIPHLPAPI', ADDRGETNETWORKPARAMS: 'EADDRGETNETWORKPARAMS',
  CANCELLED: 'ECANCELLED',
};

const orders = ['ipv4first', 'ipv6first', 'verbatim'];
let defaultOrder = orders.find((order) => order === require('internal/options').value('--dns-result-order')) ??
  'verbatim';

function setDefaultResultOrder(order) {
  validateOneOf(order, 'dnsOrder', ['verbatim', 'ipv4first', 'ipv6first']);
  defaultOrder = order;
}

function validateHints(hints) {
  if ((hints & ~(ADDRCONFIG | ALL | V4MAPPED)) !== 0) throw new ERR_INVALID_ARG_VALUE('hints', hints);
}

// lookupOptions checks the second argument of lookup.
function lookupOptions(hostname, options) {
  let family = 0;
  let all = false;
  let order = defaultOrder;
  if (hostname) validateString(hostname, 'hostname');
  if (typeof options === 'number') {
    validateOneOf(options, 'family', [0, 4, 6]);
    family = options;
  } else if (options != null) {
    if (options.hints != null) {
      validateNumber(options.hints, 'options.hints');
      validateHints(options.hints >>> 0);
    }
    if (options.family != null) {
      if (options.family === 'IPv4') {
        family = 4;
      } else if (options.family === 'IPv6') {
        family = 6;
      } else {
        validateOneOf(options.family, 'options.family', [0, 4, 6]);
        family = options.family;
      }
    }
    if (options.all != null) {
      validateBoolean(options.all, 'options.all');
      all = options.all;
    }
    if (options.verbatim != null) {
      validateBoolean(options.verbatim, 'options.verbatim');
      order = options.verbatim ? 'verbatim' : 'ipv4first';
    }
    if (options.order != null) {
      validateOneOf(options.order, 'options.order', orders);
      order = options.order;
    }
  }
  return { family, all, order };
}

function requireHostname(hostname) {
  if (!hostname) throw new ERR_INVALID_ARG_VALUE('hostname', hostname, 'must be a non-empty string');
}

// inOrder sorts addresses by family, if an order is set.
function inOrder(list, order) {
  if (order === 'verbatim') return list;
  const first = order === 'ipv4first' ? 4 : 6;
  return [...list.filter(({ family }) => family === first), ...list.filter(({ family }) => family !== first)];
}

// request returns the callback of a query, as an operation of that type.
function request(type, tell) {
  return contexts.bindRequest === undefined ? tell : contexts.bindRequest(tell, type);
}

// lookup finds the addresses of a name, and calls back with an error or a list of {address, family} on a later tick.
function lookup(hostname, { family, order }, done) {
  const version = isIP(hostname);
  if (version) {
    process.nextTick(done, null, [{ address: hostname, family: version }]);
    return;
  }
  binding.lookup(hostname, family, request('GETADDRINFOREQWRAP', (code, list) => {
    if (code !== null) {
      const error = dnsException(code, 'getaddrinfo', hostname);
      error.errno = errnos[code];
      done(error);
      return;
    }
    done(null, inOrder(list.map((address) => ({ address, family: isIP(address) })), order));
  }));
}

// checkService checks the arguments of lookupService.
function checkService(address, port, n) {
  if (n < 2) throw new ERR_MISSING_ARGS('address', 'port');
  if (isIP(address) === 0) throw new ERR_INVALID_ARG_VALUE('address', address);
  validatePort(port);
}

function lookupService(address, port, done) {
  binding.lookupService(address, +port, request('GETNAMEINFOREQWRAP', (code, answer) => {
    if (code !== null) done(dnsException(code, 'getnameinfo', address));
    else done(null, answer);
  }));
}

const queries = {
  resolve4: 'A', resolve6: 'AAAA', resolveCaa: 'CAA', resolveCname: 'CNAME', resolveMx: 'MX', resolveNaptr: 'NAPTR',
  resolveNs: 'NS', resolvePtr: 'PTR', resolveSoa: 'SOA', resolveSrv: 'SRV', resolveTlsa: 'TLSA', resolveTxt: 'TXT',
  resolveAny: 'ANY',
};

// ask queries records of a kind. servers has the servers to ask, or is empty.
function ask(kind, syscall, name, servers, options, done) {
  binding.resolve(kind, name, servers, request('QUERYWRAP', (code, answer) => {
    if (code !== null) {
      done(dnsException(code, syscall, name));
      return;
    }
    if (kind === 'TXT') answer = answer.map((text) => [text]);
    if ((kind === 'A' || kind === 'AAAA') && options?.ttl) answer = answer.map((address) => ({ address, ttl: 0 }));
    done(null, answer);
  }));
}

// parseServers checks the argument of setServers: addresses with ports or without.
function parseServers(servers) {
  validateArray(servers, 'servers');
  return servers.map((server, i) => {
    validateString(server, `servers[${i}]`);
    if (isIP(server)) return server;
    const six = /^\[([^[\]]*)\](?::(\d+))?$/.exec(server);
    if (six && isIP(six[1]) === 6) return six[2] === undefined || six[2] === '53' ? six[1] : server;
    const four = /^([^:]+):(\d+)$/.exec(server);
    if (four && isIP(four[1])) return four[2] === '53' ? four[1] : server;
    throw new ERR_INVALID_IP_ADDRESS(server);
  });
}

// ResolverBase is what both classes Resolver have.
class ResolverBase {
  #servers = [];

  constructor(options) {
    const { timeout = -1, tries = 4 } = options ?? {};
    const { validateInt32, validateObject } = require('internal/validators');
    if (options !== undefined) validateObject(options, 'options');
    validateInt32(timeout, 'options.timeout', -1);
    validateInt32(tries, 'options.tries', 1);
  }

  getServers() { return this.#servers.length > 0 ? [...this.#servers] : binding.servers(); }
  setServers(servers) { this.#servers = parseServers(servers); }
  setLocalAddress(ipv4, ipv6) {
    validateString(ipv4, 'ipv4');
    if (ipv6 !== undefined) validateString(ipv6, 'ipv6');
    for (const address of [ipv4, ipv6]) {
      if (address !== undefined && !isIP(address)) throw new ERR_INVALID_ADDRESS();
    }
  }
  cancel() {}

  _ask(method, name, options, done) {
    ask(queries[method], method.replace('resolve', 'query'), name, this.#servers, options, done);
  }
  _reverse(ip, done) { ask('reverse', 'getHostByAddr', ip, this.#servers, undefined, done); }
}

// methodOf returns the method that resolve stands for.
function methodOf(rrtype) {
  validateString(rrtype, 'rrtype');
  const found = Object.entries(queries).find(([, kind]) => kind === rrtype);
  if (!found) throw new ERR_INVALID_ARG_VALUE('rrtype', rrtype);
  return found[0];
}

function checkIP(ip) {
  validateString(ip, 'name');
  if (isIP(ip) === 0) {
    const error = dnsException('EINVAL', 'getHostByAddr', ip);
    error.errno = -22;
    throw error;
  }
}

module.exports = {
  ADDRCONFIG, ALL, ResolverBase, V4MAPPED, checkIP, checkService, errorCodes,
  getDefaultResultOrder: () => defaultOrder, lookup, lookupOptions,
  lookupService, methodOf, queries, requireHostname, setDefaultResultOrder, ERR_INVALID_ARG_TYPE,
};

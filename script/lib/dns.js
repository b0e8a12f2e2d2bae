'use strict';

// dns with callbacks.

const {
  ADDRCONFIG, ALL, ResolverBase, V4MAPPED, checkIP, checkService, errorCodes, getDefaultResultOrder, lookup: find,
  lookupOptions, lookupService: name, methodOf, queries, requireHostname, setDefaultResultOrder, ERR_INVALID_ARG_TYPE,
} = require('internal/dns');
const { customPromisifyArgs } = require('internal/util');
const { validateFunction, validateString } = require('internal/validators');

function lookup(hostname, options, callback) {
  if (hostname) validateString(hostname, 'hostname');
  if (typeof options === 'function') {
    callback = options;
    options = undefined;
  } else if (options !== undefined && typeof options !== 'object' && typeof options !== 'number') {
    validateFunction(arguments.length === 2 ? options : callback, 'callback');
    throw new ERR_INVALID_ARG_TYPE('options', ['integer', 'object'], options);
  }
  validateFunction(callback, 'callback');
  const checked = lookupOptions(hostname, options);
  requireHostname(hostname);
  find(hostname, checked, (error, list) => {
    if (error) callback(error);
    else if (checked.all) callback(null, list);
    else callback(null, list[0].address, list[0].family);
  });
  return {};
}
Object.defineProperty(lookup, customPromisifyArgs, { value: ['address', 'family'], enumerable: false });

function lookupService(address, port, callback) {
  if (arguments.length !== 3) {
    throw new (require('internal/errors').codes.ERR_MISSING_ARGS)('address', 'port', 'callback');
  }
  checkService(address, port, arguments.length);
  validateFunction(callback, 'callback');
  name(address, port, (error, answer) => {
    if (error) callback(error);
    else callback(null, answer[0], answer[1]);
  });
  return {};
}
Object.defineProperty(lookupService, customPromisifyArgs, { value: ['hostname', 'service'], enumerable: false });

class Resolver extends ResolverBase {
  resolve(hostname, rrtype, callback) {
    if (typeof rrtype === 'function') {
      callback = rrtype;
      rrtype = 'A';
    }
    return this[methodOf(rrtype)](hostname, callback);
  }

  reverse(ip, callback) {
    checkIP(ip);
    validateFunction(callback, 'callback');
    this._reverse(ip, callback);
    return {};
  }
}

for (const method of Object.keys(queries)) {
  Object.defineProperty(Resolver.prototype, method, {
    value(hostname, options, callback) {
      if (typeof options === 'function') {
        callback = options;
        options = undefined;
      }
      validateString(hostname, 'name');
      validateFunction(callback, 'callback');
      this._ask(method, hostname, options, callback);
      return {};
    },
    writable: true, configurable: true, enumerable: true,
  });
}

const standard = new Resolver();

module.exports = {
  lookup, lookupService, Resolver, getDefaultResultOrder, setDefaultResultOrder, ADDRCONFIG, ALL, V4MAPPED,
  ...errorCodes,
  get promises() { return require('dns/promises'); },
};
for (const method of ['getServers', 'setServers', 'resolve', 'reverse', ...Object.keys(queries)]) {
  module.exports[method] = (...args) => standard[method](...args);
}

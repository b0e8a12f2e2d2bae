'use strict';

// dns with promises.

const {
  ResolverBase, checkIP, checkService, errorCodes, getDefaultResultOrder, lookup: find, lookupOptions,
  lookupService: name, methodOf, queries, requireHostname, setDefaultResultOrder, ERR_INVALID_ARG_TYPE,
} = require('internal/dns');
const { validateString } = require('internal/validators');

// promised returns a promise of the result that start passes to its callback.
function promised(start) {
  return new Promise((resolve, reject) => start((error, value) => (error ? reject(error) : resolve(value))));
}

function lookup(hostname, options) {
  if (hostname) validateString(hostname, 'hostname');
  if (options !== undefined && typeof options !== 'object' && typeof options !== 'number') {
    throw new ERR_INVALID_ARG_TYPE('options', ['integer', 'object'], options);
  }
  const checked = lookupOptions(hostname, options);
  return promised((done) => {
    requireHostname(hostname);
    find(hostname, checked, done);
  }).then((list) => (checked.all ? list : list[0]));
}

function lookupService(address, port) {
  if (arguments.length !== 2) throw new (require('internal/errors').codes.ERR_MISSING_ARGS)('address', 'port');
  checkService(address, port, arguments.length);
  return promised((done) => name(address, port, done)).then(([hostname, service]) => ({ hostname, service }));
}

class Resolver extends ResolverBase {
  resolve(hostname, rrtype = 'A') { return this[methodOf(rrtype)](hostname); }

  reverse(ip) {
    checkIP(ip);
    return promised((done) => this._reverse(ip, done));
  }
}

for (const method of Object.keys(queries)) {
  Object.defineProperty(Resolver.prototype, method, {
    value(hostname, options) {
      validateString(hostname, 'name');
      return promised((done) => this._ask(method, hostname, options, done));
    },
    writable: true, configurable: true, enumerable: true,
  });
}

const standard = new Resolver();

module.exports = { lookup, lookupService, Resolver, getDefaultResultOrder, setDefaultResultOrder, ...errorCodes };
for (const method of ['getServers', 'setServers', 'resolve', 'reverse', ...Object.keys(queries)]) {
  module.exports[method] = (...args) => standard[method](...args);
}

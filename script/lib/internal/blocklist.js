'use strict';

// net.BlockList and net.SocketAddress. Addresses are compared as numbers.

const { codes: { ERR_INVALID_ARG_VALUE, ERR_INVALID_ADDRESS } } = require('internal/errors');
const { customInspectSymbol } = require('internal/util');
const { validateInt32, validateObject, validatePort, validateString, validateUint32 } = require('internal/validators');

const { canonical, ipBytes, isIP } = internalBinding('net');

function versionOf(family) {
  return family === 'ipv6' ? 6 : 4;
}

class SocketAddress {
  #address;
  #port;
  #family;
  #flowlabel;

  static isSocketAddress(value) { return typeof value === 'object' && value !== null && #address in value; }

  // parse returns the address in a text with or without a port, undefined if it is invalid.
  static parse(input) {
    validateString(input, 'input');
    try {
      const { hostname, port } = new (require('internal/url').URL)(`http://${input}`);
      if (hostname.startsWith('[') && hostname.endsWith(']')) {
        return new SocketAddress({ address: hostname.slice(1, -1), port: port | 0, family: 'ipv6' });
      }
      return new SocketAddress({ address: hostname, port: port | 0 });
    } catch {
      return undefined;
    }
  }

  constructor(options = {}) {
    validateObject(options, 'options');
    let { family = 'ipv4' } = options;
    if (typeof family?.toLowerCase === 'function') family = family.toLowerCase();
    if (family !== 'ipv4' && family !== 'ipv6') throw new ERR_INVALID_ARG_VALUE('options.family', options.family);
    const { address = family === 'ipv6' ? '::' : '127.0.0.1', port = 0, flowlabel = 0 } = options;
    validateString(address, 'options.address');
    validatePort(port, 'options.port');
    validateUint32(flowlabel, 'options.flowlabel', false);
    if (isIP(address) !== versionOf(family)) throw new ERR_INVALID_ADDRESS();
    this.#address = canonical(address);
    this.#port = port | 0;
    this.#family = family;
    this.#flowlabel = flowlabel;
  }

  get address() { return this.#address; }
  get port() { return this.#port; }
  get family() { return this.#family; }
  get flowlabel() { return this.#flowlabel; }

  [customInspectSymbol](depth, options) {
    if (depth < 0) return '[SocketAddress]';
    const { inspect } = require('internal/inspect');
    return `SocketAddress ${inspect(this.toJSON(), { ...options, depth: options.depth == null ? null : options.depth - 1 })}`;
  }

  toJSON() {
    return { address: this.#address, port: this.#port, family: this.#family, flowlabel: this.#flowlabel };
  }
}

// numberOf returns an address as a number.
function numberOf(address) {
  let n = 0n;
  for (const byte of ipBytes(address)) n = (n << 8n) | BigInt(byte);
  return n;
}

const MAPPED = 0xffffn << 32n; // the prefix of an IPv4 address in IPv6

function asAddress(address, family) {
  if (SocketAddress.isSocketAddress(address)) return address;
  validateString(address, 'address');
  validateString(family, 'family');
  return new SocketAddress({ address, family });
}

// key returns the number of an address; IPv4 addresses are mapped to IPv6.
function key({ address, family }) {
  return family === 'ipv4' ? MAPPED | numberOf(address) : numberOf(address);
}

class BlockList {
  #ranges = []; // {low, high, text}

  static isBlockList(value) { return typeof value === 'object' && value !== null && #ranges in value; }

  #add(low, high, text) {
    this.#ranges.unshift({ low, high, text });
  }

  addAddress(address, family = 'ipv4') {
    address = asAddress(address, family);
    const n = key(address);
    this.#add(n, n, `Address: ${name(address)} ${address.address}`);
  }

  addRange(start, end, family = 'ipv4') {
    start = asAddress(start, family);
    end = asAddress(end, family);
    const [low, high] = [key(start), key(end)];
    if (low > high) throw new ERR_INVALID_ARG_VALUE('start', start, 'must come before end');
    this.#add(low, high, `Range: ${name(start)} ${start.address}-${end.address}`);
  }

  addSubnet(network, prefix, family = 'ipv4') {
    network = asAddress(network, family);
    const bits = network.family === 'ipv4' ? 32 : 128;
    validateInt32(prefix, 'prefix', 0, bits);
    const size = 1n << BigInt(bits - prefix);
    const low = key(network) / size * size;
    this.#add(low, low + size - 1n, `Subnet: ${name(network)} ${network.address}/${prefix}`);
  }

  check(address, family = 'ipv4') {
    if (!SocketAddress.isSocketAddress(address)) {
      validateString(address, 'address');
      validateString(family, 'family');
      try {
        address = new SocketAddress({ address, family });
      } catch (error) {
        if (error.code === 'ERR_INVALID_ADDRESS') return false;
        throw error;
      }
    }
    const n = key(address);
    return this.#ranges.some(({ low, high }) => low <= n && n <= high);
  }

  get rules() { return this.#ranges.map(({ text }) => text); }

  toJSON() { return this.rules; }

  // fromJSON adds the rules of a list, which may be a JSON text.
  fromJSON(rules) {
    if (typeof rules === 'string') rules = JSON.parse(rules);
    if (!Array.isArray(rules) || !rules.every((rule) => typeof rule === 'string')) {
      throw new (require('internal/errors').codes.ERR_INVALID_ARG_TYPE)('data', ['string', 'string[]'], rules);
    }
    for (const rule of rules) {
      const match = /^(Address|Range|Subnet): (IPv[46]) ([^-/]+)(?:[-/](.+))?$/.exec(rule);
      if (!match) continue;
      const [, kind, version, first, second] = match;
      const family = version.toLowerCase();
      if (kind === 'Address') this.addAddress(first, family);
      else if (kind === 'Range') this.addRange(first, second, family);
      else this.addSubnet(first, Number(second), family);
    }
  }

  [customInspectSymbol](depth, options) {
    if (depth < 0) return '[BlockList]';
    const { inspect } = require('internal/inspect');
    return `BlockList ${inspect({ rules: this.rules }, { ...options, depth: options.depth == null ? null : options.depth - 1 })}`;
  }
}

function name({ family }) {
  return family === 'ipv4' ? 'IPv4' : 'IPv6';
}

module.exports = { BlockList, InternalSocketAddress: SocketAddress, SocketAddress };

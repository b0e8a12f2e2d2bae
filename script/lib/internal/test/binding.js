'use strict';

// The internals that Node's own tests use: parts in JavaScript by Node's names, and the library's own.

const inside = internalBinding('inside');

const most = 2 ** 31 - 1;

const parts = {
  http_parser: () => require('internal/http/parser'),
  js_stream: () => ({ JSStream: class JSStream { _externalStream = inside.external(); } }),
  performance: () => ({ observerCounts: new Uint32Array(8) }),
  pipe_wrap: () => {
    const { Pipe, constants } = require('internal/stream_handle');
    return { Pipe, constants };
  },
  tcp_wrap: () => {
    const { TCP, constants } = require('internal/stream_handle');
    return { TCP, constants };
  },
  udp_wrap: () => require('internal/udp_handle'),
  util: () => ({
    getProxyDetails(value, both = true) {
      const details = inside.proxy(value);
      return details === undefined || both ? details : details[0];
    },
    previewEntries(value, isIterator = false) {
      const found = inside.entries(value, most);
      return found === undefined || isIterator ? found : found[0];
    },
  }),
  uv: () => {
    const { names } = require('internal/system_errors');
    const numbers = {};
    for (const [number, [code]] of names) numbers[`UV_${code}`] = number;
    return { ...numbers, errname: (number) => names.get(number)?.[0] };
  },
};

const made = {};

module.exports = {
  internalBinding(name) {
    return Object.hasOwn(parts, name) ? (made[name] ??= parts[name]()) : internalBinding(name);
  },
};

'use strict';

// A server's socket whose bytes go directly to a parser. A listener of 'data' gets them all the same.

const { codes: { ERR_HTTP_SOCKET_ENCODING } } = require('internal/errors');

function socketSetEncoding() {
  throw new ERR_HTTP_SOCKET_ENCODING();
}

// socketListener calls unconsume before a listener of the socket's data is added.
function socketListener(socket, unconsume) {
  for (const name of ['on', 'addListener', 'prependListener']) {
    const listen = socket[name];
    socket[name] = function (event, listener) {
      if (event === 'data' || event === 'readable') unconsume();
      return listen.call(this, event, listener);
    };
  }
  socket.setEncoding = socketSetEncoding;
}

module.exports = { socketListener };

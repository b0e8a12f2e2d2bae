'use strict';

// A server's socket whose bytes go past it to a parser: who wants to hear of them gets them after all.

const { codes: { ERR_HTTP_SOCKET_ENCODING } } = require('internal/errors');

function socketSetEncoding() {
  throw new ERR_HTTP_SOCKET_ENCODING();
}

// socketListener has unconsume called before somebody listens to the socket's data.
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

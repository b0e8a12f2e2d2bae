'use strict';

const { InternalSocketAddress, SocketAddress } = require('internal/blocklist');

module.exports = { InternalSocketAddress, SocketAddress };

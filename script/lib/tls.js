'use strict';

// There is no tls: what packages look at when they are loaded is here, and what would make a connection throws.

const { unavailable } = require('internal/unavailable');

module.exports = {
  ...unavailable('tls', [
    'TLSSocket', 'Server', 'SecureContext', 'connect', 'convertALPNProtocols', 'checkServerIdentity',
    'createSecureContext', 'createServer',
    'setDefaultCACertificates',
  ]),
  CLIENT_RENEG_LIMIT: 3,
  CLIENT_RENEG_WINDOW: 600,
  DEFAULT_CIPHERS: '',
  DEFAULT_ECDH_CURVE: 'auto',
  DEFAULT_MIN_VERSION: 'TLSv1.2',
  DEFAULT_MAX_VERSION: 'TLSv1.3',
  getCACertificates: () => [],
  getCiphers: () => [],
  rootCertificates: Object.freeze([]),
};

'use strict';

// TLS is not available: the module has the parts that packages read when they are loaded, and functions that connect
// throw.

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

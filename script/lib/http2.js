'use strict';

// HTTP/2 is not available: the module has the constants that packages read when they are loaded, and functions that
// connect throw.

const { unavailable } = require('internal/unavailable');

const constants = {
  NGHTTP2_NO_ERROR: 0, NGHTTP2_PROTOCOL_ERROR: 1, NGHTTP2_INTERNAL_ERROR: 2, NGHTTP2_FLOW_CONTROL_ERROR: 3,
  NGHTTP2_SETTINGS_TIMEOUT: 4, NGHTTP2_STREAM_CLOSED: 5, NGHTTP2_FRAME_SIZE_ERROR: 6, NGHTTP2_REFUSED_STREAM: 7,
  NGHTTP2_CANCEL: 8, NGHTTP2_COMPRESSION_ERROR: 9, NGHTTP2_CONNECT_ERROR: 10, NGHTTP2_ENHANCE_YOUR_CALM: 11,
  NGHTTP2_INADEQUATE_SECURITY: 12, NGHTTP2_HTTP_1_1_REQUIRED: 13,
};
for (const name of [
  ':status', ':method', ':authority', ':scheme', ':path', ':protocol', 'accept', 'accept-charset', 'accept-encoding',
  'accept-language', 'accept-ranges', 'age', 'allow', 'authorization', 'cache-control', 'connection',
  'content-disposition', 'content-encoding', 'content-language', 'content-length', 'content-location',
  'content-range', 'content-type', 'cookie', 'date', 'etag', 'expect', 'expires', 'forwarded', 'from', 'host',
  'http2-settings', 'if-match', 'if-modified-since', 'if-none-match', 'if-range', 'if-unmodified-since', 'keep-alive',
  'last-modified', 'link', 'location', 'max-forwards', 'origin', 'prefer', 'proxy-authenticate',
  'proxy-authorization', 'proxy-connection', 'range', 'referer', 'refresh', 'retry-after', 'server', 'set-cookie',
  'strict-transport-security', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'user-agent', 'vary', 'via',
  'warning', 'www-authenticate',
]) {
  constants[`HTTP2_HEADER_${name.replace(':', '').replaceAll('-', '_').toUpperCase()}`] = name;
}
for (const name of require('http').METHODS) constants[`HTTP2_METHOD_${name.replaceAll('-', '_')}`] = name;
for (const [code, text] of Object.entries(require('http').STATUS_CODES)) {
  constants[`HTTP_STATUS_${text.toUpperCase().replace(/[^A-Z]+/g, '_')}`] = Number(code);
}

module.exports = {
  ...unavailable('http2', [
    'connect', 'createServer', 'createSecureServer', 'getDefaultSettings', 'getPackedSettings', 'getUnpackedSettings',
    'performServerHandshake',
    'Http2ServerRequest', 'Http2ServerResponse',
  ]),
  constants: Object.freeze(constants),
  sensitiveHeaders: Symbol('sensitiveHeaders'),
};

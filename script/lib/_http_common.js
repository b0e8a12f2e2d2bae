'use strict';

const common = require('internal/http/common');

module.exports = {
  ...common, _checkInvalidHeaderChar: common.isInvalidValue, _checkIsHttpToken: common.isToken,
  chunkExpression: require('internal/http/headers').isChunked, CRLF: '\r\n',
};

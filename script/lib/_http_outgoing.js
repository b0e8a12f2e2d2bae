'use strict';

const { uniqueHeaders: parseUniqueHeadersOption } = require('internal/http/headers');
const outgoing = require('internal/http/outgoing');

module.exports = { ...outgoing, parseUniqueHeadersOption };

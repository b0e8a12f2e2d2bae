'use strict';

// What Node has under this name, as far as scripts with --expose-internals want it.

const { inspect } = require('internal/inspect');
const { format, formatWithOptions } = require('internal/format');
const { stripControls, width } = require('internal/inspect_layout');

module.exports = { format, formatWithOptions, getStringWidth: width, inspect, stripVTControlCharacters: stripControls };

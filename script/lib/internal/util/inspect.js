'use strict';

// The part of Node's module of this name that scripts with --expose-internals need.

const { inspect } = require('internal/inspect');
const { format, formatWithOptions } = require('internal/format');
const { stripControls, width } = require('internal/inspect_layout');

module.exports = { format, formatWithOptions, getStringWidth: width, inspect, stripVTControlCharacters: stripControls };

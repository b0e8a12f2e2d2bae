'use strict';

const { $ } = require('internal/dollar/dollar');
const { ProcessError, ProcessOutput } = require('internal/dollar/output');
const { ProcessPromise } = require('internal/dollar/process_promise');
const { quote } = require('internal/dollar/command');

module.exports = { $, ProcessError, ProcessOutput, ProcessPromise, quote };

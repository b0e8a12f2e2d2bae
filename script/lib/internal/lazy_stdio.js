'use strict';

// The getters of process.stdin, stdout and stderr before their first use, by name.

module.exports = {};

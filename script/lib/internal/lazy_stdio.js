'use strict';

// The getters of process.stdin, stdout and stderr before anybody has asked for these, by name.

module.exports = {};

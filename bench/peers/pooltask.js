'use strict';
// The program of the workers of the pools from npm.

const echo = (job) => job;

if (process.argv.includes('workerpool')) {
  require('workerpool').worker({ echo });
} else {
  module.exports = echo;
  module.exports.echo = echo;
}

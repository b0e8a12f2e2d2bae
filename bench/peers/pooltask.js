'use strict';
// What the workers of the pools from npm run.

const echo = (job) => job;

if (process.argv.includes('workerpool')) {
  require('workerpool').worker({ echo });
} else {
  module.exports = echo;
  module.exports.echo = echo;
}

'use strict';

// The library's channels of diagnostics_channel, without loading it: active has the channels with subscribers, by name,
// and is undefined until there is one. A publisher checks it first, and makes no message without a subscriber.

function publish(name, message) {
  module.exports.active.get(name)?.publish(message);
}

module.exports = { active: undefined, publish };

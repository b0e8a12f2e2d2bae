'use strict';

// A cluster: processes of the same script that share servers. What a process has is one side of it.

module.exports = Object.hasOwn(process.env, 'NODE_UNIQUE_ID') ? require('internal/cluster/child') :
  require('internal/cluster/primary');

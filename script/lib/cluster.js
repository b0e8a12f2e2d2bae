'use strict';

// A cluster: processes of the same script that share servers. The module has the primary's side or the worker's.

module.exports = Object.hasOwn(process.env, 'NODE_UNIQUE_ID') ? require('internal/cluster/child') :
  require('internal/cluster/primary');

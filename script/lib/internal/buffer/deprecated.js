'use strict';

// The warning of the constructor Buffer, which Node gives once, and not to modules of others.

const { isInsideNodeModules } = require('internal/node_modules');

let warned = false;

function warn() {
  if (warned || (!isPending() && isInsideNodeModules())) return;
  warned = true;
  process.emitWarning('Buffer() is deprecated due to security and usability issues. Please use the Buffer.alloc(), ' +
    'Buffer.allocUnsafe(), or Buffer.from() methods instead.', 'DeprecationWarning', 'DEP0005', warn);
}

// isPending reports whether pending deprecations are to be warned of, in dependencies as well.
function isPending() {
  return process.execArgv.includes('--pending-deprecation') || process.env.NODE_PENDING_DEPRECATION === '1';
}

module.exports = { warn };

'use strict';

// There is no interactive mode.

const { unavailable } = require('internal/unavailable');

class Recoverable extends SyntaxError {
  constructor(error) {
    super();
    this.err = error;
  }
}

module.exports = {
  ...unavailable('repl', ['start', 'REPLServer', 'isValidSyntax']),
  REPL_MODE_SLOPPY: Symbol('repl-sloppy'),
  REPL_MODE_STRICT: Symbol('repl-strict'),
  Recoverable,
  writer: (value) => require('util').inspect(value),
};

'use strict';

// WeakRef. The engine frees a value with the last reference to it, but the language has a WeakRef
// hold what it was made of, or has told of, until the current job is done.

const { keepForJob } = require('internal/ticks');

const Native = globalThis.WeakRef;

class WeakRef extends Native {
  constructor(target) {
    super(target);
    keepForJob(target);
  }

  deref() {
    const target = super.deref();
    if (target !== undefined) keepForJob(target);
    return target;
  }
}

module.exports = { Native, WeakRef };

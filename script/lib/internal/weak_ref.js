'use strict';

// WeakRef. The engine frees a value with the last strong reference, but the language requires that a WeakRef keeps its
// target until the current job is done, after it was made or dereferenced.

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

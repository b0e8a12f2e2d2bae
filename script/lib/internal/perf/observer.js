'use strict';

// Observers of the timeline. They are called after the running code.

const {
  codes: { ERR_ILLEGAL_CONSTRUCTOR, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_MISSING_ARGS },
} = require('internal/errors');
const { inspect } = require('internal/inspect');
const spans = require('internal/perf/spans');
const { validateFunction, validateObject } = require('internal/validators');

const supported = ['dns', 'function', 'gc', 'http', 'http2', 'mark', 'measure', 'net', 'resource'];

const observers = new Set();
const timeline = []; // marks, measures and resources that have not been cleared
const mostWarned = 1e6; // entries of the timeline
const allowed = Symbol('allowed');
let waiting = false; // a call of the observers is scheduled

const byStart = (a, b) => a.startTime - b.startTime;

class PerformanceObserverEntryList {
  #entries;

  constructor(key, entries) {
    if (key !== allowed) throw new ERR_ILLEGAL_CONSTRUCTOR();
    this.#entries = entries.sort(byStart);
  }

  getEntries() { return [...this.#entries]; }
  getEntriesByType(type) {
    if (arguments.length === 0) throw new ERR_MISSING_ARGS('type');
    return this.#entries.filter((entry) => entry.entryType === `${type}`);
  }
  getEntriesByName(name, type) {
    if (arguments.length === 0) throw new ERR_MISSING_ARGS('name');
    return this.#entries.filter((entry) => entry.name === `${name}` && (type == null || entry.entryType === type));
  }
  [inspect.custom](depth, options) {
    if (depth < 0) return this;
    return `PerformanceObserverEntryList ${inspect(this.#entries, { ...options, depth: options.depth == null ? null : options.depth - 1 })}`;
  }
}

class PerformanceObserver {
  #callback; #types = new Set(); #buffer = []; #kind;

  constructor(callback) {
    validateFunction(callback, 'callback');
    this.#callback = callback;
  }

  static get supportedEntryTypes() { return [...supported]; }

  observe(options = {}) {
    validateObject(options, 'options', { allowArray: true, allowFunction: true });
    const { entryTypes, type, buffered } = options;
    if (entryTypes === undefined && type === undefined) {
      throw new ERR_MISSING_ARGS('options.entryTypes', 'options.type');
    }
    if (entryTypes != null && type != null) {
      throw new ERR_INVALID_ARG_VALUE('options.entryTypes', entryTypes,
        'options.entryTypes can not set with options.type together');
    }
    const kind = entryTypes === undefined ? 'single' : 'multiple';
    this.#kind ??= kind;
    if (kind !== this.#kind) {
      const { DOMException } = require('internal/dom_exception');
      throw new DOMException(`PerformanceObserver can not change to ${kind === 'single' ? 'single' : 'multiple'} observation type`,
        'InvalidModificationError');
    }
    if (kind === 'multiple') {
      if (!Array.isArray(entryTypes)) throw new ERR_INVALID_ARG_TYPE('options.entryTypes', 'string[]', entryTypes);
      this.#types = new Set(entryTypes.filter((one) => supported.includes(one)));
    } else if (supported.includes(type)) {
      this.#types.add(type);
      if (buffered) {
        this.#buffer.push(...timeline.filter((entry) => entry.entryType === type));
        if (this.#buffer.length > 0) wait();
      }
    }
    if (this.#types.size > 0) {
      observers.add(this);
      spans.isObserved = isObserved;
    } else {
      this.disconnect();
    }
  }

  disconnect() {
    observers.delete(this);
    this.#buffer = [];
    this.#types.clear();
    this.#kind = undefined;
  }

  takeRecords() {
    return this.#buffer.splice(0);
  }

  static offer(observer, entry) {
    if (!observer.#types.has(entry.entryType)) return;
    observer.#buffer.push(entry);
    wait();
  }

  static observes(observer, type) { return observer.#types.has(type); }

  static deliver(observer) {
    const list = observer.takeRecords();
    if (list.length > 0) observer.#callback(new PerformanceObserverEntryList(allowed, list), observer);
  }

  [inspect.custom](depth, options) {
    if (depth < 0) return this;
    const shown = { connected: observers.has(this), pending: waiting, entryTypes: [...this.#types],
      buffer: this.#buffer };
    return `PerformanceObserver ${inspect(shown, { ...options, depth: options.depth == null ? null : options.depth - 1 })}`;
  }
}

const { deliver, observes, offer } = PerformanceObserver;
delete PerformanceObserver.deliver;
delete PerformanceObserver.observes;
delete PerformanceObserver.offer;

function isObserved(type) {
  for (const observer of observers) {
    if (observes(observer, type)) return true;
  }
  return false;
}

function wait() {
  if (waiting) return;
  waiting = true;
  setImmediate(() => {
    waiting = false;
    for (const observer of [...observers]) deliver(observer);
  });
}

let isWarned = false;

// add offers an entry to the observers, and adds it to the timeline if keep is set.
function add(entry, keep = true) {
  for (const observer of observers) offer(observer, entry);
  if (!keep) return;
  timeline.push(entry);
  if (timeline.length <= mostWarned || isWarned) return;
  isWarned = true;
  const warning = new Error(`Possible perf_hooks memory leak detected. ${timeline.length} ${entry.entryType} entries added to the global ` +
    'performance entry buffer. Use performance.clearMarks to clear the buffer.');
  warning.name = 'MaxPerformanceEntryBufferExceededWarning';
  warning.entryType = entry.entryType;
  warning.count = timeline.length;
  process.emitWarning(warning);
}

function clear(type, name) {
  let kept = 0;
  for (const entry of timeline) {
    if (entry.entryType !== type || (name !== undefined && entry.name !== `${name}`)) timeline[kept++] = entry;
  }
  timeline.length = kept;
}

module.exports = { PerformanceObserver, PerformanceObserverEntryList, add, byStart, clear, timeline };

'use strict';

// The global performance, over the timeline of internal/perf/observer.

const { codes: { ERR_ILLEGAL_CONSTRUCTOR, ERR_INVALID_THIS, ERR_MISSING_ARGS } } = require('internal/errors');
const { inspect } = require('internal/inspect');
const { validateFunction, validateObject } = require('internal/validators');
const { now, timeOrigin } = require('internal/perf/clock');
const { PerformanceEntry, PerformanceMark, PerformanceNodeEntry, allowed, measure } = require('internal/perf/entries');
const { add, byStart, clear, timeline } = require('internal/perf/observer');
const { EventTarget } = require('internal/event_target');

// Milestones that are unknown have the time of the start.
class PerformanceNodeTiming extends PerformanceEntry {
  constructor() {
    super(allowed, 'node', 'node', 0, 0);
    const value = (of) => ({ enumerable: true, configurable: true, ...of });
    Object.defineProperties(this, {
      name: value({ value: 'node' }), entryType: value({ value: 'node' }), startTime: value({ value: 0 }),
      duration: value({ get: now }),
      nodeStart: value({ value: 0.001 }), v8Start: value({ value: 0.002 }), environment: value({ value: 0.003 }),
      loopStart: value({ get: () => loopStart }), loopExit: value({ get: () => (process._exiting ? now() : -1) }),
      bootstrapComplete: value({ value: 0.004 }), idleTime: value({ value: 0 }),
    });
  }
  toJSON() { return { ...this }; }
}

let loopStart = -1;
setImmediate(() => { loopStart = now(); }).unref();

const nodeTiming = new PerformanceNodeTiming();

function eventLoopUtilization(before, after) {
  const zero = { idle: 0, active: 0, utilization: 0 };
  if (before?.utilization === 0) return zero;
  if (loopStart < 0) return zero;
  const active = after === undefined ? now() - loopStart - (before?.active ?? 0) : before.active - after.active;
  return { idle: 0, active, utilization: active > 0 ? 1 : 0 };
}

// timerify returns a function that adds an entry to the timeline for each of its calls.
function timerify(fn, options = {}) {
  validateFunction(fn, 'fn');
  validateObject(options, 'options');
  const { histogram } = options;
  if (histogram !== undefined) validateObject(histogram, 'options.histogram');
  const tell = (began, args) => {
    const duration = now() - began;
    histogram?.record(Math.ceil(duration * 1e6));
    const entry = new PerformanceNodeEntry(allowed, fn.name, 'function', began, duration, args);
    args.forEach((arg, i) => { entry[i] = arg; });
    add(entry, false);
  };
  function timerified(...args) {
    const began = now();
    const result = new.target ? Reflect.construct(fn, args, fn) : Reflect.apply(fn, this, args);
    if (!new.target && typeof result?.finally === 'function') return result.finally(() => tell(began, args));
    tell(began, args);
    return result;
  }
  return Object.defineProperties(timerified, {
    length: { value: fn.length, configurable: false, enumerable: true },
    name: { value: `timerified ${fn.name}`, configurable: false, enumerable: true },
  });
}

class Performance extends EventTarget {
  constructor(key) {
    if (key !== allowed) throw new ERR_ILLEGAL_CONSTRUCTOR();
    super();
  }

  clearMarks(name) { check(this); clear('mark', name); }
  clearMeasures(name) { check(this); clear('measure', name); }
  clearResourceTimings(name) { check(this); clear('resource', name); }
  getEntries() { check(this); return [...timeline].sort(byStart); }
  getEntriesByName(name, type) {
    check(this);
    if (arguments.length === 0) throw new ERR_MISSING_ARGS('name');
    return timeline.filter((entry) => entry.name === `${name}` &&
      (type === undefined || entry.entryType === type)).sort(byStart);
  }
  getEntriesByType(type) {
    check(this);
    if (arguments.length === 0) throw new ERR_MISSING_ARGS('type');
    return timeline.filter((entry) => entry.entryType === `${type}`).sort(byStart);
  }
  mark(name, options) {
    check(this);
    if (arguments.length === 0) throw new ERR_MISSING_ARGS('name');
    const mark = new PerformanceMark(name, options);
    add(mark);
    return mark;
  }
  measure(name, startOrOptions, endMark) {
    check(this);
    if (arguments.length === 0) throw new ERR_MISSING_ARGS('name');
    const made = measure(name, startOrOptions, endMark, timeline, nodeTiming);
    add(made);
    return made;
  }
  now() { check(this); return now(); }
  setResourceTimingBufferSize() { check(this); }
  get timeOrigin() { check(this); return timeOrigin; }
  toJSON() {
    check(this);
    return { nodeTiming: nodeTiming.toJSON(), timeOrigin, eventLoopUtilization: eventLoopUtilization() };
  }
  [inspect.custom](depth, options) {
    if (depth < 0) return this;
    return `Performance ${inspect({ nodeTiming, timeOrigin }, { ...options, depth: options.depth == null ? null : options.depth - 1 })}`;
  }
}

function check(value) {
  if (!(value instanceof Performance)) throw new ERR_INVALID_THIS('Performance');
}

for (const name of Object.getOwnPropertyNames(Performance.prototype)) {
  if (name !== 'constructor') Object.defineProperty(Performance.prototype, name, { enumerable: true });
}
Object.defineProperties(Performance.prototype, {
  eventLoopUtilization: { value: eventLoopUtilization, configurable: true, enumerable: false, writable: true },
  nodeTiming: { value: nodeTiming, configurable: true, enumerable: false, writable: true },
  markResourceTiming: { value: function markResourceTiming() {}, configurable: true, enumerable: false,
    writable: true },
  timerify: { value: timerify, configurable: true, enumerable: false, writable: true },
  [Symbol.toStringTag]: { value: 'Performance', configurable: true },
});

module.exports = {
  Performance, PerformanceNodeTiming, eventLoopUtilization, performance: new Performance(allowed), timerify,
};

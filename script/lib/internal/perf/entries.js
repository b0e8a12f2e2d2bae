'use strict';

// Entries of the timeline: marks, measures, calls of functions that are timed.

const { codes: { ERR_ILLEGAL_CONSTRUCTOR, ERR_INVALID_ARG_VALUE, ERR_INVALID_THIS, ERR_MISSING_ARGS,
  ERR_PERFORMANCE_INVALID_TIMESTAMP,
  ERR_PERFORMANCE_MEASURE_INVALID_OPTIONS } } = require('internal/errors');
const { inspect } = require('internal/inspect');
const { structuredClone } = require('internal/structured_clone');
const { validateNumber, validateObject } = require('internal/validators');
const { now } = require('internal/perf/clock');

const allowed = Symbol('allowed'); // given by those that may make entries

class PerformanceEntry {
  #name; #type; #start; #duration;

  constructor(key, name, type, start, duration) {
    if (key !== allowed) throw new ERR_ILLEGAL_CONSTRUCTOR();
    this.#name = name;
    this.#type = type;
    this.#start = start;
    this.#duration = duration;
  }

  static #check(value) {
    if (value === null || typeof value !== 'object' || !(#name in value)) {
      throw new ERR_INVALID_THIS('PerformanceEntry');
    }
  }

  get name() { PerformanceEntry.#check(this); return this.#name; }
  get entryType() { PerformanceEntry.#check(this); return this.#type; }
  get startTime() { PerformanceEntry.#check(this); return this.#start; }
  get duration() { PerformanceEntry.#check(this); return this.#duration; }

  [inspect.custom](depth, options) {
    if (depth < 0) return this;
    return `${this.constructor.name} ${inspect(this.toJSON(), { ...options, depth: options.depth == null ? null : options.depth - 1 })}`;
  }

  toJSON() {
    PerformanceEntry.#check(this);
    return { name: this.#name, entryType: this.#type, startTime: this.#start, duration: this.#duration };
  }
}

class PerformanceNodeEntry extends PerformanceEntry {
  constructor(key, name, type, start, duration, detail) {
    super(key, name, type, start, duration);
    this.detail = detail;
  }
  toJSON() { return { ...super.toJSON(), detail: this.detail }; }
}

const detailOf = (options) => (options?.detail == null ? null : structuredClone(options.detail));

const reserved = new Set(['nodeStart', 'v8Start', 'environment', 'loopStart', 'loopExit', 'bootstrapComplete']);

function checkTimestamp(value, name) {
  validateNumber(value, name);
  if (value < 0) throw new ERR_PERFORMANCE_INVALID_TIMESTAMP(value);
}

class PerformanceMark extends PerformanceEntry {
  #detail;

  constructor(name, options) {
    if (arguments.length === 0) throw new ERR_MISSING_ARGS('name');
    name = `${name}`;
    if (reserved.has(name)) throw new ERR_INVALID_ARG_VALUE('name', name);
    if (options != null) validateObject(options, 'options', { allowArray: true, allowFunction: true });
    const start = options?.startTime ?? now();
    checkTimestamp(start, 'startTime');
    super(allowed, name, 'mark', start, 0);
    this.#detail = detailOf(options);
  }

  get detail() { return this.#detail; }
  toJSON() { return { ...super.toJSON(), detail: this.#detail }; }
}

class PerformanceMeasure extends PerformanceEntry {
  #detail;

  constructor(key, name, start, duration, detail) {
    super(key, name, 'measure', start, duration);
    this.#detail = detail;
  }

  get detail() { return this.#detail; }
  toJSON() { return { ...super.toJSON(), detail: this.#detail }; }
}

class PerformanceResourceTiming extends PerformanceEntry {
  constructor(key, name, timing) {
    super(key, name, 'resource', timing.startTime ?? 0, (timing.endTime ?? 0) - (timing.startTime ?? 0));
  }
}

for (const Class of [PerformanceEntry, PerformanceMark, PerformanceMeasure, PerformanceResourceTiming]) {
  for (const name of Object.getOwnPropertyNames(Class.prototype)) {
    if (name !== 'constructor') Object.defineProperty(Class.prototype, name, { enumerable: true });
  }
  Object.defineProperty(Class.prototype, Symbol.toStringTag, { value: Class.name, configurable: true });
}
// timeOf returns the time of a mark, or the one that is given. timing is the process's own.
function timeOf(value, name, timeline, timing) {
  if (typeof value === 'number') {
    checkTimestamp(value, name);
    return value;
  }
  value = `${value}`;
  if (reserved.has(value)) return timing[value];
  const mark = timeline.findLast((entry) => entry.entryType === 'mark' && entry.name === value);
  if (mark !== undefined) return mark.startTime;
  const { DOMException } = require('internal/dom_exception');
  throw new DOMException(`The "${value}" performance mark has not been set`, 'SyntaxError');
}

// measure makes a measure between two marks or times.
function measure(name, startOrOptions, endMark, timeline, timing) {
  name = `${name}`;
  const isOptions = startOrOptions !== null && typeof startOrOptions === 'object';
  const options = isOptions ? startOrOptions : {};
  if (isOptions && Object.keys(options).length > 0) {
    if (endMark !== undefined) throw new ERR_PERFORMANCE_MEASURE_INVALID_OPTIONS('endMark must not be specified');
    if (options.start === undefined && options.end === undefined && options.detail === undefined &&
      options.duration !== undefined) {
      throw new ERR_PERFORMANCE_MEASURE_INVALID_OPTIONS('One of options.start or options.end is required');
    }
    if (options.start !== undefined && options.end !== undefined && options.duration !== undefined) {
      throw new ERR_PERFORMANCE_MEASURE_INVALID_OPTIONS('Must not have options.start, options.end, and options.duration specified');
    }
  }
  const time = (value, what) => timeOf(value, what, timeline, timing);
  let end;
  if (endMark !== undefined) end = time(endMark, 'end');
  else if (options.end !== undefined) end = time(options.end, 'options.end');
  else if (options.start !== undefined && options.duration !== undefined) end = time(options.start, 'start') +
    time(options.duration, 'duration');
  else end = now();
  let start = 0;
  if (options.start !== undefined) start = time(options.start, 'options.start');
  else if (options.duration !== undefined && options.end !== undefined) start =
    end - time(options.duration, 'duration');
  else if (!isOptions && startOrOptions !== undefined) start = time(startOrOptions, 'start');
  return new PerformanceMeasure(allowed, name, start, end - start, detailOf(options));
}

module.exports = {
  PerformanceEntry, PerformanceMark, PerformanceMeasure, PerformanceNodeEntry, PerformanceResourceTiming, allowed,
  measure,
};

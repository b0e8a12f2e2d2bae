'use strict';

// Histograms of whole numbers. Each value is kept with three digits, as many values as there may be.

const { codes: { ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE } } = require('internal/errors');
const { inspect } = require('internal/inspect');
const { validateInteger, validateNumber, validateObject } = require('internal/validators');
const { now } = require('internal/perf/clock');

const none = 9223372036854776000; // the least value of a histogram without any

const digits = 3;

// rounded returns a value with as many digits as are kept.
function rounded(value) {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(value)) - digits);
  return Math.round(value / step) * step;
}

class Histogram {
  #counts = new Map();
  #min = none; #max = 0; #sum = 0; #squares = 0; #count = 0; #exceeds = 0;

  get count() { return this.#count; }
  get countBigInt() { return BigInt(this.#count); }
  get exceeds() { return this.#exceeds; }
  get min() { return this.#min; }
  get minBigInt() { return BigInt(this.#min); }
  get max() { return this.#max; }
  get maxBigInt() { return BigInt(this.#max); }
  get mean() { return this.#sum / this.#count; }
  get stddev() { return Math.sqrt(this.#squares / this.#count - this.mean ** 2); }
  get percentiles() {
    const all = new Map();
    if (this.#count === 0) return all.set(100, 0);
    for (const p of [0, 50, 75, 87.5, 93.75, 96.875, 98.4375, 99.21875, 100]) {
      all.set(p, this.percentile(Math.max(p, 1e-9)));
    }
    return all;
  }
  get percentilesBigInt() { return new Map([...this.percentiles].map(([p, value]) => [p, BigInt(value)])); }

  percentile(p) {
    validateNumber(p, 'percentile');
    if (!(p > 0 && p <= 100)) throw new ERR_OUT_OF_RANGE('percentile', '> 0 && <= 100', p);
    let left = Math.max(1, Math.ceil((p / 100) * this.#count));
    let last = 0;
    for (const value of [...this.#counts.keys()].sort((a, b) => a - b)) {
      last = value;
      left -= this.#counts.get(value);
      if (left <= 0) break;
    }
    return last;
  }
  percentileBigInt(p) { return BigInt(this.percentile(p)); }

  reset() {
    this.#counts.clear();
    this.#min = none;
    this.#max = this.#sum = this.#squares = this.#count = this.#exceeds = 0;
  }

  static record(histogram, value) {
    const kept = rounded(value);
    histogram.#counts.set(kept, (histogram.#counts.get(kept) ?? 0) + 1);
    histogram.#min = Math.min(histogram.#min, value);
    histogram.#max = Math.max(histogram.#max, value);
    histogram.#sum += value;
    histogram.#squares += value * value;
    histogram.#count++;
  }

  static add(histogram, other) {
    for (const [value, count] of other.#counts) for (let i = 0; i < count; i++) Histogram.record(histogram, value);
  }

  static is(value) { return value !== null && typeof value === 'object' && #counts in value; }

  toJSON() {
    const { min, max, mean, exceeds, stddev, count, percentiles } = this;
    return { min, max, mean, exceeds, stddev, count, percentiles: Object.fromEntries(percentiles) };
  }

  [inspect.custom](depth, options) {
    if (depth < 0) return this;
    const { min, max, mean, exceeds, stddev, count, percentiles } = this;
    const shown = { min, max, mean, exceeds, stddev, count, percentiles };
    return `Histogram ${inspect(shown, { ...options, depth: options.depth == null ? null : options.depth - 1 })}`;
  }
}

const { add, is, record } = Histogram;
for (const name of ['add', 'is', 'record']) delete Histogram[name];

class RecordableHistogram extends Histogram {
  #since;

  record(value) {
    if (typeof value === 'bigint') value = Number(value);
    else if (typeof value !== 'number') throw new ERR_INVALID_ARG_TYPE('val', ['integer', 'bigint'], value);
    validateInteger(value, 'val', 1);
    record(this, value);
  }
  recordDelta() {
    const time = now();
    if (this.#since !== undefined) record(this, Math.max(1, Math.round((time - this.#since) * 1e6)));
    this.#since = time;
  }
  add(other) {
    if (!is(other)) throw new ERR_INVALID_ARG_TYPE('other', 'RecordableHistogram', other);
    add(this, other);
  }
}

class IntervalHistogram extends Histogram {
  #timer; #resolution;

  constructor(resolution) {
    super();
    this.#resolution = resolution;
  }
  enable() {
    if (this.#timer !== undefined) return false;
    let before = now();
    this.#timer = setInterval(() => {
      const time = now();
      record(this, Math.max(1, Math.round((time - before) * 1e6)));
      before = time;
    }, this.#resolution).unref();
    return true;
  }
  disable() {
    if (this.#timer === undefined) return false;
    clearInterval(this.#timer);
    this.#timer = undefined;
    return true;
  }
}

function createHistogram(options = {}) {
  validateObject(options, 'options');
  const { lowest = 1, highest = Number.MAX_SAFE_INTEGER, figures = digits } = options;
  if (typeof lowest !== 'bigint') validateInteger(lowest, 'options.lowest', 1, Number.MAX_SAFE_INTEGER);
  if (typeof highest !== 'bigint') {
    validateInteger(highest, 'options.highest', 2 * Number(lowest), Number.MAX_SAFE_INTEGER);
  }
  validateInteger(figures, 'options.figures', 1, 5);
  return new RecordableHistogram();
}

function monitorEventLoopDelay(options = {}) {
  validateObject(options, 'options');
  const { resolution = 10 } = options;
  validateInteger(resolution, 'options.resolution', 1);
  return new IntervalHistogram(resolution);
}

module.exports = { createHistogram, monitorEventLoopDelay };

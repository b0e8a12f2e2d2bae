'use strict';

// The entries that the library makes for observers: connections and requests. isObserved is undefined until a script
// observes anything; the library checks it first, and measures nothing without an observer.

// begin returns the time, undefined without an observer of entries of that type.
function begin(type) {
  return module.exports.isObserved(type) ? require('internal/perf/clock').now() : undefined;
}

// end adds an entry for what began at that time.
function end(type, name, start, detail) {
  const { PerformanceNodeEntry, allowed } = require('internal/perf/entries');
  const { now } = require('internal/perf/clock');
  require('internal/perf/observer').add(new PerformanceNodeEntry(allowed, name, type, start, now() - start, detail),
    false);
}

// endRequest adds an entry for a request and its answer.
function endRequest(name, start, { method, url, headers }, { statusCode, statusMessage }, answered) {
  end('http', name, start, { req: { method, url, headers }, res: { statusCode, statusMessage, headers: answered } });
}

module.exports = { begin, end, endRequest, isObserved: undefined };

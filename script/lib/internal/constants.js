'use strict';

// The signals of the system: numbers by name, and names by number.

const { codes: { ERR_UNKNOWN_SIGNAL } } = require('internal/errors');

const signals = internalBinding('process').signals();

const names = new Map(Object.entries(signals).map(([name, number]) => [number, name]).reverse());

// signalNumber returns the number of a signal that may be a name.
function signalNumber(signal) {
  if (typeof signal === 'number' && names.has(signal)) return signal;
  if (typeof signal === 'string') {
    if (Object.hasOwn(signals, signal)) return signals[signal];
    const upper = signal.toUpperCase();
    if (Object.hasOwn(signals, upper)) return signals[upper];
  }
  throw new ERR_UNKNOWN_SIGNAL(signal);
}

module.exports = { signalName: (number) => names.get(number), signalNumber, signals };

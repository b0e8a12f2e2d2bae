'use strict';

// The flags of the program, including those of NODE_OPTIONS.

const { flags } = internalBinding('host');

const values = new Map(); // lists of values by name

for (const flag of flags) {
  const at = flag.indexOf('=');
  const name = at < 0 ? flag : flag.slice(0, at);
  const value = at < 0 ? true : flag.slice(at + 1);
  if (values.has(name)) values.get(name).push(value);
  else values.set(name, [value]);
}

// has reports whether a flag is set, and no later one unsets it.
function has(name) {
  const off = `--no-${name.slice(2)}`;
  if (!values.has(name)) return false;
  return !values.has(off) || flags.lastIndexOf(name) > flags.lastIndexOf(off);
}

// isOff reports whether a flag that is on by default was unset.
function isOff(name) {
  const off = `--no-${name.slice(2)}`;
  return values.has(off) && flags.lastIndexOf(off) > flags.lastIndexOf(name);
}

module.exports = { all: (name) => values.get(name) ?? [], has, isOff, value: (name) => values.get(name)?.at(-1) };

'use strict';

// $: commands of a shell as tagged templates.

const { codes: { ERR_INVALID_ARG_TYPE } } = require('internal/errors');
const { templateOf } = require('internal/dollar/command');
const { names, put } = require('internal/dollar/options');
const { ProcessPromise } = require('internal/dollar/process_promise');

const optionsOf = new WeakMap(); // of a $

// settings has the default options. Each $ inherits from it, and its options are properties, which hold for later
// commands.
const settings = Object.create(Function.prototype, Object.fromEntries(names.map((name) => [name, {
  get() { return optionsOf.get(this)?.[name]; },
  set(value) { put(optionsOf.get(this), name, value); },
  enumerable: true, configurable: true,
}])));

// make returns a $ with the options of another, some of them changed.
function make(inherited, own) {
  const options = Object.create(inherited);
  for (const [name, value] of Object.entries(own)) put(options, name, value);
  const $ = (strings, ...values) => {
    const template = templateOf(strings);
    if (template !== undefined) return new ProcessPromise(template, values, options);
    if (strings === null || typeof strings !== 'object' || Array.isArray(strings)) {
      throw new ERR_INVALID_ARG_TYPE('command', ['a template, as in $`ls`', 'Object'], strings);
    }
    return make(options, strings);
  };
  Object.setPrototypeOf($, settings);
  optionsOf.set($, options);
  return $;
}

module.exports = { $: make(null, {}) };

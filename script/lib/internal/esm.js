'use strict';

// ES modules, as far as JavaScript has to do with them: Go resolves and loads them.

const { codes: { ERR_REQUIRE_ASYNC_MODULE, ERR_REQUIRE_CYCLE_MODULE } } = require('internal/errors');

const modules = internalBinding('modules');

const EVALUATING = 3;

const required = new Map(); // results of require, by URL

// initializeMeta fills import.meta.
function initializeMeta(meta, url, filename, isMain) {
  if (filename !== '') {
    meta.dirname = modules.dirname(filename);
    meta.filename = filename;
  }
  meta.main = isMain;
  meta.resolve = function resolve(specifier) {
    try {
      return modules.resolveImport(String(specifier), url);
    } catch (error) {
      if (Object.hasOwn(error, 'url')) return error.url; // It may be missing.
      throw error;
    }
  };
  meta.url = url;
}

function run(url, text) {
  const [promise, namespace] = modules.evaluate(url, text);
  const state = modules.promiseState(promise);
  if (state === 'fulfilled') return namespace;
  let reason;
  promise.catch((error) => { reason = error; }); // Thrown below, so it counts as handled.
  if (state === 'pending') throw new ERR_REQUIRE_ASYNC_MODULE();
  throw internalBinding('inside').promise(promise)[1];
}

// requireModule returns the result of require for an ES module.
function requireModule(filename, parent) {
  const url = modules.fileURL(filename);
  if (required.has(url)) return required.get(url);
  if (modules.moduleStatus(url) === EVALUATING) {
    throw new ERR_REQUIRE_CYCLE_MODULE(`require() ES Module ${filename}`, parent?.filename,
      ' A cycle involving require(esm) is not allowed to ' +
      'maintain invariants mandated by the ECMAScript specification. Try making at least part of the dependency in the graph lazily loaded.');
  }
  const cycle = modules.cycle(url);
  if (cycle !== undefined) {
    throw new ERR_REQUIRE_CYCLE_MODULE(`import Module ./${cycle[0].split('/').at(-1)}`, cycle[1]);
  }
  if (modules.hasAwait(url)) throw new ERR_REQUIRE_ASYNC_MODULE(filename, parent?.filename);
  const namespace = run(url);
  let result = namespace;
  if (Object.hasOwn(namespace, 'module.exports')) {
    result = namespace['module.exports'];
  } else if (Object.hasOwn(namespace, 'default') && !Object.hasOwn(namespace, '__esModule')) {
    // Compiled code checks __esModule before it takes the default.
    const name = JSON.stringify(url);
    result =
      run(`node:required/${url}`,
      `export * from ${name}; export { default } from ${name}; export const __esModule = true;`);
  }
  required.set(url, result);
  return result;
}

module.exports = { initializeMeta, requireModule };

'use strict';

// Runs the program's script: a file, or a text.

const { Module } = require('internal/cjs');
const options = require('internal/options');

const modules = internalBinding('modules');

let main; // the promise of the main module, if that is an ES module

// run is called by Go with 'file' and a path, with 'check' and a path, or with 'text', a source,
// its format and whether its value is to be printed.
function run(what, ...args) {
  applyOptions();
  if (what === 'file' && options.has('--test')) {
    args = [require('internal/test_runner/files').run(process.argv.slice(1))];
  }
  const how = { check: checkFile, file: runFile, text: runText }[what];
  preload(() => how(...args));
}

// applyOptions sets the properties of process that flags change.
function applyOptions() {
  const limit = options.value('--stack-trace-limit');
  if (limit !== undefined) Error.stackTraceLimit = +limit;
  for (const [flag, name] of [['--throw-deprecation', 'throwDeprecation'], ['--trace-deprecation', 'traceDeprecation'],
    ['--trace-warnings', 'traceProcessWarnings']]) {
    if (options.has(flag)) process[name] = true;
  }
  if (options.isOff('--deprecation')) process.noDeprecation = true;
  const title = options.value('--title');
  if (title !== undefined) process.title = title;
  for (const [flag, mayMiss] of [['--env-file', false], ['--env-file-if-exists', true]]) {
    for (const file of options.all(flag)) loadEnvironment(file, mayMiss);
  }
}

function loadEnvironment(file, mayMiss) {
  try {
    process.loadEnvFile(file);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    if (mayMiss) return;
    internalBinding('stdio').writeSync(2, `${process.argv0}: ${file}: not found\n`);
    internalBinding('host').reallyExit(9);
  }
}

// preload loads what --require and --import name, and then goes on.
function preload(then) {
  const parent = internalModule('internal/preload');
  for (const request of options.all('--require')) Module._load(request, parent, false);
  const imports = options.all('--import');
  if (imports.length === 0) {
    then();
    return;
  }
  const base = modules.fileURL(`${process.cwd()}/`);
  const text =
    imports.map((specifier) => `await import(${JSON.stringify(modules.resolveImport(specifier, base))});`).join('\n');
  main = modules.importMain('node:preload', text).then(then);
}

function internalModule(id) {
  const module = new Module(id, null);
  module.filename = null;
  module.path = process.cwd();
  module.paths = Module._nodeModulePaths(process.cwd());
  return module;
}

function runFile(path) {
  if (options.value('--input-type') !== undefined) {
    throw new (require('internal/errors').codes.ERR_INPUT_TYPE_NOT_ALLOWED)();
  }
  let filename;
  if (/^file:/.test(path) && options.has('--entry-url')) filename = require('internal/file_url').fileURLToPath(path);
  filename = Module._resolveFilename(filename ?? modules.absolute(path), null, true);
  process.argv[1] = filename;
  const [format, said] = modules.format(filename);
  if (format === 'module') {
    importMain(filename);
    return;
  }
  Module.runMain(filename, said);
}

// importMain runs a file that is an ES module.
function importMain(filename) {
  main = modules.importMain(modules.fileURL(filename), undefined, true);
}

function checkFile(path) {
  const filename = Module._resolveFilename(modules.absolute(path), null, true);
  const source = modules.source(filename);
  const [format, said] = modules.format(filename);
  checkSource(source, filename, format === 'module' ? 'module' : 'commonjs', said);
}

function checkSource(source, name, format, said) {
  if (format === 'module') {
    modules.checkModule(source, name);
    return;
  }
  try {
    modules.checkScript(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, name);
  } catch (error) {
    if (said || !modules.isModule(source, name)) throw error;
  }
}

let text; // the script, if it is no file

function runText(source, given, print, name, checkOnly) {
  text = source;
  let type = given || options.value('--input-type') || '';
  if (!['', 'commonjs', 'module', 'commonjs-typescript', 'module-typescript'].includes(type)) {
    const { codes: { ERR_INVALID_ARG_VALUE } } = require('internal/errors');
    throw new ERR_INVALID_ARG_VALUE('--input-type', type,
      "must be 'module', 'commonjs', 'module-typescript' or 'commonjs-typescript'");
  }
  if (name === '[eval]') process._eval = source;
  if (type.endsWith('-typescript')) {
    source = modules.strip(source, name);
    type = type.slice(0, -'-typescript'.length);
  }
  if (checkOnly) {
    checkSource(source, name, type, type !== '');
    return;
  }
  addBuiltins();
  if (type === 'module') {
    importText(source, print, name);
    return;
  }
  const module = new Module(name);
  module.filename = `${process.cwd()}/${name}`;
  module.paths = Module._nodeModulePaths(process.cwd());
  Object.assign(globalThis, {
    module, exports: module.exports, require: require('internal/cjs').makeRequire(module), __filename: name,
    __dirname: '.',
  });
  nameModules();
  let value;
  try {
    value = modules.runScript(source, name);
  } catch (error) {
    if (type !== '' || !(error instanceof SyntaxError) || !mayBeModule(source) || !cannotBeRead(source, name) ||
      !modules.isModule(source, name)) {
      throw error;
    }
    importText(source, print, name);
    return;
  }
  if (print) console.log(value);
}

// modules that a program without cryptography cannot load
const withCrypto = new Set(['crypto', 'http2', 'https', 'tls']);

// addBuiltins lets a text that is no file use modules of the library as global variables. The text may declare
// variables of the same names.
function addBuiltins() {
  // one object for all, because making one for each takes time
  const descriptor = { get: undefined, set: undefined, enumerable: false, configurable: true };
  for (const id of Module.builtinModules) {
    if (/^_|[/:]/.test(id) || Object.hasOwn(globalThis, id) ||
      (withCrypto.has(id) && process.versions.openssl === undefined)) {
      continue;
    }
    const be = (value) => {
      Object.defineProperty(globalThis, id, { value, writable: true, enumerable: true, configurable: true });
      return value;
    };
    descriptor.get = () => {
      const value = require(id);
      Object.defineProperty(globalThis, id, { get: () => value, set: be, enumerable: false, configurable: true });
      return value;
    };
    descriptor.set = be;
    Object.defineProperty(globalThis, id, descriptor);
  }
}

function cannotBeRead(source, name) {
  try {
    modules.checkScript(source, name);
  } catch {
    return true;
  }
  return false;
}

const mayBeModule = (source) => /\b(import|export|await)\b/.test(source);

function importText(source, print, name) {
  if (print) {
    throw new (require('internal/errors').codes.ERR_EVAL_ESM_CANNOT_PRINT)();
  }
  main = modules.importMain(`${modules.fileURL(`${process.cwd()}/`)}${name}1`.replace(']1', '1]'), source, true);
}

// isUnsettled reports whether the main module is still pending.
function isUnsettled() {
  return main !== undefined && modules.promiseState(main) === 'pending';
}

// nameModules lets a text, which seldom uses require, use the modules of the library by their names.
function nameModules() {
  for (const id of Module.builtinModules) {
    if (id in globalThis || !/^[a-z]\w*$/.test(id)) continue;
    const define = (value) => Object.defineProperty(globalThis, id,
      { value, writable: true, enumerable: false, configurable: true });
    Object.defineProperty(globalThis, id, {
      get() {
        const value = require('internal/cjs').getBuiltin(id);
        define(value);
        return value;
      },
      set: define, enumerable: false, configurable: true,
    });
  }
}

module.exports = { givenText: () => text, importMain, isUnsettled, run };
